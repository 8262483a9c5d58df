"""A small base model, scripted agents and a small cell: the benchmark on a laptop, without keys."""
