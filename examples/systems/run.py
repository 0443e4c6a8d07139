"""Run the 29 systems, or those that are named, and print the table.

    python examples/systems/run.py                        # all of them, at full length
    python examples/systems/run.py 1 moons 20 --out pictures
    python examples/systems/run.py --quick                # about a minute, held to smaller figures

The exit code is 1 if a row is not met or a script fails; what is skipped says why, and is not counted as met.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# The folder is on the path only now.
from report import Result, Row, arguments, measure, table, verdict


def scripts() -> list[Path]:
    """Those of this folder, in the order of their numbers."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def chosen(names: list[str]) -> list[Path]:
    """The scripts of these numbers or (parts of) names, each once, in order; all if there is no name."""
    found = set()
    for name in names:
        fits = [
            path
            for path in scripts()
            if path.stem[:2] == name.zfill(2)
            or (not name.isdecimal() and name.removesuffix(".py").lower() in path.stem)
        ]
        if not fits:
            raise SystemExit(
                f"run.py: no system {name!r}; there are: {', '.join(path.stem for path in scripts())}"
            )
        found.update(fits)
    return sorted(found) if names else scripts()


def load(path: Path) -> Callable[..., list[Row]]:
    """The function ``run`` of a script.

    Its name begins with a digit, so that no import statement reaches it.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.run


def result_of(path: Path, settings: argparse.Namespace) -> Result:
    """Run one script; one that fails is a row that is not met."""
    number, name = str(int(path.stem[:2])), path.stem[3:].replace("_", " ")

    def run(**options: Any) -> list[Row]:
        return load(path)(**options)

    try:
        return measure(number, name, run, quick=settings.quick, out=settings.out)
    except Exception as error:
        traceback.print_exc()
        return Result(
            number,
            [
                Row(
                    name,
                    "goal: runs",
                    f"failed: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
                    False,
                )
            ],
            0.0,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="numbers, names or parts of names of systems; default: all"
    )
    arguments(parser)
    settings = parser.parse_args()
    paths = chosen(settings.names)
    if settings.out:
        settings.out.mkdir(parents=True, exist_ok=True)
    terminal, results = sys.stderr.isatty(), []
    over = "\r\033[K" if terminal else ""  # write over the line that says what is running
    for i, path in enumerate(paths, 1):
        begun = f"[{i}/{len(paths)}] {path.stem}"
        if terminal:
            print(f"{begun} …", end="", file=sys.stderr, flush=True)
        results.append(result_of(path, settings))
        state = "NOT MET" if results[-1].failed else "skipped" if results[-1].skipped else "met"
        print(f"{over}{begun}: {state}, {results[-1].seconds:.1f} s", file=sys.stderr, flush=True)
    print(table(results))
    print(f"\n{verdict(results)}")
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
