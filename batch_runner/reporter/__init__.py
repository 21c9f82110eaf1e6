"""Results out: writes planned cells into the user's own sheet, whole or not at all."""
