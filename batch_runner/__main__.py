"""``python -m batch_runner`` and the ``batch-runner`` script."""

import sys


def main() -> None:
    """Run the command line; never returns."""
    from batch_runner.cli.main import cli

    sys.exit(cli())


if __name__ == "__main__":
    main()
