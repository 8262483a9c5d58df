"""What an answer says: its last number, its choice, its function call; and whether that is right."""
