"""Values and file names made of a row's cells by templates."""
