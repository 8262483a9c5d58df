"""The scripts that the scripted agents run inside the sandbox, as an agent would write them."""
