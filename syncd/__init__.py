"""Keeps a Readwise account's highlights in the pages of a Logseq or Obsidian vault."""

__version__ = "0.1.0"
