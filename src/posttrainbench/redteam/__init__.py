"""Cheats and honest runs that are played as whole runs, to measure the audit and the judges."""
