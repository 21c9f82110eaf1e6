"""The ledger in PostgreSQL, for many machines; needs the extra ``fleet``, so import it where used."""
