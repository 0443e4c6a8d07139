"""What the scripts of this folder share: a row of the table, the table, and the command line of one script.

A script defines ``run`` and ends by handing it to `show`:

    def run(quick: bool = False, out: Path | None = None) -> list[Row]:
        cost = ...
        if out:
            plot.save(figure, out / "01_blobs.png")
        return [Row("cost after 49,800 epochs", "recomputed 0.5327", f"{cost:.4f}", cost <= 0.53275)]

    if __name__ == "__main__":
        show(run)

With ``quick`` it does about two seconds' worth, and its rows say what smaller figure they are held to.  With
``out`` it saves its pictures there.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import tinygrad_edu as tg
from tinygrad_edu.errors import DownloadError


@dataclass(frozen=True)
class Row:
    """One figure of a system, and ours.

    ``target`` begins with "published" (the original, or its author, prints that figure), "recomputed" (a
    plain hand-written NumPy or scikit-learn run of the same settings) or "goal" (neither: what has to hold).
    ``met`` is None where there is nothing to meet, or where the row could not be run.  ``note`` is printed
    below the table: how much is missing, and why, or what else a reader of the original would ask.
    """

    system: str
    target: str
    ours: str
    met: bool | None
    note: str = ""

    def __post_init__(self) -> None:
        # NumPy's False is not False.
        object.__setattr__(self, "met", None if self.met is None else bool(self.met))


class Missing(Exception):
    """Data or a library that a script needs are not here; the message says which.

    The script counts as skipped, not as met.
    """


@dataclass(frozen=True)
class Result:
    """What came of one script."""

    number: str
    rows: list[Row]
    seconds: float

    @property
    def failed(self) -> bool:
        return any(row.met is False for row in self.rows)

    @property
    def skipped(self) -> bool:
        return any(row.ours.startswith("skipped") for row in self.rows)


def measure(
    number: str, name: str, run: Callable[..., list[Row]], *, quick: bool, out: Path | None
) -> Result:
    """Run a script; one that cannot be run is a row too."""
    start = time.perf_counter()
    try:
        rows = run(quick=quick, out=out)
        if not rows:
            rows = [Row(name, "goal: at least one row", "no row", False)]
    except Missing as reason:
        rows = [Row(name, "–", f"skipped: {str(reason).splitlines()[0].rstrip(':')}", None)]
    except DownloadError as error:
        rows = [Row(name, "–", f"skipped: {str(error).splitlines()[0].rstrip(':')}", None)]
    except ImportError as error:
        if error.name and error.name.partition(".")[0] not in ("sklearn", "scipy", "matplotlib"):
            raise
        rows = [Row(name, "–", f"skipped: {error}", None)]
    return Result(number, rows, time.perf_counter() - start)


HEADER = ("#", "system", "published or recomputed", "ours", "met", "s")


def table(results: Iterable[Result]) -> str:
    """The rows of all results as Markdown, with their notes below.

    Seconds stand beside the first row of a script.
    """
    verdict = {True: "yes", False: "NO", None: "–"}
    lines, notes = [HEADER], []
    for result in results:
        for i, row in enumerate(result.rows):
            seconds = f"{result.seconds:.1f}" if i == 0 else ""
            mark = ""
            if row.note:
                notes.append(row.note)
                mark = f" ({len(notes)})"
            lines.append((result.number, row.system, row.target, row.ours + mark, verdict[row.met], seconds))
    lines = [tuple(re.sub(r"(?<=\d)%", " %", cell.replace("|", "\\|")) for cell in line) for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, tuple("-" * width for width in widths))
    text = "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines
    )
    return text + "".join(f"\n\n({i}) {note}" for i, note in enumerate(notes, 1))


def verdict(results: list[Result]) -> str:
    """One line: how many rows are met, not met, without a figure and skipped."""
    met = [row.met for result in results for row in result.rows]
    skipped = sum(result.skipped for result in results)
    shown = met.count(None) - skipped
    parts = (
        [f"{met.count(True)} met", f"{met.count(False)} not met"]
        + [f"{shown} without a figure"] * bool(shown)
        + [f"{skipped} skipped"] * bool(skipped)
    )
    seconds = sum(result.seconds for result in results)
    return f"{len(results)} systems, {len(met)} rows: {', '.join(parts)}; {seconds:.0f} s"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those that each script has."""
    parser.add_argument(
        "--quick", action="store_true", help="about two seconds for each script, held to smaller figures"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="save pictures in this folder, which is made if need be"
    )


def show(run: Callable[..., list[Row]]) -> None:
    """The command line of one script: run it and print its table; the exit code is 1 if a row is not met."""
    path = Path(sys.argv[0])
    parser = argparse.ArgumentParser(
        description=sys.modules[run.__module__].__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments(parser)
    settings = parser.parse_args()
    if settings.out:
        settings.out.mkdir(parents=True, exist_ok=True)
    number, _, name = path.stem.partition("_")
    result = measure(number.lstrip("0"), name.replace("_", " "), run, quick=settings.quick, out=settings.out)
    print(table([result]))
    sys.exit(int(result.failed))


def track(steps: Iterable[Any], title: str = "", *, stream: Any = None) -> Iterator[Any]:
    """The same steps, with a line on the terminal that says how far they are; silent
    where there is no terminal.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield from steps
        return
    total = f"/{len(steps):,}" if hasattr(steps, "__len__") else ""
    shown = time.monotonic()
    try:
        for i, step in enumerate(steps, 1):
            yield step
            if (now := time.monotonic()) - shown > 0.2:
                shown = now
                print(f"\r\033[K{title} {i:,}{total}", end="", file=stream, flush=True)
    finally:
        print("\r\033[K", end="", file=stream, flush=True)


def save_graph(path: Path, loss: Callable[[], tg.Tensor], names: Any) -> None:
    """The graph of a loss with its values and gradients, as `tg.draw` draws it."""
    with tg.drawing.watch():
        value = loss()
        value.backward(retain_graph=True)
    tg.draw(value, names=names).save(path)


def spread(values: Iterable[float], form: str = ".4f") -> str:
    """Median, least and greatest of the figures of seeds 0, 1, …, as text."""
    values = list(values)
    middle, least, greatest = (f"{value:{form}}" for value in (median(values), min(values), max(values)))
    return (
        f"{middle} (seed 0)"
        if len(values) == 1
        else f"median {middle} of {len(values)} seeds ({least} to {greatest})"
    )
