"""Was the submission made from the given base model?"""
