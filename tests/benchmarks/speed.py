"""The README's tables and picture of speed, from the figures of a run.

    python -m tests.benchmarks speed --rounds 9 --json speed.json    measures, in some minutes
    python -m tests.benchmarks.speed speed.json                      writes both anew

The tables stand in README.md between two marks, the picture in .github/speed.png.  It needs matplotlib.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from .imports import ROOT

README, PICTURE = Path(ROOT, "README.md"), Path(ROOT, ".github", "speed.png")
MARKS = "<!-- speed: written by python -m tests.benchmarks.speed -->", "<!-- end of speed -->"

STEPS = {
    "compiled: C": "`tg.compile`, C",
    "compiled: NumPy": "`tg.compile`, NumPy",
    "compiled: numba": "`tg.compile`, numba",
    "ours": "not compiled",
    "tuned": "NumPy by hand",
    "torch": "PyTorch",
    "jax": "`jax.jit`",
    "C by hand": "C by hand",
}
OTHERS = {  # which are slower, or run few of the steps
    "torch.compile": "`torch.compile`",
    "HIPS autograd": "HIPS autograd",
    "MyGrad": "MyGrad",
    "MLPClassifier": "scikit-learn's `MLPClassifier`",
}
EPOCHS = {
    "fit, C": '`fit`, `compile="c"`',
    "fit, NumPy": "`fit`, `compile=True`",
    "fit": "`fit`",
    "torch": "PyTorch",
    "lax.scan": "`lax.scan`",
    "C by hand": "C by hand",
}
WAITS = {
    "fit c": '`fit`, `compile="c"`',
    "c": "`tg.compile`, C",
    "numpy": "`tg.compile`, NumPy",
    "eager": "not compiled",
    "torch": "PyTorch",
}
WORKLOADS = {
    "xor": "xor, 2-4-2, 4 rows",
    "iris": "iris, 4-16-3, 16 rows",
    "blobs": "blobs, 2-4-3, 2100 rows",
    "mnist": "mnist, 784-128-64-10, 64 rows",
    "wide": "wide, 784-1024-1024-10, 256 rows",
    "cnn": "two convolutions, 64 images of 28 × 28",
    "moons": "moons, 2-3-2, 200 rows",
    "spiral": "spiral, 2-100-3, 300 rows",
    "logistic": "logistic regression, 64-10, 64 rows",
    "lstm": "LSTM of 64, 20 steps, 32 sequences",
    "transformer": "transformer's layer of 64, 32 tokens, 16 sequences",
}


def shown(number: float) -> str:
    """Two digits or three, and no more."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}" if number < 10 else f"{number:.0f}"


def table(title: str, results: dict[str, Any], columns: dict[str, str], key: str) -> list[str]:
    """A table, a column for each contestant that was there, and a row for what any of them ran."""
    there = {who for row in results.values() for who in row["contestants"]}
    columns = {who: name for who, name in columns.items() if who in there}
    lines = [f"| {title} | {' | '.join(columns.values())} |", f"|---|{'---:|' * len(columns)}"]
    for name, result in results.items():
        row = result["contestants"]
        cells = [shown(row[who][key]) if who in row else "" for who in columns]
        lines += [f"| {WORKLOADS.get(name, name)} | {' | '.join(cells)} |"] * any(cells)
    return lines


def told(figures: dict[str, Any]) -> str:
    """What stands between the marks."""
    machine = figures["machine"]
    versions = [f"{name} {machine[key]}" for name, key in NAMES.items() if machine.get(key)]
    lines = [f"![Microseconds of a training step](.github/{PICTURE.name})", ""]
    if "compiled" in figures:
        lines += [*table("a step a call, µs", figures["compiled"], STEPS, "us"), ""]
        lines += [*table("the same steps by others, µs", figures["compiled"], OTHERS, "us"), ""]
    if "scan" in figures:
        lines += [*table("whole epochs, µs a step", figures["scan"], EPOCHS, "us"), ""]
    if "waits" in figures:
        lines += [*table("whole trainings, s", figures["waits"], WAITS, "seconds"), ""]
    lines += [
        f"Measured on {machine['date']} on one core, one thread. {machine['cpu'].replace('(R)', '')}, "
        f"{machine['system']};\n{', '.join(versions)}."
    ]
    return "\n".join(lines)


