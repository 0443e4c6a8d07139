"""What the processes of a hunt need: an end, silence, few examples, and a line that says how far it is."""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

MEMORY = 4 << 30  # bytes that a process may take more than it has
PHASES = (Phase.explicit, Phase.generate)  # a failure needs no shrinking


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
def few_examples(items: list[pytest.Item], examples: int) -> Iterator[None]:
    """Hypothesis draws so many examples at most, and does not shrink those that fail."""
    name, saved = "_hypothesis_internal_use_settings", {}
    for item in items:
        test = getattr(item, "obj", None)
        if test is not None and hasattr(test, name) and id(test) not in saved:
            saved[id(test)] = test, getattr(test, name)
            own = saved[id(test)][1]
            few = settings(
                own, max_examples=min(own.max_examples, examples), phases=PHASES, database=None,
                deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
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
