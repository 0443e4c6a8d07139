"""The hunt: which tests run an expression is found out first; then each mutant, in a process of its own, meets
those tests until one fails.

It is a plugin of pytest: in the place of the loop over the tests of a session stands the hunt, which runs
them as often as it needs to.
"""

import builtins
import gc
import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings

from .changes import Mutant, around, changed, mutants, noted
from .exchange import Living, Stranger, code_of, exchange, living

Hit = tuple[str, int]  # the name of a file, and the number of an expression in it
NOTE = "_mutants_note"
MEMORY = 4 << 30  # bytes that a process may take more than it has
HANGS = 10  # times its usual time, and two seconds more, is what no test takes
PHASES = (Phase.explicit, Phase.generate)  # a failure needs no shrinking


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
    """The plugin; after the session its results lie in ``results``, those of the unmutated run in ``broken``."""

    def __init__(self, options: Options, progress: "Progress", found: Callable[[Hunted], None]) -> None:
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
        surveyed, known = Surveyed(self.options), {}
        known = surveyed.read()
        hits: set[Hit] = set()
        with noting(surveyed.files, hits), few_examples(items, max(self.options.examples // 3, 1)):
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


def begun_with(hits: list[Hit], outer: dict[str, list[int]]) -> set[Hit]:
    """The expressions that ended, and those around them, which may have ended in an error."""
    found = set()
    for name, number in hits:
        while number >= 0 and (name, number) not in found:
            found.add((name, number))
            number = outer[name][number]
    return found


def first_name(item: pytest.Item) -> str:
    """The name of a test without its parameters."""
    return item.nodeid.split("[")[0]


class Surveyed:
    """The file in which a hunt leaves what each test runs, for the next hunt; of no use once rules change."""

    def __init__(self, options: Options) -> None:
        self.path, self.files = options.survey, options.files
        if self.path is not None:
            self.files = tuple(sorted(options.files[0].parent.glob("*.py")))
        self.key = hashlib.sha256(b"".join(f.read_bytes() for f in self.files)).hexdigest()

    def read(self) -> dict[str, tuple[bool, float, list[Hit]]]:
        """By the name of a test: whether it passed, its seconds, and what it ran."""
        if self.path is None or not self.path.exists():
            return {}
        held = json.loads(self.path.read_text())
        return held["tests"] if held["key"] == self.key else {}

    def write(self, tests: dict[str, tuple[bool, float, list[Hit]]]) -> None:
        if self.path is not None:
            self.path.write_text(json.dumps({"key": self.key, "tests": tests}))


# ---- processes ---------------------------------------------------------------------------------------------


def limits(seconds: float) -> None:
    """End this process after so many seconds of work; it cannot take all memory either."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, resource.RLIM_INFINITY))
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        size = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


def heard(pipe: int, child: int, seconds: float) -> str:
    """What a child writes before it ends; that it timed out, or nothing if it died of something else."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with os.fdopen(pipe) as reader:
            answer = reader.read()
        status = os.waitpid(child, 0)[1]
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return "timeout"
    return answer


@contextmanager
def silence() -> Iterator[None]:
    """What tests print goes nowhere."""
    sys.stdout.flush()
    saved = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        yield
    finally:
        sys.stdout.flush()
        for stream, old in zip((1, 2), saved):
            os.dup2(old, stream)
            os.close(old)
        os.close(nowhere)


@contextmanager
def noting(paths: tuple[Path, ...], hits: set[Hit]) -> Iterator[None]:
    """Every expression of these files that runs is noted as a hit, by the file's name and its number."""
    before = []
    for path in paths:
        name, source, functions = path.name, path.read_text(), living(path)
        note = f"{NOTE}_{path.stem}"
        before += [(f, f.__code__) for group in functions.values() for f in group]

        def tell(number: int, value: object, name: str = name) -> object:
            hits.add((name, number))
            return value

        setattr(builtins, note, tell)
        exchange(code_of(source, path), code_of(noted(source, note), path), functions)
    try:
        yield
    finally:
        for function, code in before:
            function.__code__ = code


@contextmanager
def few_examples(items: list[pytest.Item], examples: int) -> Iterator[None]:
    """Hypothesis draws so many examples at most, and does not shrink those that fail."""
    name, saved = "_hypothesis_internal_use_settings", {}
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and hasattr(test, name) and id(test) not in saved:
            saved[id(test)] = test, getattr(test, name)
            own = saved[id(test)][1]
            few = settings(
                own, max_examples=min(own.max_examples, examples), phases=PHASES, database=None, deadline=None,
                report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            setattr(test, name, few)
    try:
        yield
    finally:
        for test, own in saved.values():
            setattr(test, name, own)


class Progress:
    """A line on the terminal that says how far the hunt is."""

    def __init__(self) -> None:
        self.stream, self.begun, self.last = os.dup(2), time.monotonic(), 0.0

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if now - self.last > 0.5:
            self.last = now
            os.write(self.stream, f"\r\x1b[K{text}, {now - self.begun:.0f} s".encode())
