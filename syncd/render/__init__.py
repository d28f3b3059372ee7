"""From values to the text of pages; reads no disk."""
