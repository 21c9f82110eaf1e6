"""batch-runner: turns a spreadsheet of prompts into videos, and writes the links back."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("batch-runner")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
