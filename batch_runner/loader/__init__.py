"""Sheets in: knows files, not jobs."""
