"""From records to a score: cells, penalties, weights.  Pure functions, no files but records."""
