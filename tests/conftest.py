"""Hypothesis profiles, and lines at the end that say how much of the table, and how much against PyTorch, was checked."""

import signal
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

collect_ignore = ["oracle/make.py"]  # it needs PyTorch

slow = [HealthCheck.too_slow]  # a shared machine may pause for longer than the check allows
settings.register_profile("ci", max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=slow)
settings.register_profile("dev", max_examples=10, deadline=None, suppress_health_check=slow)
settings.register_profile("deep", max_examples=1000, deadline=None, suppress_health_check=slow)
settings.load_profile("ci")

COUNTS, AGREED = pytest.StashKey[Counter](), pytest.StashKey[Counter]()


def pytest_configure(config):
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a job that a shell has put in the background; tests send Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[COUNTS], config.stash[AGREED] = Counter(), Counter()


@pytest.fixture(scope="session")
def count(request):
    """Call it with the name of an entry of the table in every hypothesis example."""
    return lambda name: request.config.stash[COUNTS].update([name])


@pytest.fixture(scope="session")
def agreed(request):
    """Call it with the name of a configuration in which PyTorch and this package agree."""
    return lambda name: request.config.stash[AGREED].update([name])


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of pytest-xdist reports to its controller
        session.config.workeroutput["counts"] = dict(session.config.stash[COUNTS])
        session.config.workeroutput["agreed"] = dict(session.config.stash[AGREED])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[COUNTS].update(getattr(node, "workeroutput", {}).get("counts", {}))
    node.config.stash[AGREED].update(getattr(node, "workeroutput", {}).get("agreed", {}))


def pytest_terminal_summary(terminalreporter, config):
    counts = config.stash[COUNTS]
    if counts:
        terminalreporter.write_line(f"table: {len(counts)} entries checked on {sum(counts.values())} hypothesis examples")
    if agreed := config.stash[AGREED]:
        terminalreporter.write_line(f"oracle: {len(agreed)} configurations agree with PyTorch")
