"""A saved step is called as the compiled one, and its arguments are called as a reader calls them."""

import inspect
import runpy
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_edu as tg

ONES = np.ones(3)


class Pair(NamedTuple):
    first: np.ndarray
    second: float


def scaled(x, by=None, *rest, mode="up", flag=True, power=2.0):
    y = x if by is None else x * by
    y = y**power if flag and mode == "up" else -y
    return y + sum(rest) if rest else y


def saved(step, tmp_path):
    return runpy.run_path(str(step.save(tmp_path / "saved")[0]))[step.__name__]


@pytest.mark.parametrize(
    ("args", "kwargs", "signature"),
    [
        ((ONES,), {}, "(x)"),
        ((ONES, 0.5), {}, "(x, by=0.5)"),
        ((ONES, None), {"flag": False}, "(x, by=None, flag=False)"),
        ((ONES, 2, ONES), {"mode": "up"}, "(x, by, x2, mode='up')"),
        ((), {"x": ONES, "power": np.inf, "by": ONES}, "(x, power, by)"),
        ((ONES,), {"power": -np.inf}, "(x, power=-inf)"),
    ],
)
def test_a_saved_step_is_called_as_the_compiled_one(args, kwargs, signature, tmp_path):
    step = tg.compile(scaled)
    step(*args, **kwargs)
    again = saved(step, tmp_path)
    assert str(inspect.signature(again)) == signature
    np.testing.assert_array_equal(again(*args, **kwargs), scaled(*args, **kwargs))


@pytest.mark.parametrize("other", [2, 3.0, np.float64(2), np.float32(2), True, None, "2", ONES])
def test_what_it_was_traced_for_is_looked_at(other, tmp_path):
    @tg.compile
    def step(x, by):
        return x * by

    step(ONES, 2.0)
    with pytest.raises(ValueError, match=r"step was saved for by = 2\.0; got "):
        saved(step, tmp_path)(ONES, other)


def test_arguments_have_their_names():
    def step(batch, pair, out):
        return batch["image"] * batch["label"][0] + pair.first * pair.second + out

    step = tg.compile(step)
    step({"image": ONES, "label": [ONES]}, pair=Pair(ONES, 2.0), out=ONES)
    head = "def step(batch_image, batch_label_0, pair_first, out):"
    assert head in step.lesson()
    assert "pair_first" in step.source


def test_arguments_may_have_names_of_the_text(tmp_path):
    @tg.compile
    def step(x, lr=0.5, t=2, numbers=True, math="m"):
        return x * lr + t

    step(ONES, lr=0.5, t=2, numbers=True, math="m")
    again = saved(step, tmp_path)
    np.testing.assert_array_equal(again(ONES, lr=0.5, t=2, numbers=True, math="m"), ONES * 0.5 + 2)
    with pytest.raises(ValueError, match=r"step was saved for lr = 0\.5; got 0\.1"):
        again(ONES, lr=0.1)


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_saved_step_draws_on_with_all_kinds_of_bits(bits, tmp_path):
    rng = np.random.Generator(getattr(np.random, bits)(5))

    @tg.compile
    def step(x):
        return x + rng.random(3) + rng.normal(size=3)

    step(ONES)
    again = saved(step, tmp_path)
    for _ in range(3):
        np.testing.assert_array_equal(again(ONES), step(ONES))
