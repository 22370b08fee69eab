"""The command line, `rapport`: thin, over the same calls as the pages."""

from crm_core.cli.app import app, main

__all__ = ["app", "main"]
