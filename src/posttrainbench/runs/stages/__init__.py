"""One module a stage.  A stage reads its inputs from the run directory, writes its outputs under a
temporary name and renames; it may be started again after a crash at any point."""
