"""What a place for files says when it cannot do what it should."""

from __future__ import annotations


class PlaceError(Exception):
    """A place cannot be reached, or did not take a file; one line for people says why."""
