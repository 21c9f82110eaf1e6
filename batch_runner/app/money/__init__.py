"""Whose key it is, what was spent with it, and what may still be."""
