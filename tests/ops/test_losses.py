"""Losses beside their formulas, at kinks, far out and where rounding counts."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.ops.losses import cross_entropy, divergence
from tinygrad_edu.ops.losses.classes import LARGE

# ---- values ------------------------------------------------------------------------------------------------


RNG = np.random.default_rng(0)
X, T, U = RNG.normal(size=(3, 5, 4)) * 2
P, Q = RNG.uniform(0.05, 0.95, (2, 5, 4))
R = P / P.sum(-1, keepdims=True)
Y, S, W = RNG.integers(0, 4, 5), np.sign(U), RNG.uniform(0.5, 2, 4)
Y[0] = 3
E = X - T
LOG_P = X - np.log(np.exp(X).sum(-1, keepdims=True))
EACH, OTHERS = np.arange(5), np.arange(4) != Y[:, None]
BEHIND = np.maximum(0, 0.75 - X[EACH, Y][:, None] + X)
COSINE = [x @ t / np.sqrt(x @ x * (t @ t)) for x, t in zip(X, T)]


N = np.array([[0, 1, 2, 3], [1, 1, 0.5, 7], [0, 0, 1, 50], [1.5, 4, 4, 2], [9, 0, 3, 1]])
RIGHT = [[3, 0], [], [0, 1, 2, 3], [2], [1, 3, 0]]
SEVERAL = np.array([(right + [-1] + [0] * 4)[:4] for right in RIGHT])  # what follows -1 does not count


def stirling(n):
    return n * np.log(n) - n + np.log(2 * np.pi * n) / 2 if n > 1 else 0


def distance(a, b, p, eps=0.0):
    return np.array([np.linalg.norm(x - y + eps, p) for x, y in zip(a, b)])


VALUES = {
    "mse": (lambda: tg.mse_loss(X, T, reduction="none"), E**2),
    "half squared error": (lambda: tg.half_squared_error(X, T, reduction="none"), E**2 / 2),
    "l1": (lambda: tg.l1_loss(X, T, reduction="none"), abs(E)),
    "huber": (
        lambda: tg.huber_loss(X, T, delta=1.5, reduction="none"),
        np.where(abs(E) <= 1.5, E**2 / 2, 1.5 * (abs(E) - 0.75)),
    ),
    "smooth l1": (
        lambda: tg.smooth_l1_loss(X, T, beta=1.5, reduction="none"),
        np.where(abs(E) <= 1.5, E**2 / 3, abs(E) - 0.75),
    ),
    "nll": (lambda: tg.nll_loss(LOG_P, Y, weight=W, reduction="none"), -W[Y] * LOG_P[EACH, Y]),
    "nll, mean": (lambda: tg.nll_loss(LOG_P, Y, weight=W), -(W[Y] * LOG_P[EACH, Y]).sum() / W[Y].sum()),
    "cross-entropy": (
        lambda: tg.softmax_cross_entropy(X, Y, weight=W, reduction="none"),
        -W[Y] * LOG_P[EACH, Y],
    ),
    "cross-entropy of rows": (
        lambda: tg.softmax_cross_entropy(X, R, weight=W, label_smoothing=0.2),
        -(W * (0.8 * R + 0.05) * LOG_P).sum(-1).mean(),
    ),
    "bce": (
        lambda: tg.binary_cross_entropy(P, Q, weight=W, reduction="none"),
        -W * (Q * np.log(P) + (1 - Q) * np.log(1 - P)),
    ),
    "bce with logits": (
        lambda: tg.binary_cross_entropy_with_logits(X, Q, weight=P, pos_weight=W, reduction="none"),
        P * (W * Q * np.log(1 + np.exp(-X)) + (1 - Q) * np.log(1 + np.exp(X))),
    ),
    "kl": (lambda: tg.kl_div(np.log(P), Q, reduction="batchmean"), (Q * np.log(Q / P)).sum() / 5),
    "kl of logarithms": (
        lambda: tg.kl_div(np.log(P), np.log(Q), log_target=True),
        (Q * np.log(Q / P)).mean(),
    ),
    "hinge": (lambda: tg.hinge_loss(X, S, margin=0.75, reduction="none"), np.maximum(0, 0.75 - S * X)),
    "squared hinge": (
        lambda: tg.hinge_loss(X, S, squared=True, reduction="none"),
        np.maximum(0, 1 - S * X) ** 2,
    ),
    "multi margin": (
        lambda: tg.multi_margin_loss(X, Y, margin=0.75, reduction="none"),
        (BEHIND * OTHERS).sum(-1) / 4,
    ),
    "multi margin, p = 2": (
        lambda: tg.multi_margin_loss(X, Y, p=2, margin=0.75, weight=W),
        (W[Y] * (BEHIND**2 * OTHERS).sum(-1) / 4).mean(),
    ),
    "soft margin": (lambda: tg.soft_margin_loss(X, S, reduction="none"), np.log(1 + np.exp(-S * X))),
    "multilabel margin": (
        lambda: tg.multilabel_margin_loss(X, SEVERAL, reduction="none"),
        [
            sum(max(0, 1 - x[i] + x[j]) for i in right for j in range(4) if j not in right) / 4
            for x, right in zip(X, RIGHT)
        ],
    ),
    "multilabel soft margin": (
        lambda: tg.multilabel_soft_margin_loss(X, Q, weight=W, reduction="none"),
        (W * (Q * np.log(1 + np.exp(-X)) + (1 - Q) * np.log(1 + np.exp(X)))).mean(-1),
    ),
    "hinge embedding": (
        lambda: tg.hinge_embedding_loss(X, S, margin=0.75, reduction="none"),
        np.where(S == 1, X, np.maximum(0, 0.75 - X)),
    ),
    "margin ranking": (
        lambda: tg.margin_ranking_loss(X, T, S, margin=0.75, reduction="none"),
        np.maximum(0, 0.75 - S * (X - T)),
    ),
    "poisson": (lambda: tg.poisson_nll_loss(X, N, reduction="none"), np.exp(X) - N * X),
    "poisson, of rates": (
        lambda: tg.poisson_nll_loss(P, N, log_input=False, eps=0.125, reduction="none"),
        P - N * np.log(P + 0.125),
    ),
    "poisson, full": (
        lambda: tg.poisson_nll_loss(X, N, full=True, reduction="none"),
        np.exp(X) - N * X + [[stirling(n) for n in row] for row in N],
    ),
    "gaussian": (lambda: tg.gaussian_nll_loss(X, T, P, reduction="none"), (np.log(P) + E**2 / P) / 2),
    "gaussian, full": (
        lambda: tg.gaussian_nll_loss(X, T, P, full=True, reduction="none"),
        -np.log(np.exp(-(E**2) / (2 * P)) / np.sqrt(2 * np.pi * P)),
    ),
    "gaussian, of no variance": (
        lambda: tg.gaussian_nll_loss([1.0, 1.0], [1.0, 1.5], [0.0, 1e-3], eps=1e-2, reduction="none"),
        [np.log(1e-2) / 2, np.log(1e-2) / 2 + 12.5],
    ),
    "cosine embedding, alike": (
        lambda: tg.cosine_embedding_loss(X, T, np.ones(5), reduction="none"),
        1 - np.array(COSINE),
    ),
    "cosine embedding, not": (
        lambda: tg.cosine_embedding_loss(X, T, -np.ones(5), margin=-0.3, reduction="none"),
        np.maximum(0, np.array(COSINE) + 0.3),
    ),
    "cosine embedding, of zeros": (
        lambda: tg.cosine_embedding_loss(np.zeros((1, 2)), np.ones((1, 2)), [1]),
        1,
    ),
    "cosine embedding, of nearly zeros": (
        lambda: tg.cosine_embedding_loss([[1e-6, 0.0]], [[1.0, 0.0]], [1]),
        1 - 0.5**0.5,
    ),
    **{
        f"triplet margin, p = {p}": (
            lambda p=p: tg.triplet_margin_loss(X, T, U, margin=9, p=p, eps=0.1, reduction="none"),
            np.maximum(0, distance(X, T, p, 0.1) - distance(X, U, p, 0.1) + 9),
        )
        for p in (1, 2, 3, np.inf)
    },
    "triplet margin, of equal points": (
        lambda: tg.triplet_margin_loss([1.0, 2.0], [1.0, 2.0], [1.0, 2.5], eps=0),
        0.5,
    ),
    "triplet margin, swapped": (
        lambda: tg.triplet_margin_loss(X, T, U, swap=True, eps=0, reduction="none"),
        np.maximum(0, distance(X, T, 2) - np.minimum(distance(X, U, 2), distance(T, U, 2)) + 1),
    ),
}


@pytest.mark.parametrize(("actual", "expected"), VALUES.values(), ids=VALUES)
def test_values_are_their_formulas(actual, expected):
    np.testing.assert_allclose(actual(), expected, rtol=1e-10)


# ---- kinks, zeros, large numbers ---------------------------------------------------------------------------


GRADIENTS = {
    "l1 at 0": (lambda x: tg.l1_loss(x, [1.0], reduction="sum"), [1.0], [0]),
    "smooth l1, beta 0, at 0": (lambda x: tg.smooth_l1_loss(x, [1.0], beta=0, reduction="sum"), [1.0], [0]),
    "huber at ±delta": (
        lambda x: tg.huber_loss(x, [0.0, 0.0], delta=2, reduction="sum"),
        [2.0, -2.0],
        [2, -2],
    ),
    "hinge": (lambda x: tg.hinge_loss(x, [1, -1], reduction="sum"), [1.0, -1.0], [0, 0]),
    "multi margin": (lambda x: tg.multi_margin_loss(x, [0], reduction="sum"), [[2.0, 1.0, 0.0]], [[0, 0, 0]]),
    "multilabel margin": (
        lambda x: tg.multilabel_margin_loss(x, [[0, -1, -1]], reduction="sum"),
        [[2.0, 1.0, 1.5]],
        [[-1 / 3, 0, 1 / 3]],
    ),
    "a label named twice": (
        lambda x: tg.multilabel_margin_loss(x, [[0, 0, -1]], reduction="sum"),
        [[0.0, 0.0, 0.5]],
        [[-4 / 3, 2 / 3, 2 / 3]],
    ),
    "hinge embedding": (
        lambda x: tg.hinge_embedding_loss(x, [-1, -1, 1, 1], reduction="sum"),
        [1.0, 0.5, 0.0, -3.0],
        [0, -1, 1, 1],
    ),
    "ranking": (
        lambda x: tg.margin_ranking_loss(x, [1.0, 1.0], [1, -1], reduction="sum"),
        [1.0, 2.0],
        [0, 1],
    ),
    "soft margin": (
        lambda x: tg.soft_margin_loss(x, [1, 1, -1], reduction="sum"),
        [1000.0, -1000.0, 0.0],
        [0, -1, 0.5],
    ),
    "several logits": (
        lambda x: tg.multilabel_soft_margin_loss(x, [[1, 0, 0]]),
        [[-1000.0, 1000.0, -1000.0]],
        [[-1 / 3, 1 / 3, 0]],
    ),
    "no rate": (
        lambda x: tg.poisson_nll_loss(x, [0.0, 2.0], log_input=False, eps=0.5, reduction="sum"),
        [0.0, 0.0],
        [1, -3],
    ),
    "no counts, full": (
        lambda x: tg.poisson_nll_loss(x, [0.0, 1.0], full=True, reduction="sum"),
        [0.0, 0.0],
        [1, 0],
    ),
    "variance below the least": (
        lambda x: tg.gaussian_nll_loss([1.0, 1.0], [1.0, 2.0], x, eps=0.5, reduction="sum"),
        [0.0, 0.25],
        [1, -1],
    ),
    "cosine": (lambda x: tg.cosine_embedding_loss(x, [[0.0, 1.0]], [-1]), [[1.0, 0.0]], [[0, 0]]),
    "triplet": (lambda x: tg.triplet_margin_loss(x, [[1.0]], [[3.0]], eps=0), [[1.5]], [[0]]),
    "triplet, anchor = positive": (
        lambda x: tg.triplet_margin_loss(x, [[1.0, 2.0]], [[1.0, 2.5]], eps=0),
        [[1.0, 2.0]],
        [[0, 1]],
    ),
    "triplet, p = 3, anchor = positive": (
        lambda x: tg.triplet_margin_loss(x, [[1.0, 2.0]], [[1.0, 2.5]], eps=0, p=3),
        [[1.0, 2.0]],
        [[0, 1]],
    ),
    "certain and right": (
        lambda x: tg.binary_cross_entropy(x, [0.0, 1.0], reduction="sum"),
        [0.0, 1.0],
        [1, -1],
    ),
    "certain and wrong": (
        lambda x: tg.binary_cross_entropy(x, [1.0, 0.0], reduction="sum"),
        [0.0, 1.0],
        [-1e12, 1e12],
    ),
    "logits": (
        lambda x: tg.binary_cross_entropy_with_logits(x, [1, 0, 0.5], reduction="sum"),
        [1000.0, -1000.0, 1000.0],
        [0, 0, 0.5],
    ),
    "huber": (lambda x: tg.huber_loss(x, [0.0, 0.0], reduction="sum"), [1e300, -1e300], [1, -1]),
    "smoothed": (
        lambda x: tg.softmax_cross_entropy(x, [1], label_smoothing=0.5),
        [[1000.0, -1000.0]],
        [[0.75, -0.75]],
    ),
    "no logits in a row left out": (
        lambda x: tg.softmax_cross_entropy(x, [0, -100]),
        [[0.0, 0.0], [np.nan, np.nan]],
        [[-0.5, 0.5], [0, 0]],
    ),
    "masked and smoothed row": (
        lambda x: tg.softmax_cross_entropy(x, [[1.0, 0.0]]),
        [[0.0, -np.inf]],
        [[0, 0]],
    ),
    "triplet, positive = negative": (
        lambda x: tg.triplet_margin_loss([[0.5, 0.5]], x, [[1.0, 2.0]], eps=0, swap=True),
        [[1.0, 2.0]],
        [[0.5 / 2.5**0.5, 1.5 / 2.5**0.5]],
    ),
    "divergence": (lambda x: tg.kl_div(x, [[1.0, 0.0]], reduction="sum"), [[0.0, -np.inf]], [[-1, 0]]),
    "divergence of logarithms": (
        lambda x: tg.kl_div(x, [[0.0, -np.inf]], log_target=True, reduction="sum"),
        [[0.0, -np.inf]],
        [[-1, 0]],
    ),
}


@pytest.mark.parametrize(("loss", "x", "gradient"), GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_at_kinks_and_far_out(loss, x, gradient):
    x = tg.Tensor(x, requires_grad=True)
    value = loss(x)
    assert np.isfinite(value.item())
    value.backward()
    np.testing.assert_allclose(x.grad.data, gradient, rtol=1e-12, atol=0)


@pytest.mark.parametrize("log_target", [False, True])
def test_what_a_prediction_excludes_and_the_target_does_not_is_infinitely_far(log_target):
    log_q, p = tg.Tensor([[0.0, -np.inf]], requires_grad=True), np.array([[0.25, 0.75]])
    losses = tg.kl_div(log_q, np.log(p) if log_target else p, log_target=log_target, reduction="none")
    np.testing.assert_allclose(losses.data, [[0.25 * np.log(0.25), np.inf]], rtol=1e-12)
    losses.sum().backward()
    np.testing.assert_allclose(log_q.grad.data, -p, rtol=1e-12)


def test_certain_and_wrong_costs_100():
    np.testing.assert_array_equal(
        tg.binary_cross_entropy([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], reduction="none"),
        [100, 100, 0, 0],
    )


def test_small_losses_of_logits_are_exact():
    z = np.array([40.0, -40.0])
    np.testing.assert_allclose(
        tg.binary_cross_entropy_with_logits(z, [1.0, 0.0], reduction="none"),
        np.log1p(np.exp(-40.0)),
        rtol=1e-14,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_rounding_adds_to_a_probability_counts_as_certain(dtype):
    beyond = np.nextafter(dtype([1, 1, 0, 0]), dtype([2, 2, -1, -1]))
    p = tg.Tensor(beyond, requires_grad=True)
    losses = tg.binary_cross_entropy(p, [1.0, 0.0, 1.0, 0.0], reduction="none")
    np.testing.assert_array_equal(losses.detach().numpy(), dtype([0, 100, 100, 0]))
    np.sum(losses).backward()
    np.testing.assert_allclose(p.grad.numpy(), [-1, 1e12, -1e12, 1], rtol=1e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "of logits"])
def test_the_fused_cross_entropy_equals_its_composition_to_the_third_derivative(reduction):
    rng = np.random.default_rng(0)
    z, labels, w = rng.standard_normal((70, 4)), rng.integers(0, 4, 70), rng.standard_normal((2, 70, 4))

    hit = labels[:, None] == np.arange(4)

    def fused(x):
        if reduction == "of logits":
            return divergence.cross_entropy_of_logits(x, hit * 1.0)
        return cross_entropy.cross_entropy_of_labels(x, hit, reduction)

    def plain(x):
        if reduction == "of logits":
            return divergence.plain_cross_entropy_of_logits(x, hit)
        return cross_entropy.plain_cross_entropy_of_labels(x, hit, reduction)

    def derivatives(f):
        first = tg.grad(lambda x: np.sum(f(x) ** 2))
        second = tg.grad(lambda x: np.sum(first(x) * w[0]))
        third = tg.grad(lambda x: np.sum(second(x) * w[1]))
        return f(z), first(z).data, second(z).data, third(z).data

    for one, other in zip(derivatives(fused), derivatives(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-13)


# ---- many labels: by their places, where a mask of them is slower ------------------------------------------

MANY_X = np.random.default_rng(1).normal(0, 2, (LARGE // 16, 20))
MANY_Y = np.random.default_rng(2).integers(0, 20, len(MANY_X))


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_many_labels_give_the_bits_of_their_mask(reduction, dtype, kind):
    x, y = MANY_X.astype(dtype), MANY_Y.astype(kind)
    found = []
    for loss in (
        lambda x: tg.softmax_cross_entropy(x, y, reduction=reduction),
        lambda x: cross_entropy.cross_entropy_of_labels(x, y[:, None] == np.arange(20), reduction),
    ):
        t = tg.Tensor(x, requires_grad=True)
        out = loss(t)
        out.backward(np.linspace(-1, 1, out.size).astype(dtype).reshape(out.shape))
        found.append((out.detach().numpy(), t.grad.numpy()))
    for a, b in zip(*found):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_array_equal(a, b)


def test_many_labels_have_gradients_of_gradients():
    direction = np.random.default_rng(3).normal(size=MANY_X.shape)
    (second,) = tg.hvp(
        lambda x: tg.softmax_cross_entropy(x, MANY_Y, reduction="sum"), (MANY_X,), (direction,)
    )
    p = np.exp(MANY_X) / np.exp(MANY_X).sum(-1, keepdims=True)
    np.testing.assert_allclose(second, p * (direction - (p * direction).sum(-1, keepdims=True)), atol=1e-12)


def test_many_labels_are_checked_and_left_out():
    y = MANY_Y.copy()
    y[7] = 20
    with pytest.raises(tg.errors.ArgumentError, match="class label 20 is outside"):
        tg.softmax_cross_entropy(MANY_X, y)
    y[7] = -100
    kept = np.arange(len(y)) != 7
    np.testing.assert_allclose(
        tg.softmax_cross_entropy(MANY_X, y), tg.softmax_cross_entropy(MANY_X[kept], y[kept]), rtol=1e-12
    )


@pytest.mark.parametrize("shape", [(700, 200), (3, 300, 150)], ids=str)
def test_the_rule_of_log_softmax_of_many_rows(shape):
    x, g = np.random.default_rng(0).normal(size=(2, *shape))
    t = tg.Tensor(x, requires_grad=True)
    tg.log_softmax(t).backward(g)
    p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    np.testing.assert_allclose(t.grad.data, g - p * g.sum(-1, keepdims=True), atol=1e-12)
