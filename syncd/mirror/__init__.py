"""The account as last seen, and what syncd wrote where, in SQLite."""
