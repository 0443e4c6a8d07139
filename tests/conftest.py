"""Hypothesis profiles, and lines at the end that say how much of the table, and how much against NumPy
and PyTorch, was checked.
"""

import gc
import os
import signal
from collections import Counter
from zlib import crc32

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, seed, settings

# Before anything imports NumPy: two workers with two threads of BLAS each would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

collect_ignore = ["oracle/make.py", "oracle/saved.py"]  # they need PyTorch

slow = [HealthCheck.too_slow]  # a shared machine may pause for longer than the check allows
settings.register_profile(
    "ci", max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=slow
)
settings.register_profile("dev", max_examples=10, deadline=None, suppress_health_check=slow)
settings.register_profile("deep", max_examples=1000, deadline=None, suppress_health_check=slow)
settings.load_profile("ci")

COUNTS, AGREED, ANSWERS = (pytest.StashKey[Counter]() for _ in range(3))


def pytest_configure(config):
    # A job that a shell has put in the background ignores Ctrl-C, which tests send.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[COUNTS], config.stash[AGREED], config.stash[ANSWERS] = Counter(), Counter(), Counter()
    ci = config.getoption("hypothesis_profile", None) in (None, "ci")
    if ci and config.getoption("hypothesis_seed", 0) is None:
        config.option.hypothesis_seed = "0"  # no key for a database that is none: it takes as long as a draw


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Thousands of tests are made, and stay: the garbage collector need not visit them again and again.

    Nor later: tests that collect, that look through all objects, or that compile (which asks the collector
    for a function of a code) take a tenth to a half of a second less each.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    """Draws follow from a test's name; by default from its source, which takes longer to hash.

    So do the numbers of a module's RNG, which the tests before have drawn from, or have not.
    """
    test = getattr(item, "function", None)
    if rng := getattr(getattr(item, "module", None), "RNG", None):
        rng.bit_generator.state = type(rng.bit_generator)(crc32(item.nodeid.encode())).state
    if settings.default.derandomize and is_hypothesis_test(test):
        seed(item.nodeid)(test)


@pytest.fixture(scope="module")
def quick_c():
    """C is compiled at -O0, in a quarter of the time: for tests of what is made, when, of what is noticed.

    What loops compute when they are vectors, test_c.py and test_c_order.py ask of what users get.
    """
    from tinygrad_edu.compiler.c import cache

    with pytest.MonkeyPatch.context() as patch:
        if settings().max_examples < 1000:
            patch.setattr(cache, "FLAGS", tuple("-O0" if flag == "-O3" else flag for flag in cache.FLAGS))
        yield


@pytest.fixture(scope="session")
def count(request):
    """Call it with the name of an entry of the table in every hypothesis example."""
    return lambda name: request.config.stash[COUNTS].update([name])


@pytest.fixture(scope="session")
def agreed(request):
    """Call it with the name of a configuration in which PyTorch and this package agree."""
    return lambda name: request.config.stash[AGREED].update([name])


@pytest.fixture(scope="session")
def answered(request):
    """Call it with what NumPy and this package did with a call: raise, refuse or compute."""
    return lambda kind: request.config.stash[ANSWERS].update([kind])


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of pytest-xdist reports to its controller
        session.config.workeroutput["counts"] = dict(session.config.stash[COUNTS])
        session.config.workeroutput["agreed"] = dict(session.config.stash[AGREED])
        session.config.workeroutput["answers"] = dict(session.config.stash[ANSWERS])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[COUNTS].update(getattr(node, "workeroutput", {}).get("counts", {}))
    node.config.stash[AGREED].update(getattr(node, "workeroutput", {}).get("agreed", {}))
    node.config.stash[ANSWERS].update(getattr(node, "workeroutput", {}).get("answers", {}))


def pytest_terminal_summary(terminalreporter, config):
    counts = config.stash[COUNTS]
    if counts:
        terminalreporter.write_line(
            f"table: {len(counts)} entries checked on {sum(counts.values())} hypothesis examples"
        )
    if answers := config.stash[ANSWERS]:
        terminalreporter.write_line(
            f"NumPy's answer: {sum(answers.values())} calls; NumPy computes "
            f"{answers['compute'] + answers['refuse']} of them,"
            f" of which {answers['refuse']} are refused here by name; {answers['raise']} raise in both"
        )
    if agreed := config.stash[AGREED]:
        terminalreporter.write_line(f"oracle: {len(agreed)} configurations agree with PyTorch")
