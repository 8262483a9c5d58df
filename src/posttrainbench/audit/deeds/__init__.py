"""What the agent did, step by step, in one vocabulary for all CLIs; and the programs it wrote."""
