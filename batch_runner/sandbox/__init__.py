"""A local look-alike of the API, for tests and rehearsals; shares no code with the client."""
