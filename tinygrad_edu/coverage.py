"""Which of NumPy's functions differentiate: the fate of every function that can be overridden.

``python -m tinygrad_edu coverage`` prints it; with ``--write FILE`` it makes a page of it.

A function *differentiates*, is *composite* (written with other functions of the table), is *constant* (its
result is integer or boolean), or *refuses*: on a tensor that needs a gradient it raises `MissingRule`, which
says why, and what to do instead.
"""

import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from . import ops
from .entry import is_special, name_of
from .reasons import reason_of
from .table import TABLE, entries, entry_of
from .writing import WRITERS

FATES = ("differentiates", "composite", "constant", "refuses")
MEANING = {
    "differentiates": "has a rule of its own",
    "composite": "is written with others that have",
    "constant": "has an integer or boolean result, or one that depends on no values",
    "refuses": "raises MissingRule on a tensor that needs a gradient, which says why",
}
BEHIND = "ufuncs that other functions call"  # those of np.strings, and np.clip's
SCIPYS = "scipy.special"
OTHERS = "filed by users"
OUR_OWN = ops.__name__.partition(".")[0]
METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")


def overridable() -> set[Callable[..., Any]]:
    """Every ufunc, method of one, and function of the installed NumPy that calls other arrays' protocols."""
    # NumPy loads these late, and the last pulls in unittest, which `import tinygrad_edu` should not.
    from numpy import char, fft, polynomial, strings  # noqa: F401
    from numpy.lib import recfunctions  # noqa: F401
    from numpy.testing import overrides

    ufuncs = overrides.get_overridable_numpy_ufuncs()
    return {*ufuncs, *methods_of(ufuncs), *overrides.get_overridable_numpy_array_functions()}


def methods_of(ufuncs: Iterable[np.ufunc]) -> Iterator[Callable[..., Any]]:
    """The methods that NumPy has of its ufuncs: folds of those with two arguments and one result."""
    for ufunc in ufuncs:
        if group_of(ufunc) == BEHIND or ufunc.signature or ufunc.nout > 1:
            continue
        for name in METHODS if ufunc.nin == 2 else ("at",):
            yield getattr(ufunc, name)


def fate_of(function: Callable[..., Any]) -> str:
    """What becomes of a function on a tensor that needs a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> fate_of(np.exp), fate_of(np.mean), fate_of(np.argmax), fate_of(np.unique)
    ('differentiates', 'differentiates', 'constant', 'refuses')
    """
    entry = entry_of(function)
    return entry.fate if entry else "composite" if function in WRITERS else "refuses"


def group_of(function: Callable[..., Any]) -> str:
    """The heading under which a function is listed: its module, a ufunc's methods, or our own."""
    module = getattr(function, "__module__", None) or "numpy"
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return "methods of ufuncs"
    if isinstance(function, np.ufunc) and is_special(function):
        return SCIPYS
    if isinstance(function, np.ufunc) and not name_of(function).startswith("np."):
        return OTHERS
    if isinstance(function, np.ufunc):
        return "ufuncs" if getattr(np, function.__name__, None) is function else BEHIND
    return module.replace("numpy", "np") if module.startswith("numpy") else module.partition(".")[0]


def heading_of(function: Callable[..., Any]) -> str:
    """The heading within a fate: of one that refuses, the reason."""
    return reason_of(function) if fate_of(function) == "refuses" else group_of(function)


def label_of(function: Callable[..., Any]) -> str:
    """The name under which a function is listed; one for the ``at`` of all ufuncs that refuse it."""
    name = name_of(function)
    if name.endswith(".at") and fate_of(function) == "refuses":
        return "np.ufunc.at"
    return name.replace("np.", "np._core.umath.") if group_of(function) == BEHIND else name


def grouped(functions: Iterable[Callable[..., Any]]) -> dict[str, dict[str, list[str]]]:
    """Names in alphabetical order, by fate and then by heading."""
    names: dict[str, dict[str, set[str]]] = {fate: defaultdict(set) for fate in FATES}
    for function in functions:  # NumPy has a second object for the like= of some, which are listed once
        names[fate_of(function)][heading_of(function)].add(label_of(function))
    ordered = {fate: sorted(groups.items()) for fate, groups in names.items()}
    return {fate: {group: sorted(found) for group, found in groups} for fate, groups in ordered.items()}


def listed() -> dict[str, dict[str, list[str]]]:
    """All that the report lists: NumPy's functions, and our own."""
    # What tg.primitive has made, for a user or for a single implicit function, is none of our own.
    trusted = (f for f, entry in entries().items() if getattr(entry, "trusted", True))
    ours = [f for f in trusted if group_of(f) == OUR_OWN]
    return grouped([*overridable(), *(f for f in TABLE if group_of(f) == "methods of ufuncs"), *ours])


def totals(table: dict[str, dict[str, list[str]]]) -> list[str]:
    """How many functions have each fate, as lines of text."""
    counts = {
        fate: sum(len(names) for group, names in groups.items() if group != OUR_OWN)
        for fate, groups in table.items()
    }
    ours = sum(len(groups.get(OUR_OWN, [])) for groups in table.values())
    return [
        f"NumPy {np.__version__}: {sum(counts.values())} functions that can be overridden",
        *(f"{n:5} {fate}" for fate, n in counts.items()),
        f"{OUR_OWN}: {ours} operations of its own, all of which differentiate",
    ]


def report(width: int = 120) -> str:
    """The whole table as text: names by fate and group, those that refuse by their reason; then the totals.

    Examples
    --------
    >>> print(report().splitlines()[0])
    differentiates
    """
    table, lines = listed(), []
    for fate, groups in table.items():
        lines.append(fate)
        for group, names in groups.items():
            heading = f"{group} ({len(names)})"
            lines += textwrap.wrap(heading, width, initial_indent="  ", subsequent_indent="  ")
            lines += textwrap.wrap(", ".join(names), width, initial_indent=" " * 4, subsequent_indent=" " * 4)
        lines.append("")
    for others in (SCIPYS, OTHERS):
        names = sorted(label_of(f) for f in entries() if group_of(f) == others)
        if names:
            lines.append(f"{others}: {len(names)} ufuncs differentiate; what is not listed refuses")
            lines += textwrap.wrap(", ".join(names), width, initial_indent=" " * 4, subsequent_indent=" " * 4)
            lines.append("")
    return "\n".join([*lines, *totals(table)])


def page(width: int = 110) -> str:
    """The same as a page in Markdown, which names the version of NumPy that it is of."""
    table = listed()
    head, *counts, ours = totals(table)
    made = "Made by `python -m tinygrad_edu coverage --write .github/COVERAGE.md`; a test compares."
    lines = ["# Which of NumPy's functions differentiate", "", f"{head}. {made}", ""]
    lines += ["| fate | functions | |", "|---|---|---|"]
    for line in counts:
        n, fate = line.split()
        lines.append(f"| {fate} | {n} | {MEANING[fate]} |")
    lines += ["", f"{ours}.", ""]
    for fate, groups in table.items():
        lines += [f"## {fate.capitalize()}", ""]
        for group, names in groups.items():
            lines += [
                f"**{group[0].upper() + group[1:] if fate == 'refuses' else group}** ({len(names)})",
                "",
            ]
            lines += [*textwrap.wrap(", ".join(f"`{name}`" for name in names), width), ""]
    return "\n".join(lines[:-1]) + "\n"
