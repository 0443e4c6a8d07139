"""The hunt: which tests run an expression is found out first; then each mutant, in a process of its own,
meets those tests until one fails.

It is a plugin of pytest: in the place of the loop over the tests of a session stands the hunt, which runs
them as often as it needs to.
"""

import gc
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from .changes import Mutant, around, changed, mutants
from .exchange import Living, Stranger, code_of, exchange, living
from .processes import Progress, few_examples, heard, limits, silence
from .survey import Hit, Surveyed, begun_with, noting

HANGS = 10  # times its usual time, and two seconds more, is what no test takes


class Hunted(NamedTuple):
    """What became of a mutant: killed (with the test), survived, never run, timed out or invalid."""

    mutant: Mutant
    fate: str
    killer: str = ""


class Options(NamedTuple):
    """How a hunt is run."""

    files: tuple[Path, ...]
    sample: int | None = None
    seed: int = 0
    examples: int = 8
    seconds: float = 6.0
    match: str = ""
    survey: Path | None = None
    again: frozenset[tuple[str, str, str]] | None = None


class Hunt:
    """The plugin; after the session its results lie in ``results``, tests that fail anyway in ``broken``."""

    def __init__(self, options: Options, progress: Progress, found: Callable[[Hunted], None]) -> None:
        self.options, self.progress, self.found = options, progress, found
        self.results: list[Hunted] = []
        self.made: Counter[str] = Counter()
        self.tests, self.broken = 0, list[str]()
        self.failed = False
        self.costs: dict[str, float] = {}  # of each test, in seconds
        self.reached: dict[Hit, list[pytest.Item]] = {}  # by the number of an expression
        self.kills: Counter[str] = Counter()  # of the tests of one name

    # ---- what pytest calls ---------------------------------------------------------------------------------

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "line"  # nobody reads what a failure would print

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        with silence():
            self.survey(items)
            for path in self.options.files:
                self.hunt(path)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    # ---- the unmutated run ---------------------------------------------------------------------------------

    def survey(self, items: list[pytest.Item]) -> None:
        """Run every test once, without mutants, and note which expressions it runs."""
        surveyed = Surveyed(self.options.survey, self.options.files)
        known = surveyed.read()
        hits: set[Hit] = set()
        with noting(surveyed.files, hits), few_examples(items, max(self.options.examples // 2, 1)):
            for number, item in enumerate(items):
                self.progress(f"unmutated: {number} of {len(items)} tests")
                if item.nodeid not in known:
                    hits.clear()
                    begun = time.process_time()
                    passed = self.passes(item)
                    known[item.nodeid] = passed, time.process_time() - begun, list(hits)
        surveyed.write(known)
        self.tests = len(items)
        outer = {path.name: around(path.read_text()) for path in surveyed.files}
        for item in items:
            passed, self.costs[item.nodeid], found = known[item.nodeid]
            if not passed:
                self.broken.append(item.nodeid)
                continue
            for hit in begun_with(found, outer):
                self.reached.setdefault(hit, []).append(item)

    def passes(self, item: pytest.Item) -> bool:
        """Run one test."""
        self.failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    # ---- the mutants ---------------------------------------------------------------------------------------

    def hunt(self, path: Path) -> None:
        """Hunt the mutants of one file, or a sample of them."""
        source = path.read_text()
        every = [m for m in mutants(source, path.name) if self.options.match in m.before]
        self.made[path.name] = len(every)
        if (again := self.options.again) is not None:
            every = [m for m in every if (m.file, m.before, m.after) in again]
        sample = self.options.sample
        if sample is not None and sample < len(every):
            chosen = random.Random(f"{self.options.seed} {path.name}").sample(range(len(every)), sample)
            every = [every[i] for i in sorted(chosen)]
        functions = living(path)
        gc.collect()
        gc.freeze()  # so that children share the memory
        for number, mutant in enumerate(every):
            self.progress(f"{path.name}: {number} of {len(every)} mutants, {self.counts()}")
            self.results.append(self.fate(mutant, path, source, functions))
            self.found(self.results[-1])
        gc.unfreeze()

    def counts(self) -> str:
        fates = Counter(r.fate for r in self.results)
        return ", ".join(f"{n} {fate}" for fate, n in fates.items())

    def fate(self, mutant: Mutant, path: Path, source: str, functions: Living) -> Hunted:
        """What becomes of one mutant."""
        items = self.reached.get((mutant.file, mutant.site), [])
        if not items:
            return Hunted(mutant, "never run")
        items = sorted(items, key=lambda i: self.costs[i.nodeid] / (1 + self.kills[first_name(i)]))
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            try:
                answer = self.meet(mutant, path, source, functions, items)
            except BaseException as error:  # the parent tells it
                answer = f"invalid {type(error).__name__} {error}"
            os.write(write, answer.encode()[:4000])
            os._exit(0)
        os.close(write)
        fate, _, killer = heard(read, child, self.options.seconds * 20).partition(" ")
        if fate == "killed":
            self.kills[killer.split("[")[0]] += 1
        return Hunted(mutant, fate or "killed", killer)

    def meet(
        self, mutant: Mutant, path: Path, source: str, functions: Living, items: list[pytest.Item]
    ) -> str:
        """In a child: put the mutant in, and run tests until one fails."""
        end = time.process_time() + self.options.seconds
        limits(self.options.seconds + HANGS * max(self.costs[i.nodeid] for i in items) + 2)
        original = code_of(source, path)
        try:
            count = exchange(original, code_of(changed(source, mutant), path), functions)
        except Stranger:
            count = exchange(original, code_of(changed(source, mutant, harmless=True), path), functions)
        if not count:
            return "invalid changes nothing"
        with few_examples(items, self.options.examples):
            for item in items:
                if time.process_time() > end:
                    return "survived for as long as it had"
                if not self.passes(item):
                    return f"killed {item.nodeid}"
        return "survived"


def first_name(item: pytest.Item) -> str:
    """The name of a test without its parameters."""
    return item.nodeid.split("[")[0]
