"""What the trace and the programs show of how the agent worked; a module for each topic."""
