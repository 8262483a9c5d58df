"""The life of one run: the agent's desk, the stages, the worker that goes through them."""
