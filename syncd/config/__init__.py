"""The configuration and the token: files in, checked values out."""
