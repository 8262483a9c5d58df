"""Do the benchmark's items stand in what the model was trained on?"""
