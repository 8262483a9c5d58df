"""What the agent did: read from its commands and its programs, never run."""
