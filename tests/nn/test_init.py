"""Initializers: bounds, moments, orthogonality, and what they are for: signals
that keep their size through many layers.
"""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.nn import init

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def check_moments(w, mean, std):
    """Within five standard errors: of the mean, and of the standard deviation (whose own is less than
    std/√(2n) for these).
    """
    assert abs(w.mean(dtype=float) - mean) < 5 * std / math.sqrt(w.size)
    np.testing.assert_allclose(w.std(dtype=float), std, rtol=5 / math.sqrt(w.size))


def density(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def distribution(x):
    return math.erfc(-x / math.sqrt(2)) / 2


# ---- bounds and moments ------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize(
    ("draw", "bound", "std"),
    [
        (init.xavier_uniform, math.sqrt(6 / 1500), math.sqrt(2 / 1500)),
        (init.xavier_normal, math.inf, math.sqrt(2 / 1500)),
        (init.he_uniform, math.sqrt(6 / 500), math.sqrt(2 / 500)),
        (init.he_normal, math.inf, math.sqrt(2 / 500)),
        (init.lecun_uniform, math.sqrt(3 / 500), math.sqrt(1 / 500)),
        (init.lecun_normal, math.inf, math.sqrt(1 / 500)),
        (
            lambda shape, **k: init.he_uniform(shape, mode="fan_out", **k),
            math.sqrt(6 / 1000),
            math.sqrt(2 / 1000),
        ),
        (
            lambda shape, **k: init.he_normal(shape, mode="fan_out", gain=1.0, **k),
            math.inf,
            math.sqrt(1 / 1000),
        ),
        (lambda shape, **k: init.he_normal(shape, gain="tanh", **k), math.inf, 5 / 3 / math.sqrt(500)),
        (
            lambda shape, **k: init.xavier_uniform(shape, gain="relu", **k),
            math.sqrt(12 / 1500),
            math.sqrt(4 / 1500),
        ),
        (lambda shape, **k: init.xavier_normal(shape, gain=0.5, **k), math.inf, math.sqrt(0.5 / 1500)),
    ],
)
def test_initializers_have_their_bounds_and_moments(draw, bound, std, dtype):  # Y14
    w = draw((1000, 500), rng=0, dtype=dtype)
    assert w.shape == (1000, 500)
    assert w.dtype == dtype
    assert np.abs(w).max() <= bound
    assert np.isinf(bound) or np.abs(w).max() > 0.999 * bound
    check_moments(w, 0, std)


def test_linear_draws_from_pytorchs_default():  # Y14
    layer = nn.Linear(500, 1000, rng=0)
    for p in layer.parameters():
        assert 0.99 / np.sqrt(500) < np.abs(p.data).max() <= 0.0447213596
    assert not nn.Linear(3, 2, init=nn.init.he_normal).bias.data.any()


@pytest.mark.parametrize(
    ("draw", "std"),
    [
        (init.he_normal, math.sqrt(2 / (20 * 9))),
        (lambda shape, **k: init.he_normal(shape, mode="fan_out", **k), math.sqrt(2 / (40 * 9))),
        (init.lecun_uniform, math.sqrt(1 / (20 * 9))),
        (init.xavier_normal, math.sqrt(2 / (60 * 9))),
    ],
)
def test_the_fans_of_a_convolution_count_its_kernel(draw, std):
    check_moments(draw((40, 20, 3, 3), rng=0), 0, std)
    assert init.fans((40, 20, 3, 5)) == (300, 600)


@dtypes
def test_plain_distributions_have_their_moments(dtype):
    kwargs = {"rng": 0, "dtype": dtype}
    w = init.normal((500, 400), mean=3.0, std=0.5, **kwargs)
    check_moments(w, 3, 0.5)
    assert abs(np.mean(((w - 3) / 0.5) ** 4) - 3) < 0.1  # of a normal; a uniform one has 9/5
    u = init.uniform((500, 400), low=-1.0, high=3.0, **kwargs)
    check_moments(u, 1, 4 / math.sqrt(12))
    assert -1 <= u.min() < -0.999
    assert 2.999 < u.max() <= 3
    assert init.normal((2,), std=0.0, mean=2.0).tolist() == [2, 2]
    assert np.array_equal(init.zeros((2, 3), **kwargs), np.zeros((2, 3)))
    assert np.array_equal(init.ones((2, 3), **kwargs), np.ones((2, 3)))
    assert np.array_equal(init.constant((2, 3), value=0.5, **kwargs), np.full((2, 3), 0.5))
    for a in (
        w,
        u,
        init.zeros((1,), **kwargs),
        init.ones((1,), **kwargs),
        init.constant((1,), value=1, **kwargs),
    ):
        assert a.dtype == dtype


