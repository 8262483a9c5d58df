"""The parts of the stage `solve`: keys, the private home, one attempt, and what comes after it."""
