"""Pages as text: their blocks, links and names. Pure."""