# ---- the truncated normal ----------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize(
    ("mean", "std", "low", "high"),
    [
        (0.0, 1.0, -2.0, 2.0),
        (0.0, 0.02, -2.0, 2.0),  # bounds are absolute: nothing is cut
        (1.0, 2.0, -1.0, 2.0),
        (0.0, 1.0, -0.5, 0.5),  # narrower than the bell: the proposals are uniform
        (0.0, 1.0, 3.0, 4.0),  # in the upper tail, in the lower, and far out there without an end
        (0.0, 1.0, -6.0, -2.0),
        (-1.0, 0.5, 2.0, math.inf),
        (0.0, 1.0, 0.0, math.inf),
        (0.0, 1.0, -math.inf, math.inf),
    ],
)
def test_truncated_normal_has_its_bounds_and_moments(mean, std, low, high, dtype):
    w = init.truncated_normal((200, 500), mean=mean, std=std, low=low, high=high, rng=0, dtype=dtype)
    assert w.shape == (200, 500)
    assert w.dtype == dtype
    assert low <= w.min() < w.max() <= high
    a, b = (low - mean) / std, (high - mean) / std
    mass = distribution(b) - distribution(a) if a < 0 else distribution(-a) - distribution(-b)
    slant = (density(b) - density(a)) / mass
    ends = sum(sign * end * density(end) for sign, end in ((1, b), (-1, a)) if math.isfinite(end)) / mass
    expected_std = std * math.sqrt(1 - ends - slant**2)
    assert abs(w.mean(dtype=float) - (mean - std * slant)) < 5 * expected_std / math.sqrt(w.size)
    np.testing.assert_allclose(w.std(dtype=float), expected_std, rtol=0.015)


def test_truncated_normal_at_two_deviations_has_the_variance_in_its_docstring():
    np.testing.assert_allclose(init.truncated_normal((1000, 1000), rng=0).var(dtype=float), 0.774, atol=0.003)


def test_truncated_normal_is_distributed_as_it_should_be():
    """The largest distance between empirical and true distribution function (Kolmogorov):
    1.95/√n is passed once in a thousand.
    """
    for low, high in ((-1.0, 3.0), (-0.3, 0.4), (2.0, 2.5)):
        w = np.sort(init.truncated_normal((20_000,), low=low, high=high, rng=1, dtype=np.float64))
        f = np.array(
            [(distribution(x) - distribution(low)) / (distribution(high) - distribution(low)) for x in w]
        )
        assert np.abs(f - (np.arange(w.size) + 0.5) / w.size).max() < 1.95 / math.sqrt(w.size)


# ---- orthogonal --------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 2, 3, 3), (40, 2, 3, 3), (1, 5), (5, 1)])
def test_orthogonal_rows_or_columns(shape, dtype):
    w = init.orthogonal(shape, gain=2.0, rng=0, dtype=dtype)
    assert w.shape == shape
    assert w.dtype == dtype
    m = w.reshape(shape[0], -1).astype(float) / 2
    m = m if m.shape[0] <= m.shape[1] else m.T
    np.testing.assert_allclose(m @ m.T, np.eye(len(m)), atol=10 * np.finfo(dtype).eps)


def test_orthogonal_is_uniform_over_all_such_matrices():
    """Entries of a uniform one have mean 0 and variance 1/n, and the trace variance 1.

    QR as it comes fails: its diagonals lean.
    """
    rng = np.random.default_rng(0)
    w = np.stack([init.orthogonal((3, 3), rng=rng, dtype=np.float64) for _ in range(4000)])
    np.testing.assert_allclose(w.mean(0), 0, atol=5 / math.sqrt(3 * 4000))
    np.testing.assert_allclose((w**2).mean(0), 1 / 3, atol=0.03)
    np.testing.assert_allclose(np.trace(w, axis1=1, axis2=2).var(), 1, atol=0.1)
    assert abs(np.linalg.det(w).mean()) < 5 / math.sqrt(4000)


def test_orthogonal_takes_the_gain_of_an_activation():
    w = init.orthogonal((3, 3), gain="relu", rng=0, dtype=np.float64)
    np.testing.assert_allclose(w @ w.T, 2 * np.eye(3), atol=1e-14)
    flipped = init.orthogonal((3, 3), gain=-1.0, rng=0, dtype=np.float64)
    np.testing.assert_allclose(flipped, -init.orthogonal((3, 3), rng=0, dtype=np.float64))


