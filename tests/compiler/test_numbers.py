"""Numbers of Python's that a step makes, as draws without a size are, and counts: they take on the dtype of
what they meet, in a compiled step as in NumPy.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.compiler import cache

pytestmark = pytest.mark.usefixtures("quick_c")
X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
BACKENDS = ["numpy", *(["c"] if cache.compiler() else [])]

# fmt: off
DRAWS = [
    lambda r: r.random(), lambda r: r.uniform(-1, r.random()), lambda r: r.beta(0.4, 0.4), lambda r: abs(r.normal()),
    lambda r: r.standard_normal(dtype=np.float32) ** 2, lambda r: r.poisson(3.0), lambda r: r.integers(1, 4),
    lambda r: r.choice([0.1, 0.2]), lambda r: (1 - r.random()) / 2 + r.random() * 2, lambda r: np.sqrt(r.random()),
    lambda r: -r.gamma(2.0) * 3 // 2, lambda r: 2 ** r.random() % 0.7, lambda r: np.count_nonzero(r.random() < X) + 1,
    lambda r: np.multiply(2.0, r.random()), lambda r: sum([r.random(), r.random()]),
]
USES = [
    lambda x, s: x * s, lambda x, s: (1 - s) * x[::-1] + s * x, lambda x, s: x / s, lambda x, s: x**s,
    lambda x, s: np.where(x > 0, x, s), lambda x, s: np.clip(x, -1, s), lambda x, s: np.maximum(s, x),
    lambda x, s: np.full_like(x, s) * x, lambda x, s: x if s > 0.5 else -x, lambda x, s: np.stack([x, x * s]),
    lambda x, s: np.multiply(x, s, dtype=float), lambda x, s: np.sum(x) / s,
    lambda x, s: np.arange(3, dtype=np.int8) * s, lambda x, s: s * x.astype(float) - s, lambda x, s: x * s * s,
]
MAKE_ARRAYS = [  # of numbers first, whose dtypes give way no more
    lambda x, s: np.dot(x, s), lambda x, s: np.dot(s, x), lambda x, s: np.inner(x, s), lambda x, s: np.add.outer(x, s),
    lambda x, s: np.multiply.outer(s, x), lambda x, s: np.outer(x, s), lambda x, s: np.kron(x, s), lambda x, s: np.vdot(x[0, :1], s),
    lambda x, s: np.select([x > 1], [x], s), lambda x, s: np.append(x, s), lambda x, s: np.insert(x, 1, s),
    lambda x, s: np.hstack([x[0], s]), lambda x, s: np.stack([x[0, 0], s]), lambda x, s: np.diff(x, prepend=s),
    lambda x, s: np.tensordot(x, s, 0), lambda x, s: np.polyval(x[0], s), lambda x, s: np.trapezoid(x, dx=s),
    lambda x, s: np.sum(x, initial=s), lambda x, s: np.hypot(x, s), lambda x, s: np.pad(x, 1, constant_values=s),
    lambda x, s: x * np.ravel(s), lambda x, s: np.logaddexp(s, x), lambda x, s: tg.mse_loss(x, s * x),
]
# fmt: on


def numbers(draw, use, wrap):
    """What some steps return, and the gradients of others."""
    rng, weight = np.random.default_rng(0), nn.Parameter(X[0])

    def learning(x):
        weight.grad = None
        loss = np.sum(use(weight * x, draw(rng)))
        loss.backward()
        return loss, weight.grad

    plain, learning = wrap(lambda x: use(x, draw(rng))), wrap(learning)
    with np.errstate(all="ignore"):
        found = [plain(np.abs(X) + i) for i in range(3)]
        if getattr(use(weight * np.abs(X), 1.0), "requires_grad", False):
            found += [np.array(a.detach()) for i in range(3) for a in learning(np.abs(X) + i)]
    return [np.array(a) for a in found]


@pytest.mark.parametrize("use", range(len(USES)))
def test_numbers_have_the_dtype_of_what_they_meet(use):
    for i, draw in enumerate(DRAWS):
        expected = numbers(draw, USES[use], lambda step: step)
        for backend in BACKENDS if i in (0, 12) else BACKENDS[:1]:
            found = numbers(draw, USES[use], lambda step: tg.compile(step, backend=backend))  # noqa: B023
            for a, b in zip(found, expected, strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_allclose(
                    a, b, 1e-6 if backend == "c" else 0, err_msg=f"draw {i}, {backend}"
                )


@pytest.mark.parametrize("use", range(len(MAKE_ARRAYS)))
def test_numbers_that_become_arrays_have_their_dtype(use):
    for draw in DRAWS[0], DRAWS[5]:
        expected = numbers(draw, MAKE_ARRAYS[use], lambda step: step)
        for a, b in zip(numbers(draw, MAKE_ARRAYS[use], tg.compile), expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def test_a_wrong_label_of_the_first_batch_is_the_losses_own_error():
    weight = nn.Parameter(X)
    step = tg.compile(lambda x, y: tg.softmax_cross_entropy(weight * x, y))
    with pytest.raises(tg.errors.ArgumentError, match="class label 3 is outside"):
        step(X, np.array([0, 1, 3, 0, 1]))
    assert step(X, np.array([0, 1, 2, 0, 1])) == tg.softmax_cross_entropy(
        weight * X, np.array([0, 1, 2, 0, 1])
    )
