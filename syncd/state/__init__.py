"""What syncd remembers, in one SQLite file; each table has one module that reads and writes it."""
