"""Parts: where many arrays, one after the other, take their parts of one vector, that is a loop."""

import re
import textwrap
from collections.abc import Callable

MANY = 5
WIDTH = 100  # of a line
TAKES = re.compile(r"(\w+) -= (\w+)\[(\d+):(\d+)\](?:\.reshape\([\d, ()]+\))?")


def parted(lines: list[str], sizes: dict[str, int], free: Callable[[str], str]) -> list[str]:
    """Lines with such a loop in the place of runs of ``w -= vector[i:j].reshape(…)``.

    Parameters
    ----------
    lines : list of str
    sizes : dict of str to int
        Of the vectors, by their names.
    free : callable
        Gives a name that is not taken.
    """
    found: list[str] = []
    run: list[re.Match[str]] = []
    for line in [*lines, ""]:
        match = TAKES.fullmatch(line)
        if run and (match is None or match[2] != run[-1][2] or match[3] != run[-1][4]):
            found += _loop(run, sizes, free)
            run = []
        if match is None:
            found.append(line)
        else:
            run.append(match)
    return found[:-1]


def listed(name: str, items: list[str]) -> list[str]:
    """The lines that make a list of so many items."""
    return textwrap.wrap(f"{name} = [{', '.join(items)}]", WIDTH, subsequent_indent="    ")


def _loop(run: list[re.Match[str]], sizes: dict[str, int], free: Callable[[str], str]) -> list[str]:
    vector, whole = run[0][2], (run[0][3], int(run[-1][4])) == ("0", sizes.get(run[0][2]))
    names = [match[1] for match in run]
    if len(run) < MANY or not whole or len(set(names)) < len(names):
        return [match[0] for match in run]
    parameters, w, part = free("parameters"), free("w"), free("part")
    ends = ", ".join(match[4] for match in run[:-1])
    return [
        *listed(parameters, names),
        f"for {w}, {part} in zip({parameters}, np.split({vector}, [{ends}])):",
        f"    {w} -= {part}.reshape({w}.shape)",
    ]
