"""The gallery: a page on which people look at the videos of a sheet and decide about them."""
