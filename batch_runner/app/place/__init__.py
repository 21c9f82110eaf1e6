"""Where a sheet's things are, whose they are, and who else may be at work on it."""
