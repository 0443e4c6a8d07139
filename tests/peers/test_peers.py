"""The judge of the peers knows right from wrong, and what this package answers is never wrong."""

import importlib.util

import numpy as np
import pytest
from hypothesis import settings

from tests.peers import judge, times
from tests.peers.calls import CALLS, Call
from tests.peers.engines import Engine, ours

SCIPY = importlib.util.find_spec("scipy") is not None
SAMPLE = (
    CALLS if settings.default.max_examples > 100 else CALLS[:: len(CALLS) // 60]
)  # all in the deep profile


def engine(gradient, value=lambda x: x.sum(), **settings):
    """One that answers what it is told to."""
    return Engine("planted", {"np": np}, lambda loss, count: lambda x: (value(x), gradient(x)), **settings)


def test_no_call_occurs_twice_and_all_name_inputs():
    assert len(CALLS) > 700
    assert len({call.line for call in CALLS}) == len(CALLS)
    assert all(call.variables for call in CALLS)


@pytest.mark.parametrize("call", SAMPLE, ids=lambda call: call.line)
def test_ours_is_right_or_refuses(call):
    if "special." in call.line and not SCIPY:
        pytest.skip("needs SciPy")
    verdict = judge.judge(call, ours())
    assert verdict.kind != "wrong", verdict.words


def test_differences_agree_with_a_closed_form():
    call = Call("", "z * z * s")
    z, s = (call.inputs[name] for name in ("z", "s"))
    weights = np.conj(judge._weights(call)[0])
    value, (of_s, of_z) = judge.expected(call)
    assert np.isclose(value, np.real(np.vdot(weights, z * z * s)))
    assert np.isclose(of_s, np.real(np.vdot(weights, z * z)))
    assert np.allclose(of_z, weights * np.conj(2 * z * s))


def test_what_is_wrong_is_found():
    call = Call("", "np.sin(x)")
    weights = judge._weights(call)[0]

    def value(x):
        return np.sum(weights * np.sin(x))

    def verdict(gradient, value=value):
        return judge.judge(call, engine(gradient, value)).kind

    assert verdict(lambda x: weights * np.cos(x)) == "right"
    assert verdict(lambda x: weights * np.cos(x) * 1.0001) == "wrong"
    assert verdict(lambda x: weights * np.cos(x) * np.nan) == "wrong"
    assert verdict(lambda x: (weights * np.cos(x))[None]) == "wrong"
    assert verdict(lambda x: weights * np.cos(x), value=lambda x: 0.0) == "wrong"


def test_a_second_derivative_is_that_along_two_directions():
    call = Call("", "x**3")
    (v,), (w,) = judge.directions(call)
    exact = np.sum(judge._weights(call)[0] * 6 * call.inputs["x"] * v * w)
    assert np.isclose(judge.expected_second(call), exact)
    assert judge.judge_second(call, ours()).kind == "right"
    assert judge.judge_second(call, engine(lambda x: x * x, value=np.sum)).kind == "wrong"


@pytest.mark.parametrize("call", SAMPLE[::3], ids=lambda call: call.line)
def test_second_derivatives_of_ours_are_right_or_refused(call):
    if ("special." in call.line and not SCIPY) or call.family == "edges":  # kinks have first slopes only
        pytest.skip("needs SciPy, or has a kink on the way")
    assert judge.judge_second(call, ours()).kind != "wrong"


def test_what_raises_is_refused_or_has_no_rule():
    def refuses(x):
        raise TypeError("no such thing")

    assert judge.judge(Call("", "np.sin(x)"), engine(refuses)).kind == "refused"
    assert judge.judge(Call("", "np.sin(x)"), engine(refuses, missing=("no such",))).kind == "no rule"


@pytest.mark.parametrize("line", ["np.abs(zero)", "np.sign(zero)", "np.maximum(tied, 0.8)", "np.sort(tied)"])
def test_a_kink_is_not_judged(line):
    with pytest.raises(judge.NoDerivative):
        judge.expected(Call("", line))


@pytest.mark.parametrize("program", times.PROGRAMS, ids=lambda program: program.name)
def test_what_is_timed_computes_the_same_in_all_of_our_ways(program, monkeypatch):
    monkeypatch.setattr(times, "compiler", lambda: None)  # C has tests of its own, and takes its time
    found, refused = times.contestants(program, {"ours": ours()})
    assert set(found) | set(refused) == {"ours", "by backward()", "compiled"}
