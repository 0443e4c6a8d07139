"""Examples print the same with their steps compiled; ``python -m tests.compiler.examples`` runs all."""

import numpy as np

import tinygrad_edu as tg

from .examples import EXAMPLES, printed


def test_an_example_prints_the_same():
    expected, _, _ = printed(EXAMPLES / "spiral.py", [], False)
    found, steps, made = printed(EXAMPLES / "spiral.py", [], True)
    assert found == expected
    assert steps == 1
    assert all(step.specializations and not step.eager for step in made)


def test_places_that_shapes_decide_stay_plain():
    slope = tg.grad(lambda x: (tg.interpolate(x, scale_factor=1.5, mode="bilinear") ** 2).sum())
    compiled, x = tg.compile(slope), np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    for k in range(3):
        np.testing.assert_array_equal(compiled(x + k), slope(x + k))
