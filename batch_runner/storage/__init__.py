"""Places that videos are put into: a folder, or whatever fsspec reaches by a URL."""
