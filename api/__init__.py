"""The edge: HTTP, pages and the command line."""
