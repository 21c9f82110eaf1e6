"""The provider client: everything the API does becomes a typed outcome."""
