"""Loops that differ only in where their arrays lie are one function in C, and compute what each would."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache, driven
from tinygrad_edu.compiler.c.alike import Alike
from tinygrad_edu.compiler.loops.kinds import Each
from tinygrad_edu.compiler.loops.memories import Operand

pytestmark = [
    pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here"),
    pytest.mark.usefixtures("quick_c"),
]


def functions(text):
    """The names of the functions of loops, and of those that are called, one after another."""
    made = re.findall(r"static \w+ (alike_\d+)", text)
    return made, re.findall(r"^ +(?:if \()?(alike_\d+)\(", text, re.MULTILINE)


def recurrent(x):
    h = x[0]
    for t in range(1, len(x)):
        h = np.maximum(h * 0.5, h[::-1]) + x[t] * x[t - 1]
    return (h * h).sum(0)


def test_more_steps_in_time_take_no_more_functions(tmp_path):
    x = np.random.default_rng(0).standard_normal((24, 128, 64))
    step = tg.compile(recurrent, backend="c", cache=tmp_path)
    for scale in (1, -2):
        np.testing.assert_array_equal(step(scale * x), recurrent(scale * x))
    made, called = functions(step.source)
    assert len(set(made)) == len(made) <= 8
    assert set(called) == set(made)
    assert len(called) >= 24


def test_a_step_of_few_numbers_calls_none(tmp_path):
    step = tg.compile(recurrent, backend="c", cache=tmp_path)
    step(np.ones((12, 4, 3)))
    assert functions(step.source) == ([], [])


def test_numbers_that_are_equal_and_differ_in_their_bits_make_two_functions(tmp_path):
    def f(x):
        return [np.max(x * k, axis=0) for k in (0.0, -0.0, 1.0)]

    x = np.random.default_rng(0).uniform(1, 2, (64, 4000))
    step = tg.compile(f, backend="c", cache=tmp_path)
    for found, expected in zip(step(x), f(x)):
        assert found.tobytes() == expected.tobytes()
    assert [found.tobytes() for found in step(x)] == [expected.tobytes() for expected in f(x)]
    assert functions(step.source)[0]


@settings(max_examples=3)
@given(st.data())
def test_loops_of_any_place_in_an_array(tmp_path_factory, data):
    """Loops that are alike but for the offsets, the strides or the arrays: each writes where it should."""
    places = st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.sampled_from([1, 2]), st.sampled_from([1, -1])
    )
    drawn = data.draw(st.lists(places, min_size=4, max_size=8))

    def f(x, y):
        kept = [y.copy(), y * 2]
        for k, (i, j, step, sign) in enumerate(drawn):
            target, other = kept[k % 2], kept[(k + 1) % 2]
            target[i : i + 4 * step : step] = x[j : j + 4][::sign] * other[i : i + 4] - target[j]
        return np.stack(kept)

    x, y = np.random.default_rng(1).standard_normal((2, 12, 5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driven, "SHORT", 0)
        step = tg.compile(f, backend="c", cache=tmp_path_factory.getbasetemp() / "steps")
        for scale in (1, -2):
            np.testing.assert_array_equal(step(scale * x, y), f(scale * x, y))
    assert functions(step.source)[1]


def operand(memory, offset, dtype="f4"):
    return Operand(memory, offset, np.dtype(dtype), (8,), (np.dtype(dtype).itemsize,))


def added(out, a, b):
    return Each("add", out, (a, b), np.dtype("f4"), np.dtype("f4"))


CASES = {  # two additions, and whether they are one function
    "other memories": (added(operand(5, 0), operand(6, 0), operand(7, 0)), True),
    "further on": (added(operand(1, 64), operand(2, 32), operand(3, 96)), True),
    "further on in one of two places": (added(operand(1, 0), operand(2, 0), operand(2, 32)), False),
    "an array twice": (added(operand(1, 0), operand(2, 0), operand(2, 0)), False),
    "in place": (added(operand(1, 0), operand(1, 0), operand(3, 0)), False),
    "fleeting": (added(operand(9, 0), operand(2, 0), operand(3, 0)), False),
    "in the bytes of another": (added(operand(10, 0), operand(2, 0), operand(3, 0)), False),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_alike(case):
    other, is_one = CASES[case]
    alike = Alike()
    for one in (added(operand(1, 0), operand(2, 0), operand(3, 0)), other):
        (line,) = alike.call([one], {9}, set(), lambda m, _: f"m{m}", len, lambda m, _: m != 10)
    assert (len(alike.names) == 1) is is_one
    if case == "further on":
        assert re.findall(r"m\d \+ \d+", line) == ["m2 + 8", "m3 + 24", "m1 + 16"]
    restrict = "restrict const m0_f4" in alike.text.rpartition("noinline")[2]
    assert restrict is (case not in ("fleeting", "in the bytes of another"))
