"""The HTTP API under /api/v1: thin, over the same calls as the pages."""
