"""The folder of pages: what stands where, and the only code that writes into it."""
