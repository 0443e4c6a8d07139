"""Hunt mutants of the rules: ``python -m tests.mutants [FILES] [--sample N] [--survivors FILE]``."""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from .hunt import Hunt, Hunted, Options
from .processes import Progress
from .report import explained, known, listed, reasons, report

ROOT = Path(__file__).parents[2]
OPS = ROOT / "tinygrad_edu" / "ops"
TESTS = ("tests/ops", "tests/nn")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "files", nargs="*", help="files of tinygrad_edu/ops, by name, or others; all of those by default"
    )
    parser.add_argument("--sample", type=int, help="so many mutants of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--survivors", type=Path, help="a file to which the survivors are written")
    parser.add_argument("--examples", type=int, default=8, help="hypothesis examples a test, at most")
    parser.add_argument("--seconds", type=float, default=6, help="of work that a mutant may take")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests that hunt, as pytest takes them")
    parser.add_argument("--match", default="", help="only mutants of lines with this text")
    parser.add_argument("--survey", type=Path, help="a file that keeps for the next hunt what each test runs")
    parser.add_argument("--again", type=Path, help="only the mutants in this file of survivors")
    return parser.parse_args(given)


def main(given: argparse.Namespace) -> int:

    rules = {p.stem: p for p in sorted(OPS.rglob("*.py")) if p.stem != "__init__"}
    names = given.files or list(rules)
    files = tuple(path if (path := Path(name).resolve()).exists() else rules[path.stem] for name in names)
    again = given.again and frozenset(reasons(given.again.read_text()))
    options = Options(
        files, given.sample, given.seed, given.examples, given.seconds, given.match, given.survey, again
    )
    lives: list[str] = []
    explanations = known()

    def found(result: Hunted) -> None:
        (judged,) = explained([result], explanations)
        if judged.fate in ("survived", "never run"):
            lives.append(listed(judged))
            if given.survivors:
                given.survivors.write_text("".join(lives))

    hunt = Hunt(options, Progress(), found)
    plain = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:faulthandler"]
    plain += ["-o", "addopts=", "--capture=no", f"--rootdir={ROOT}"]
    plain += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of hypothesis
    code = pytest.main([*plain, *given.tests], plugins=[hunt])
    print("\n" + report(hunt) + "\n\n" + "".join(lives))
    if code == pytest.ExitCode.INTERRUPTED:
        print("interrupted: the report is of what was done until then")
    return int(code) or int(bool(lives))


if __name__ == "__main__":
    sys.exit(main(arguments()))
