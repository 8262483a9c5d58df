"""An agent's output: on its way to the disk (redacted, capped), and read again as events."""
