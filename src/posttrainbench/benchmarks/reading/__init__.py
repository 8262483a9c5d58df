"""What an answer says: its last number, its choice, its function call; whether that is right."""
