"""What may stand around a step: profilers and tracers, code without a file, and pytest's own assertions."""

import cProfile
import string
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import TraceError

ONES = np.ones(3)
LIMIT = 0.0


def printing(x):
    print("once")
    return x * 2


class Foreign:
    """What stands for a profiler that is written in C and cannot be put back."""


@pytest.fixture
def profiler():
    outer = sys.getprofile()
    made = cProfile.Profile()
    made.enable()
    yield made
    made.disable()
    sys.setprofile(outer)


def named(profile):
    """The names of the functions of this file that a profiler has seen."""
    profile.create_stats()
    return {name for file, _, name in profile.stats if file == __file__}


def later():
    return 1


def test_a_profiler_goes_on_after_a_trace(profiler):
    """In Python 3.11, cProfile is what `sys.getprofile` gives, and is no function."""
    step = tg.compile(lambda x: x * 2 + 1)
    step(ONES)
    np.testing.assert_array_equal(step(ONES * 2), ONES * 5)
    later()
    assert "later" in named(profiler)
    assert step.report().startswith("step: 1 trace, 0 calls as it is")


def test_what_is_refused_is_refused_also_where_a_profiler_looks_on(profiler):
    with pytest.raises(TraceError, match="prints in"):
        tg.compile(printing)(ONES)


@pytest.mark.parametrize("setting", [sys.setprofile, sys.settrace], ids=["profile", "trace"])
def test_functions_that_look_on_see_what_they_would(setting):
    seen, getting = [], sys.getprofile if setting is sys.setprofile else sys.gettrace

    def look(frame, event, argument):
        seen.append(frame.f_code.co_name)

    step, outer = tg.compile(lambda x: x * 2 + 1), getting()
    setting(look)
    try:
        step(ONES)
        later()
        assert getting() is look
    finally:
        setting(outer)
    assert "later" in seen
    assert step.report().startswith("step: 1 trace, 0 calls as it is")


def test_a_profiler_that_cannot_be_put_back_stays_and_the_step_runs_as_it_is(monkeypatch):
    step = tg.compile(lambda x: x * 2 + 1)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "getprofile", lambda: Foreign())
        np.testing.assert_array_equal(step(ONES), ONES * 3)
    assert "ran as it is: RuntimeError: a Foreign watches all calls: start it after" in step.report()
    np.testing.assert_array_equal([step(ONES * 2), step(ONES * 3)], [ONES * 5, ONES * 7])
    assert "2 traces, 1 call as it is" in step.report()


CODE = """
def made(wrap):
    k, template = 1.0, Template("")  # whose attributes nobody looks through
    def hidden(x):
        return x * k
    template.hidden = hidden
    step = wrap(lambda x: template.hidden(x))
    found = []
    for k in (1.0, 2.0, 3.0, 4.0):
        found.append(step(ONES))
    return found
"""


@pytest.mark.parametrize("file", ["<string>", "<stdin>", "<ipython-input-1>", "", "/gone/file.py"])
def test_code_without_a_file_is_watched(file):
    """That of `python -c`, of exec, of a terminal, of a notebook's cell."""
    known = {"Template": string.Template, "ONES": ONES}
    exec(compile(CODE, file, "exec"), known)  # noqa: S102
    np.testing.assert_array_equal(known["made"](tg.compile), known["made"](lambda step: step))


def test_asserts_that_pytest_has_rewritten():
    """They name modules of pytest's, in which all that a step can reach would be looked for."""

    def step(x):
        assert x.shape == (3,), f"a limit of {LIMIT}"
        assert LIMIT < 1 < 5
        assert isinstance(x, np.ndarray)
        assert x.sum() > LIMIT
        return x * 2

    compiled = tg.compile(step)
    for k in (1, 2, 3):
        np.testing.assert_array_equal(compiled(ONES * k), ONES * 2 * k)
    with pytest.raises(AssertionError):
        compiled(-ONES)
    assert compiled.report().startswith("step: 1 trace")


def test_what_is_nested_too_deeply_is_refused_in_words():
    nested = [1.0]
    for _ in range(5000):
        nested = [nested]

    def step(x):
        return x * len(nested)

    with pytest.raises(TraceError, match="nested too deeply"):
        tg.compile(step)(ONES)


@pytest.mark.parametrize("backend", ["numpy", *(["c"] if cache.compiler() else [])])
def test_a_step_that_gets_new_code(backend, quick_c):
    """IPython's autoreload puts the code of a changed file into the functions that others hold."""

    def step(x):
        return x * 2

    compiled = tg.compile(step, backend=backend)
    np.testing.assert_array_equal([compiled(ONES), compiled(ONES * 3)], [ONES * 2, ONES * 6])
    step.__code__ = (lambda x: x * 5).__code__
    np.testing.assert_array_equal([compiled(ONES), compiled(ONES * 3)], [ONES * 5, ONES * 15])
    assert "step.__code__" in compiled.report()
