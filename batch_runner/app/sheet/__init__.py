"""Rows in and results out: the sheet as it is at each moment."""
