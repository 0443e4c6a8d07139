"""``python -m tests.proof``: the table of wrong rules, and which checkers pass them."""

import argparse
import sys
from pathlib import Path

from .checkers import CHECKERS, available, says, versions
from .rules import CASES

HEAD = """# Wrong rules, and the checkers that pass them

A checker of derivatives is worth what it rejects.  Each line below is a function whose derivative rule has a
mistake that people make; the right rule of the same function is accepted by every checker of the table, at
the same inputs.  PyTorch is asked by `torch.autograd.gradcheck`, JAX by `jax.test_util.check_grads` and HIPS
autograd by `autograd.test_util.check_grads` (both in reverse mode, to second order), and this package by
`tg.gradcheck`, each with its defaults and float64 inputs.  A dash: it is no mistake there (JAX's arrays never
change, and PyTorch's engine itself sums a gradient whose shape its input broadcasts to).

`python -m tests.proof --write .github/PROOF.md` makes this page, of the libraries that are installed.
"""


def table(listed: bool) -> tuple[list[str], dict[str, int]]:
    """The lines of the table, and how many wrong rules each checker passes."""
    checkers = available()
    passed = dict.fromkeys(checkers, 0)
    lines = ["| mistake | " + " | ".join(checkers) + " |", "|---|" + "---|" * len(checkers)]
    for case in CASES:
        cells = []
        for name, check in checkers.items():
            if name in case.without:
                cells.append("–")
                continue
            if refused := says(check, case, case.right):
                raise SystemExit(f"{name} rejects the right rule of {case.mistake!r}: {refused}")
            objection = says(check, case, case.wrong)
            passed[name] += not objection
            cells.append("rejects" if objection else "**passes**")
            if listed:
                print(f"{case.mistake}\n    {name}: {objection or 'passes'}", file=sys.stderr)
        lines.append(f"| {case.mistake} | " + " | ".join(cells) + " |")
    totals = [f"{n} of {sum(name not in case.without for case in CASES)}" for name, n in passed.items()]
    lines.append("| wrong rules passed | " + " | ".join(totals) + " |")
    return lines, passed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print each objection, too")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page")
    arguments = parser.parse_args()
    lines, passed = table(arguments.list)
    missing = [name for name in CHECKERS if name not in passed]
    told = f"Measured with {versions(passed)}"
    told += f"; {', '.join(missing)} not installed." if missing else "."
    page = "\n".join([HEAD, *lines, "", told, ""])
    if arguments.write:
        arguments.write.write_text(page, encoding="utf-8")
    print("\n".join([*lines, "", told]))
    return int(passed["tinygrad_edu"] > 0)


if __name__ == "__main__":
    sys.exit(main())
