"""``python -m tests.peers``, of calls, second, times and migration: what the engines answer, at what cost."""

import argparse
import sys
import time

from . import judge, migration, times
from .calls import CALLS, FAMILIES
from .engines import Engine, available, versions


def progress(done: int) -> None:
    """Count on stderr, if that is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[Kcalls {done}/{len(CALLS)}", end="", file=sys.stderr, flush=True)


def report_calls(engines: dict[str, Engine], *, listed: bool, order: int = 1) -> int:
    """Judge every call, print the table and, if asked for, every call that not all have right; return how
    many are wrong in ours.
    """
    verdicts, left_out = judge.many(CALLS, engines, progress, (judge.judge, judge.judge_second)[order - 1])
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    letters = ("right", "wrong", "refused", "no rule")
    which = ("derivatives", "second derivatives")[order - 1]
    print(f"{len(verdicts)} calls against numerical {which}: {' / '.join(letters)}\n")
    print(f"{'family':15}{'calls':>6}" + "".join(f"{name:>22}" for name in engines))
    for family in [*FAMILIES, None]:
        totals = {name: judge.counts(verdicts, name, family) for name in engines}
        cells = "".join(f"{' / '.join(f'{n[k]:3}' for k in letters):>22}" for n in totals.values())
        print(f"{family or 'all':15}{sum(totals['ours'].values()):6}{cells}")
    for call, reason in left_out.items():
        print(f"not judged: {call.line} ({call.family}): {reason}")
    if listed:
        for call, found in verdicts.items():
            if any(verdict.kind != "right" for verdict in found.values()):
                print(f"\n{call.line}  ({call.family})")
                for name, verdict in found.items():
                    print(f"    {name:9}{verdict.kind:9}{verdict.words[:170]}")
    return judge.counts(verdicts, "ours")["wrong"]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.peers", description="Compare this package with its peers."
    )
    parser.add_argument(
        "parts",
        nargs="*",
        choices=["calls", "second", "times", "migration", []],
        help="default: calls and times; second: second derivatives of the calls; migration: record what "
        "autograd answers to the lines of the page",
    )
    parser.add_argument("--list", action="store_true", help="list every call that not all engines have right")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default: 15)")
    arguments = parser.parse_args()
    if "migration" in arguments.parts:
        migration.record()
        return 0
    begun, wrong = time.monotonic(), 0
    engines, left_out = available()
    print(versions(engines))
    for name in left_out:
        print(f"{name} is not installed: left out")
    if "calls" in (arguments.parts or ["calls"]):
        print()
        wrong = report_calls(engines, listed=arguments.list)
    if "second" in arguments.parts:
        print()
        higher = {name: engine for name, engine in engines.items() if engine.higher}
        report_calls(higher, listed=arguments.list, order=2)
    if "times" in (arguments.parts or ["times"]):
        print()
        times.report(engines, arguments.rounds)
    print(f"\n{time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
