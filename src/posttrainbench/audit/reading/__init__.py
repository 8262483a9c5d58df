"""The text of any file that may hold training data, whatever its format."""
