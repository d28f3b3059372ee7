"""The Readwise HTTP API as a client sees it."""
