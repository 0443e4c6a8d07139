"""The command line: ``python -m tinygrad_edu coverage``."""

import argparse
import sys

from .coverage import report


def main(arguments: list[str] | None = None) -> int:
    """Run a command; without one, say which there are."""
    parser = argparse.ArgumentParser(prog="python -m tinygrad_edu", description="Plain NumPy that differentiates.")
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")
    commands.add_parser("coverage", help="list every function of the installed NumPy, and whether it differentiates")
    if parser.parse_args(arguments).command == "coverage":
        print(report())
    else:
        parser.print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
