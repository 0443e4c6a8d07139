"""Hypothesis profiles, and a line at the end that says how much of the table was checked."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

slow = [HealthCheck.too_slow]  # a shared machine may pause for longer than the check allows
settings.register_profile("ci", max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=slow)
settings.register_profile("dev", max_examples=10, deadline=None, suppress_health_check=slow)
settings.register_profile("deep", max_examples=1000, deadline=None, suppress_health_check=slow)
settings.load_profile("ci")

COUNTS = pytest.StashKey[Counter]()


def pytest_configure(config):
    config.stash[COUNTS] = Counter()


@pytest.fixture(scope="session")
def count(request):
    """Call it with the name of an entry of the table in every hypothesis example."""
    return lambda name: request.config.stash[COUNTS].update([name])


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of pytest-xdist reports to its controller
        session.config.workeroutput["counts"] = dict(session.config.stash[COUNTS])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[COUNTS].update(getattr(node, "workeroutput", {}).get("counts", {}))


def pytest_terminal_summary(terminalreporter, config):
    counts = config.stash[COUNTS]
    if counts:
        terminalreporter.write_line(f"table: {len(counts)} entries checked on {sum(counts.values())} hypothesis examples")
