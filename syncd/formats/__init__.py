"""How Logseq, Obsidian and Org show highlights, and how their pages are read. Pure."""
