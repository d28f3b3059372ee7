"""Pages that other programs wrote."""
