"""What judges are asked about a run, and what is made of their answers; nothing here is started."""
