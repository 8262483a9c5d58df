"""From an agent's output stream to records: timestamps, redaction, caps; later ATIF trajectories."""
