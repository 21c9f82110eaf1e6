"""batch-runner: turns a spreadsheet of prompts into videos, and writes the links back."""

__version__: str

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """The version, looked up when it is asked for: that takes longer than ``--help``."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("batch-runner")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0.0.0"