NAMES = {"Python": "python", "NumPy": "numpy", "PyTorch": "torch", "JAX": "jax", "C by": "compiler"}
LOOKS = {  # color, marker
    "compiled: C": ("#c0392b", "o"), "fit, C": ("#c0392b", "o"),
    "compiled: NumPy": ("#e08e0b", "s"), "fit, NumPy": ("#e08e0b", "s"),
    "compiled: numba": ("#d98880", "p"), "HIPS autograd": ("#b9a44c", "<"), "MyGrad": ("#6b8e23", ">"),
    "MLPClassifier": ("#c77fb5", "h"), "torch.compile": ("#7fb3e0", "^"),
    "ours": ("#7a7a7a", "D"), "fit": ("#7a7a7a", "D"),
    "torch": ("#1f6fb2", "^"), "jax": ("#2a9d5c", "v"), "lax.scan": ("#2a9d5c", "v"),
    "tuned": ("#8e5bb5", "P"), "C by hand": ("#111111", "|"),
}  # fmt: skip


def draw(figures: dict[str, Any], path: Path) -> None:
    """The picture: a line for each workload, a mark for each contestant, on a logarithmic axis."""
    from matplotlib.figure import Figure

    parts = [
        (title, figures[part], columns)
        for title, part, columns in (
            ("One training step a call", "compiled", STEPS | OTHERS),
            ("A step in whole epochs", "scan", EPOCHS),
        )
        if part in figures
    ]  # fmt: skip
    figure = Figure(figsize=(16, 8.4), layout="constrained")
    axes = figure.subplots(1, len(parts), squeeze=False, width_ratios=[len(r) + 2 for _, r, _ in parts])[0]
    for ax, (title, results, columns) in zip(axes, parts):
        one(ax, title, results, columns)
    figure.savefig(path, dpi=100)


def one(ax: Any, title: str, results: dict[str, Any], columns: dict[str, str]) -> None:
    """A half of the picture: each contestant a little below the one before."""
    names, there = list(results), [w for w in columns if any(w in r["contestants"] for r in results.values())]
    for y in range(len(names)):
        ax.axhspan(y - 0.45, y + 0.45, color="#f4f4f4", zorder=0)
    for k, who in enumerate(there):
        color, marker = LOOKS[who]
        below = 0.62 * (k / (len(there) - 1) - 0.5)
        rows = [
            (r["contestants"][who]["us"], y)
            for y, r in enumerate(results.values())
            if who in r["contestants"]
        ]
        ax.plot(
            [us for us, _ in rows], [y + below for _, y in rows], marker, label=columns[who].replace("`", ""),
            color=color, markersize=13, markeredgewidth=4 if marker == "|" else 1, linestyle="none",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}")
    ax.set_yticks(range(len(names)), [WORKLOADS[name].replace(", ", "\n", 1) for name in names], fontsize=15)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlabel("microseconds a step: left is faster", fontsize=16)
    ax.tick_params(axis="x", labelsize=15)
    ax.grid(axis="x", color="#d8d8d8")
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_title(title, fontsize=20, loc="left")
    ax.legend(fontsize=15, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.4, -0.11))


def write(figures: dict[str, Any]) -> None:
    """Put the tables into the README, and the picture beside it."""
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(f"({re.escape(MARKS[0])}\n).*?(\n{re.escape(MARKS[1])})", re.DOTALL)
    written, places = pattern.subn(lambda m: m[1] + told(figures) + m[2], text)
    if places != 1:
        sys.exit(f"{README.name} has not both marks, once: {' … '.join(MARKS)}")
    README.write_text(written, encoding="utf-8")
    draw(figures, PICTURE)
    print(f"{README.name} and {PICTURE.relative_to(ROOT)} have the figures of {figures['machine']['date']}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(json.loads(Path(sys.argv[1]).read_text()))
