"""An agent's output stream on its way to records: timestamps, redaction, caps."""
