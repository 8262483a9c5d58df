"""Does the model know the test items by heart?  Texts to score, and what the scores mean."""
