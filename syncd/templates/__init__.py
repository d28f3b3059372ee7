"""Pages by Readwise's export templates, which are Jinja2."""
