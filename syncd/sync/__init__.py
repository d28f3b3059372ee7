"""One run: from the account to the pages of each vault."""
