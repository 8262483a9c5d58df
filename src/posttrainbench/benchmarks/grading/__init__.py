"""Open answers: what a grader is asked, how its words are read, who tries to talk to it."""
