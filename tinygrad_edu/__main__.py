"""The command line: ``python -m tinygrad_edu coverage``."""

import argparse
import os
import sys

from .coverage import report


def main(arguments: list[str] | None = None) -> int:
    """Run a command; without one, say which there are."""
    about = "Plain NumPy that differentiates."
    parser = argparse.ArgumentParser(prog="python -m tinygrad_edu", description=about)
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")
    explained = "list every function of the installed NumPy, and whether it differentiates"
    commands.add_parser("coverage", help=explained)
    command = parser.parse_args(arguments).command
    try:
        print(report() if command == "coverage" else parser.format_help(), flush=True)
    except BrokenPipeError:  # whoever read it has seen enough, as in `… | head`
        # Python's own flush at the end must have somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
