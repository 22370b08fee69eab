"""Rapport's core: customer records, their warehouse and the analyses on top. Knows neither streamlit nor the screen."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rapport")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0"