# ---- what they are for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "activation"),
    [
        (init.he_normal, tg.relu),
        (init.he_uniform, tg.relu),
        (lambda shape, **k: init.orthogonal(shape, gain="relu", **k), tg.relu),
        (
            lambda shape, **k: init.he_normal(shape, gain=init.gain("leaky_relu", 0.3), **k),
            lambda x: tg.leaky_relu(x, 0.3),
        ),
        (init.xavier_normal, lambda x: x),
        (init.lecun_normal, tg.selu),
        (init.orthogonal, lambda x: x),
    ],
)
def test_thirty_layers_keep_the_size_of_signals_and_gradients(draw, activation):
    rng = np.random.default_rng(0)
    layers = [nn.Linear(256, 256, bias=False, init=draw, rng=rng, dtype=np.float64) for _ in range(30)]
    x = tg.Tensor(rng.standard_normal((64, 256)), requires_grad=True)
    y = x
    for layer in layers:
        y = activation(layer(y))
    assert 0.4 < np.sqrt(np.mean(y.data**2)) < 2.5
    g = rng.standard_normal(y.shape)
    y.backward(g)
    # Selu's mean square slope is 1.07, and √1.07³⁰ = 2.8.
    assert 0.2 < np.sqrt(np.mean(x.grad.data**2) / np.mean(g**2)) < 3


def test_gains():
    assert init.gain("relu") == math.sqrt(2)
    assert init.gain("tanh") == 5 / 3
    assert init.gain("selu") == 3 / 4
    for name in (
        "linear",
        "identity",
        "sigmoid",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
    ):
        assert init.gain(name) == 1
    np.testing.assert_allclose(init.gain("leaky_relu", 0.2), np.sqrt(2 / 1.04))
    np.testing.assert_allclose(init.gain("leaky_relu"), np.sqrt(2 / 1.0001))


# ---- drawing, and errors -----------------------------------------------------------------------------------


DRAWS = [
    init.uniform, init.normal, init.truncated_normal, init.xavier_uniform, init.xavier_normal,
    init.he_uniform, init.he_normal, init.lecun_uniform, init.lecun_normal, init.orthogonal,
]  # fmt: skip
FAN_IN = DRAWS[5:-1]


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)
def test_seeds_and_generators(draw):
    assert np.array_equal(draw((3, 4), rng=5), draw((3, 4), rng=5))
    assert not np.array_equal(draw((3, 4), rng=5), draw((3, 4), rng=6))
    assert not np.array_equal(draw((3, 4)), draw((3, 4)))
    rng = np.random.default_rng(5)
    assert np.array_equal(draw((3, 4), rng=rng), draw((3, 4), rng=5))
    assert not np.array_equal(draw((3, 4), rng=rng), draw((3, 4), rng=5))
    with tg.seed(5):
        assert np.array_equal(draw((3, 4)), draw((3, 4), rng=5))
    np.testing.assert_array_equal(nn.Linear(4, 3, init=draw, rng=5).weight.data, draw((3, 4), rng=5))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        *(
            (
                lambda f=f: f((5,)),
                errors.ShapeError,
                r"two axes or more \(n_out, n_in, \*kernel\); got shape \(5,\)",
            )
            for f in DRAWS[3:]
        ),
        (lambda: init.normal((2,), std=-1.0), errors.ArgumentError, r"std is not negative; got -1\.0"),
        (lambda: init.normal((2,), std=math.nan), errors.ArgumentError, "std is not negative; got nan"),
        (
            lambda: init.uniform((2,), low=1.0, high=1.0),
            errors.ArgumentError,
            r"low is less than high; got 1\.0 and 1\.0",
        ),
        (lambda: init.truncated_normal((2,), std=0.0), errors.ArgumentError, r"std is positive; got 0\.0"),
        (
            lambda: init.truncated_normal((2,), low=2.0, high=-2.0),
            errors.ArgumentError,
            r"low is less than high; got 2\.0 and -2\.0",
        ),
        (
            lambda: init.he_normal((2, 2), mode="fan_avg"),
            errors.ArgumentError,
            "mode is 'fan_in' or 'fan_out'; got 'fan_avg'",
        ),
        (
            lambda: init.he_normal((2, 2), gain="swish"),
            errors.ArgumentError,
            "unknown activation 'swish'; expected one of linear,.* leaky_relu",
        ),
        (lambda: init.gain("swish"), errors.ArgumentError, "unknown activation 'swish'"),
        (lambda: init.he_normal(5), errors.ShapeError, "two axes or more .* got shape 5"),
        *(
            (lambda f=f: f((0, 0)), errors.ArgumentError, r"shape \(0, 0\) have nothing to scale them by")
            for f in DRAWS[3:-1]
        ),
        *(
            (lambda f=f: f((3, 0)), errors.ArgumentError, r"shape \(3, 0\) have nothing to scale them by")
            for f in FAN_IN
        ),
        (lambda: init.he_normal((3, 2, 0, 0)), errors.ArgumentError, r"shape \(3, 2, 0, 0\) have nothing"),
        (
            lambda: init.he_uniform((0, 3), mode="fan_out"),
            errors.ArgumentError,
            r"shape \(0, 3\) have nothing",
        ),
        *(
            (
                lambda f=f: f((3, 2), dtype=int),
                errors.DTypeError,
                "dtype is floating, as weights are; got int64",
            )
            for f in DRAWS
        ),
    ],
)
def test_errors_say_what_was_expected(call, error, says):
    with pytest.raises(error, match=says):
        call()
