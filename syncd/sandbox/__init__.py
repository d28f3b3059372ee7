"""A Readwise server with an invented library, for demos and tests."""
