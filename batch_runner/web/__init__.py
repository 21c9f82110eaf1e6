"""The dashboard's web server: thin, over the use cases; for its owner's eyes only."""
