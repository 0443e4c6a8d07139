"""The command line: ``python -m tinygrad_edu coverage [--write FILE]``, and ``… compile FILE:FUNCTION``."""

import argparse
import os
import sys
from pathlib import Path

from .coverage import page, report


def main(arguments: list[str] | None = None) -> int:
    """Run a command; without one, say which there are."""
    about = "Plain NumPy that differentiates."
    parser = argparse.ArgumentParser(prog="python -m tinygrad_edu", description=about)
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")
    explained = "list every function of the installed NumPy, and whether it differentiates"
    coverage = commands.add_parser("coverage", help=explained)
    coverage.add_argument("--write", metavar="FILE", type=Path, help="make a page of it, in Markdown")
    explained = "run a file, and print what a function that it compiles does, in NumPy"
    compiled = commands.add_parser("compile", help=explained)
    compiled.add_argument("place", metavar="FILE:FUNCTION", help="such as examples/xor.py:step")
    compiled.add_argument(
        "--source", action="store_true", help="what runs, with its memory, and not the lesson"
    )
    given = parser.parse_args(arguments)
    if given.command == "coverage" and given.write:
        given.write.write_text(page(), encoding="utf-8")
        return 0
    text = parser.format_help
    if given.command == "coverage":
        text = report
    elif given.command == "compile":
        from .compiler.command import PlaceError, compiled_in

        try:
            function = compiled_in(given.place)
        except PlaceError as error:
            compiled.error(str(error))
        text = function.lesson if not given.source else lambda: function.source
    try:
        print(text(), flush=True)
    except BrokenPipeError:  # whoever read it has seen enough, as in `… | head`
        # Python's own flush at the end must have somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
