"""Every loss: first and second derivatives, what it makes of wrong arguments, dtypes, kinks
and large numbers.

The derivatives are checked on points that stay away from kinks: targets and margins are moved off the grid of
sixteenths that the numbers come from, and what this does not separate is filtered.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.check.strategies import arrays, labels, shapes
from tinygrad_edu.nn.loss import Loss

OFF = 1 / 32  # between the points of the grid
REDUCTIONS = st.sampled_from(["mean", "sum", "none"])
MARGINS = st.sampled_from([0.5, 1.0, 1.75])


def signs(shape):
    return arrays(shape, low=-1, high=1, away_from=(0,), margin=1)


def some(strategy):
    return st.one_of(st.none(), strategy)


# ---- a loss, and what it is differentiated in --------------------------------------------------------------


def cross_entropy(draw, reduction):
    shape, axis = draw(shapes(1, min_side=1)), draw(st.sampled_from([0, -1]))
    logits, c = draw(arrays(shape)), shape[axis]
    assume(c > 1)  # the only class has no loss
    settings = {
        "weight": draw(some(arrays((c,), low=1 / 4))),
        "label_smoothing": draw(st.sampled_from([0.0, 0.25])),
        "axis": axis,
    }
    if draw(st.booleans()):
        rows = draw(arrays(shape, low=1 / 8, high=1))
        return nn.CrossEntropyLoss(reduction=reduction, **settings), [
            logits,
            rows / rows.sum(axis, keepdims=True),
        ]
    loss, y = labelled(
        draw, nn.CrossEntropyLoss, np.moveaxis(logits, axis, -1).shape, reduction=reduction, **settings
    )
    return (lambda z: loss(z, y)), [logits]


def negative_log_likelihood(draw, reduction):
    shape, axis = draw(shapes(1, min_side=1)), draw(st.sampled_from([0, -1]))
    log_p = draw(arrays(shape, high=-1 / 8))
    assume(shape[axis] > 1)
    weight = draw(some(arrays((shape[axis],), low=1 / 4)))
    loss, y = labelled(
        draw, nn.NLLLoss, np.moveaxis(log_p, axis, -1).shape, reduction=reduction, weight=weight, axis=axis
    )
    return (lambda x: loss(x, y)), [log_p]


def labelled(draw, module, shape, **settings):
    """A loss of class labels, and labels of which some, but not all, may be left out."""
    y = draw(labels(shape[:-1], shape[-1]))
    left_out = draw(st.sampled_from([-100, None, 0]))
    assume(left_out != 0 or y.any())
    if left_out == -100 and y.size > 1:
        y.flat[0] = -100
    return module(ignore_index=left_out, **settings), y


def multi_margin(draw, reduction):
    scores = draw(arrays(shapes(1, min_side=1)))
    assume(scores.shape[-1] > 1)
    y, weight = (
        draw(labels(scores.shape[:-1], scores.shape[-1])),
        draw(some(arrays(scores.shape[-1:], low=1 / 4))),
    )
    loss = nn.MultiMarginLoss(
        p=draw(st.sampled_from([1, 2])), margin=draw(MARGINS) + OFF, weight=weight, reduction=reduction
    )
    return (lambda x: loss(x, y)), [scores]


def binary_cross_entropy(draw, reduction):
    shape = draw(shapes(min_side=1))
    weight = draw(some(arrays(shape, low=1 / 4)))
    return nn.BCELoss(weight, reduction=reduction), [
        draw(arrays(shape, low=1 / 8, high=7 / 8)),
        draw(arrays(shape, low=1 / 8, high=7 / 8)),
    ]


def binary_cross_entropy_with_logits(draw, reduction):
    shape = draw(shapes(min_side=1))
    weight, pos_weight = draw(some(arrays(shape, low=1 / 4))), draw(some(arrays(shape[-1:], low=0)))
    return nn.BCEWithLogitsLoss(weight, pos_weight=pos_weight, reduction=reduction), [
        draw(arrays(shape)),
        draw(arrays(shape, low=1 / 8, high=7 / 8)),
    ]


def divergence(draw, reduction):
    shape, log_target = draw(shapes(1, min_side=1)), draw(st.booleans())
    if reduction == "mean":
        reduction = draw(st.sampled_from(["mean", "batchmean"]))
    target = arrays(shape, high=-1 / 8) if log_target else arrays(shape, low=1 / 8, high=7 / 8)
    return nn.KLDivLoss(log_target=log_target, reduction=reduction), [
        draw(arrays(shape, high=-1 / 8)),
        draw(target),
    ]


def error(module, **choices):
    """Losses of x - t, which is an odd multiple of 1/32: their kinks, 0 and the multiples of 1/16,
    are never hit.
    """

    def build(draw, reduction):
        x = draw(arrays(shapes(min_side=1)))
        settings = {name: draw(st.sampled_from(values)) for name, values in choices.items()}
        return module(reduction=reduction, **settings), [x, draw(arrays(x.shape)) + OFF]

    return build


def hinge(draw, reduction):
    x = draw(arrays(shapes(min_side=1)))
    t, loss = (
        draw(signs(x.shape)),
        nn.HingeLoss(margin=draw(MARGINS) + OFF, squared=draw(st.booleans()), reduction=reduction),
    )
    return (lambda x: loss(x, t)), [x]


def cosine_embedding(draw, reduction):
    shape, margin = (
        (*draw(shapes(0, 1, min_side=1)), draw(st.integers(2, 3))),
        draw(st.sampled_from([0.0, 0.25, -0.5])),
    )
    x1, x2, t = draw(arrays(shape)), draw(arrays(shape)), draw(signs(shape[:-1]))
    lengths = np.linalg.norm(x1, axis=-1) * np.linalg.norm(x2, axis=-1)
    assume(lengths.min() > 1 / 4)
    cosine = np.sum(x1 * x2, -1) / lengths
    assume(np.abs(cosine).max() < 0.99)  # parallel vectors: a gradient of 0, which is lost in rounding
    assume(np.abs(cosine - margin).min() > OFF)
    assume(np.any((t == 1) | (cosine > margin)))
    loss = nn.CosineEmbeddingLoss(margin=margin, reduction=reduction)
    return (lambda x1, x2: loss(x1, x2, t)), [x1, x2]


def triplet_margin(draw, reduction):
    shape, margin, p, swap = (
        draw(shapes(1, min_side=1)),
        draw(MARGINS),
        draw(st.sampled_from([1, 2, 3, np.inf])),
        draw(st.booleans()),
    )
    a, b, c = draw(arrays(shape)), draw(arrays(shape)) + OFF, draw(arrays(shape)) + OFF / 2
    near, far, third = (np.linalg.norm(d, p, axis=-1) for d in (a - b, a - c, b - c))
    if swap:
        assume(np.abs(far - third).min() > OFF)
        far = np.minimum(far, third)
    assume(np.abs(near - far + margin).min() > OFF)
    assume((near - far + margin).max() > 0)
    if p == np.inf:
        for d in (a - b, a - c, b - c):
            top = np.sort(np.abs(d), -1)[..., -2:]
            assume(top.shape[-1] == 1 or np.diff(top).min() > OFF)
    return nn.TripletMarginLoss(
        margin=margin, p=p, eps=draw(st.sampled_from([0.0, 1e-6])), swap=swap, reduction=reduction
    ), [a, b, c]


BUILDERS = {
    nn.CrossEntropyLoss: cross_entropy,
    nn.NLLLoss: negative_log_likelihood,
    nn.MultiMarginLoss: multi_margin,
    nn.BCELoss: binary_cross_entropy,
    nn.BCEWithLogitsLoss: binary_cross_entropy_with_logits,
    nn.KLDivLoss: divergence,
    nn.MSELoss: error(nn.MSELoss),
    nn.HalfSquaredErrorLoss: error(nn.HalfSquaredErrorLoss),
    nn.L1Loss: error(nn.L1Loss),
    nn.HuberLoss: error(nn.HuberLoss, delta=[0.25, 1, 2]),
    nn.SmoothL1Loss: error(nn.SmoothL1Loss, beta=[0, 0.25, 2]),
    nn.HingeLoss: hinge,
    nn.CosineEmbeddingLoss: cosine_embedding,
    nn.TripletMarginLoss: triplet_margin,
}


@pytest.mark.parametrize("module", BUILDERS, ids=lambda m: m.__name__)
@given(data=st.data())
def test_first_and_second_derivatives(module, data):
    loss, inputs = BUILDERS[module](data.draw, data.draw(REDUCTIONS))
    assert tg.gradcheck(loss, *inputs)


def test_every_loss_is_checked():
    assert {m for m in map(vars(nn).get, nn.__all__) if isinstance(m, type) and issubclass(m, Loss)} == set(
        BUILDERS
    )


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


# ---- shapes ------------------------------------------------------------------------------------------------

PAIRS = {
    "mse_loss": nn.MSELoss(),
    "half_squared_error": nn.HalfSquaredErrorLoss(),
    "l1_loss": nn.L1Loss(),
    "huber_loss": nn.HuberLoss(),
    "smooth_l1_loss": nn.SmoothL1Loss(),
    "hinge_loss": nn.HingeLoss(),
    "binary_cross_entropy": nn.BCELoss(),
    "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss(),
    "kl_div": nn.KLDivLoss(),
}
every_pair = pytest.mark.parametrize(("name", "loss"), PAIRS.items(), ids=PAIRS)


@every_pair
def test_nothing_is_broadcast(name, loss):
    for x, t in [
        ((4, 1), (4,)),
        ((4,), (4, 1)),
        ((2, 3), (3,)),
        ((2, 3), ()),
        ((1,), (3,)),
        ((2, 1), (1, 2)),
    ]:
        with pytest.raises(
            errors.ShapeError,
            match=rf"^{name}: \w+ of shape \({x[0]},.*and target of shape .*must have the same shape",
        ):
            loss(np.ones(x), np.ones(t))


def test_how_to_reshape_is_said_where_it_is_known():
    with pytest.raises(
        errors.ShapeError, match=r"Reshape the one that is meant otherwise: target.reshape\(4, 1\)."
    ):
        tg.mse_loss(np.ones((4, 1)), np.ones(4))
    with pytest.raises(errors.ShapeError, match=r"Expected target of shape \(2, 3\)."):
        tg.mse_loss(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(errors.ShapeError, match=r"anchor of shape \(4, 3\) and negative of shape \(3,\)"):
        tg.triplet_margin_loss(np.ones((4, 3)), np.ones((4, 3)), np.ones(3))
    with pytest.raises(errors.ShapeError, match=r"x1 of shape \(4, 3\) and x2 of shape \(1, 3\)"):
        tg.cosine_embedding_loss(np.ones((4, 3)), np.ones((1, 3)), np.ones(4))
    with pytest.raises(
        errors.ShapeError, match=r"target of shape \(4, 1\) does not fit vectors of shape \(4, 3\): .*\(4,\)"
    ):
        tg.cosine_embedding_loss(np.ones((4, 3)), np.ones((4, 3)), np.ones((4, 1)))
    with pytest.raises(errors.ShapeError, match=r"vectors"):
        tg.triplet_margin_loss(1.0, 2.0, 3.0)


OF_LABELS = {
    "softmax_cross_entropy": nn.CrossEntropyLoss,
    "nll_loss": nn.NLLLoss,
    "multi_margin_loss": nn.MultiMarginLoss,
}


@pytest.mark.parametrize(("name", "module"), OF_LABELS.items(), ids=OF_LABELS)
def test_wrong_labels_and_weights(name, module):
    scores, loss = np.zeros((2, 3)), module()
    with pytest.raises(
        errors.ShapeError,
        match=rf"(?s){name}: targets of shape \(2, 1\).*shape \(2, 3\).*targets.reshape\(2,\)",
    ):
        loss(scores, [[0], [1]])
    with pytest.raises(
        errors.ShapeError, match=rf"(?s){name}: targets of shape \(3,\).*Expected labels of shape \(2,\)"
    ):
        loss(scores, [0, 1, 2])
    for wrong in ([0.0, 1.0], [True, False]):
        with pytest.raises(errors.DTypeError, match=f"{name}: class labels are integers; got (float64|bool)"):
            loss(scores, wrong)
    for label in (3, -1):
        with pytest.raises(errors.ArgumentError, match=rf"{name}: class label {label} is outside \[0, 3\)"):
            loss(scores, [0, label])
    for weight in ([1.0, 2.0], [[1.0, 2.0, 3.0]], 1.0):
        with pytest.raises(
            errors.ShapeError, match=rf"{name}: weight has one number for each class, and so shape \(3,\)"
        ):
            module(weight=weight)(scores, [0, 1])
    with pytest.raises(
        errors.ArgumentError,
        match=rf"{name}: no target left to average over, (there are 0 labels|the logits have shape \(0, 3\))",
    ):
        loss(np.zeros((0, 3)), np.zeros(0, int))
    assert module(reduction="sum")(np.zeros((0, 3)), np.zeros(0, int)) == 0


def test_weights_that_leave_nothing_to_average():
    for loss in (nn.CrossEntropyLoss([0, 1, 1]), nn.NLLLoss([0, 1, 1])):
        with pytest.raises(
            errors.ArgumentError, match="no target left to average over, the weights of all labels are 0"
        ):
            loss(np.zeros((2, 3)), [0, 0])


def test_weights_of_elements_broadcast_to_the_losses_only():
    x = np.full((2, 3), 0.5)
    for loss in (tg.binary_cross_entropy, tg.binary_cross_entropy_with_logits):
        assert loss(x, x, weight=[[1.0], [0.0]]) == pytest.approx(loss(x, x) / 2)
        with pytest.raises(
            errors.ShapeError,
            match=r"weight of shape \(2,\) does not broadcast to the losses, of shape \(2, 3\)",
        ):
            loss(x, x, weight=[1.0, 2.0])
        with pytest.raises(errors.ShapeError, match=r"weight of shape \(4, 2, 3\)"):
            loss(x, x, weight=np.ones((4, 2, 3)))


# ---- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BUILDERS, ids=lambda m: m.__name__)
def test_an_unknown_reduction_is_refused_at_once(module):
    with pytest.raises(
        errors.ArgumentError, match=f"{module.__name__}: reduction is one of mean, sum, none.*; got 'average'"
    ):
        module(reduction="average")


@every_pair
def test_reductions_of_functions(name, loss):
    function = getattr(tg, name)
    x, t = np.full((2, 3), -0.25 if name == "kl_div" else 0.25), np.ones((2, 3))
    losses = function(x, t, reduction="none")
    assert losses.shape == (2, 3)
    np.testing.assert_allclose(function(x, t, reduction="sum"), losses.sum(), rtol=1e-12)
    np.testing.assert_allclose(function(x, t, reduction="mean"), losses.mean(), rtol=1e-12)
    with pytest.raises(errors.ArgumentError, match=f"{name}: reduction is one of mean, sum, none"):
        function(x, t, reduction="batch")
    with pytest.raises(
        errors.ArgumentError, match=f"{name}: no target left to average over, the losses have shape"
    ):
        function(np.zeros((0, 3)), np.zeros((0, 3)), reduction="mean")
    assert function(np.zeros((0, 3)), np.zeros((0, 3)), reduction="sum") == 0
    np.testing.assert_allclose(
        loss(x, t), losses.sum() if name == "half_squared_error" else losses.mean(), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.HuberLoss(delta=0), "HuberLoss: delta is a number > 0; got 0"),
        (lambda: tg.huber_loss([1.0], [0.0], delta=-1), "huber_loss: delta is a number > 0; got -1"),
        (lambda: nn.SmoothL1Loss(beta=float("nan")), "SmoothL1Loss: beta is a number ≥ 0; got nan"),
        (lambda: nn.TripletMarginLoss(p=0.5), "TripletMarginLoss: p is a number ≥ 1; got 0.5"),
        (lambda: nn.TripletMarginLoss(margin=0), "TripletMarginLoss: margin is a number > 0; got 0"),
        (
            lambda: nn.CrossEntropyLoss(label_smoothing=1.5),
            "CrossEntropyLoss: label_smoothing is a number ≥ 0 and ≤ 1; got 1.5",
        ),
        (lambda: nn.MultiMarginLoss(p=3)(np.zeros((1, 2)), [0]), "multi_margin_loss: p is 1 or 2; got 3"),
        (
            lambda: tg.softmax_cross_entropy(np.zeros((1, 2)), [[0.0, 1.0]], ignore_index=1),
            "ignore_index=1 is for class labels",
        ),
        (
            lambda: tg.hinge_loss([0.5, 0.5], [1, 0]),
            r"hinge_loss: targets are -1 or 1; got 0. Labels 0 .* become signs by 2 \* target - 1",
        ),
        (
            lambda: tg.cosine_embedding_loss(np.ones(2), np.ones(2), 0),
            "cosine_embedding_loss: targets are -1 or 1; got 0",
        ),
        (
            lambda: tg.binary_cross_entropy([0.5, 1.5], [1.0, 1.0]),
            r"(?s)predictions are probabilities, in \[0, 1\]; got 1.5.*with_logits",
        ),
        (
            lambda: tg.kl_div(np.zeros((0, 2)), np.zeros((0, 2)), reduction="batchmean"),
            "kl_div: no target left",
        ),
        (
            lambda: tg.kl_div(np.zeros((1, 2)), np.ones((1, 2)), reduction="avg"),
            "kl_div: reduction is one of mean, sum, none, batchmean; got 'avg'",
        ),
    ],
)
def test_settings_and_values_out_of_range(make, message):
    with pytest.raises(errors.ArgumentError, match=message):
        make()


PROBABILITIES, LOGARITHMS = r"probabilities, in \[0, 1\]; got", "logarithms of probabilities, at most 0; got"
OUTSIDE = {
    "bce targets above": (lambda: tg.binary_cross_entropy([0.5], [2.0]), f"targets are {PROBABILITIES} 2"),
    "bce targets below": (lambda: tg.binary_cross_entropy([0.5], [-1]), f"targets are {PROBABILITIES} -1"),
    "bce predictions below": (
        lambda: tg.binary_cross_entropy([-0.011], [1.0]),
        rf"predictions are {PROBABILITIES} -0\.011",
    ),
    "bce predictions above": (
        lambda: tg.binary_cross_entropy(np.float32([1.0100002]), [1.0]),
        rf"predictions are {PROBABILITIES} 1\.0100002",
    ),
    "signs": (
        lambda: tg.binary_cross_entropy_with_logits([5.0, 5.0], [1, -1]),
        rf"(?s)targets are {PROBABILITIES} -1.*\(target \+ 1\) / 2",
    ),
    "labels": (
        lambda: nn.BCEWithLogitsLoss()([5.0, 5.0], [0, 7]),
        rf"(?s)targets are {PROBABILITIES} 7.*softmax_cross_entropy",
    ),
    "a tensor": (
        lambda: tg.binary_cross_entropy_with_logits(float32([5.0]), float32([1.5])),
        f"targets are {PROBABILITIES} 1.5",
    ),
    "nll of probabilities": (
        lambda: tg.nll_loss([[0.2, 0.8]], [1]),
        f"nll_loss: predictions are {LOGARITHMS} 0.2",
    ),
    "kl of probabilities": (
        lambda: tg.kl_div([[0.2, 0.8]], [[0.5, 0.5]]),
        f"kl_div: predictions are {LOGARITHMS} 0.2",
    ),
    "kl of logarithms": (
        lambda: tg.kl_div([[-0.2, -0.8]], [[-0.5, -0.5]]),
        f"(?s)kl_div: targets are {PROBABILITIES} -0.5.*log_target=True",
    ),
    "kl of no logarithms": (
        lambda: tg.kl_div([[-0.2]], [[0.5]], log_target=True),
        f"(?s)kl_div: targets.* are {LOGARITHMS} 0.5.*log_target=False",
    ),
    "rows of several ones": (
        lambda: tg.softmax_cross_entropy(np.zeros((1, 3)), [[1, 0, 1]]),
        r"(?s)sum to 1; got one with the sum 2\..*with_logits",
    ),
    "rows of none": (
        lambda: tg.softmax_cross_entropy(np.zeros((1, 3)), [[0, 0, 0]]),
        "sum to 1; got one with the sum 0",
    ),
    "rows of logits": (
        lambda: tg.softmax_cross_entropy(np.zeros((1, 2)), [[-1.0, 2.0]]),
        f"rows of targets are {PROBABILITIES} -1",
    ),
    "rows, class axis first": (
        lambda: tg.softmax_cross_entropy(np.zeros((2, 3)), np.ones((2, 3)) / 3, axis=0),
        "sum to 1; got one with .* 0.666",
    ),
    "one class": (
        lambda: nn.CrossEntropyLoss()(np.zeros((4, 1)), np.zeros((4, 1))),
        r"(?s)\(4, 1\) have one class.*nn.BCEWithLogitsLoss",
    ),
    "nll of one class": (
        lambda: tg.nll_loss(np.zeros((4, 1)), np.zeros(4, int)),
        "nll_loss: scores of shape .* have one class",
    ),
    "margin of one class": (
        lambda: tg.multi_margin_loss(np.zeros((4, 1)), np.zeros(4, int)),
        "multi_margin_loss: scores of shape .* have one class",
    ),
    "cosine of booleans": (
        lambda: tg.cosine_embedding_loss(np.ones((2, 2)), np.ones((2, 2)), [True, True]),
        "targets are -1 or 1; got booleans",
    ),
}


@pytest.mark.parametrize(("make", "message"), OUTSIDE.values(), ids=OUTSIDE)
def test_targets_outside_of_their_domain(make, message):
    with pytest.raises(errors.ArgumentError, match=message):
        make()


@given(st.sampled_from([np.float16, np.float32, np.float64]), st.integers(2, 300), st.integers(0, 2**32))
def test_distributions_are_taken_however_they_are_rounded(dtype, classes, seed):
    rows = np.random.default_rng(seed).dirichlet(np.ones(classes), 3).astype(dtype)
    z = np.zeros((3, classes))
    assert tg.softmax_cross_entropy(z, rows) == pytest.approx(np.log(classes), rel=1e-2)
    assert tg.binary_cross_entropy_with_logits(z, rows * (1 + np.finfo(dtype).eps)) == pytest.approx(
        np.log(2)
    )


def test_a_missing_value_among_the_targets_makes_the_loss_missing():
    x, t = np.full((1, 2), 0.5), np.array([[np.nan, 0.5]])
    for loss in (
        tg.binary_cross_entropy,
        tg.binary_cross_entropy_with_logits,
        tg.softmax_cross_entropy,
        tg.hinge_loss,
    ):
        assert np.isnan(loss(x, np.array([[np.nan, 1.0]]) if loss is tg.hinge_loss else t))
    assert np.isnan(tg.kl_div(-x, t))


def test_weights_are_state_and_show_in_the_repr():
    loss = nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0], reduction="sum")
    assert repr(loss) == "BCEWithLogitsLoss(reduction='sum', pos_weight=[1.0, 2.0])"
    assert {name: value.tolist() for name, value in loss.state_dict().items()} == {"pos_weight": [1.0, 2.0]}
    assert list(loss.parameters()) == []
    assert nn.CrossEntropyLoss().state_dict() == {}
    assert repr(nn.HuberLoss(delta=2.0).eval()) == "HuberLoss(reduction='mean', delta=2.0)"


# ---- dtypes ------------------------------------------------------------------------------------------------


def float32(x):
    return tg.Tensor(np.array(x, np.float32), requires_grad=True)


@every_pair
def test_float32_stays_float32_beside_plain_targets(name, loss):
    for target in (
        [1.0, 1.0],
        np.ones(2),
        np.ones(2, int),
        tg.Tensor(np.ones(2, int)),
        tg.Tensor(np.ones(2, np.float32)),
    ):
        x = float32([-0.25, -0.5] if name == "kl_div" else [0.25, 0.5])
        value = loss(x, target)
        value.backward()
        assert (value.dtype, x.grad.dtype) == (np.float32, np.float32)


@every_pair
def test_a_tensor_of_another_dtype_that_needs_a_gradient_is_refused(name, loss):
    with pytest.raises(
        errors.DTypeError,
        match=rf"{name}: target is a Tensor of float64 that needs a gradient, others are of float32. Convert "
        r"one: target.astype",
    ):
        loss(float32([0.25, 0.5]), tg.Tensor(np.ones(2), requires_grad=True))


@every_pair
def test_booleans_are_targets_of_the_binary_losses_alone(name, loss):
    x, t = np.array([0.25, 0.5]), np.array([True, False])
    if name.startswith("binary"):
        for target in (t, t.tolist(), tg.Tensor(t)):
            assert loss(x, target) == loss(x, [1.0, 0.0])
            assert loss(float32(x), target).dtype == np.float32
        with pytest.raises(
            errors.DTypeError, match=rf"{name}: (prediction|logits) must be floating or integer; got bool"
        ):
            loss(t, t)
    elif name == "hinge_loss":
        with pytest.raises(
            errors.ArgumentError, match=r"hinge_loss: targets are -1 or 1; got booleans.*2 \* target - 1"
        ):
            loss(x, t)
    else:
        with pytest.raises(errors.DTypeError, match=rf"{name}: target must be floating or integer; got bool"):
            loss(x, t)


def test_a_plain_prediction_is_cast_to_the_tensor_that_it_is_compared_with():
    t = float32([1.0, 2.0])
    loss = tg.mse_loss(np.zeros(2), t)
    loss.backward()
    assert loss.dtype == np.float32
    assert t.grad.tolist() == [1, 2]


@pytest.mark.parametrize(
    "options",
    [{}, {"weight": np.ones(3)}, {"label_smoothing": 0.1}, {"weight": [1, 2, 3], "ignore_index": 0}],
    ids=str,
)
@pytest.mark.parametrize(
    "targets", [[0, 2], np.eye(3)[:2], np.eye(3, dtype=int)[:2]], ids=["labels", "rows", "integer rows"]
)
def test_cross_entropy_of_float32_is_float32(options, targets):
    if "ignore_index" in options and np.ndim(targets) == 2:
        options = {"weight": options["weight"]}
    z = float32([[0.5, 1.0, 2.0], [0.0, 1.0, -1.0]])
    loss = tg.softmax_cross_entropy(z, targets, **options)
    loss.backward()
    assert (loss.dtype, z.grad.dtype) == (np.float32, np.float32)


def test_other_losses_of_float32_are_float32():
    for loss in (
        lambda x: nn.NLLLoss(weight=[1.0, 2.0, 3.0])(-np.absolute(x), [0, 2]),
        lambda x: nn.MultiMarginLoss(weight=[1.0, 2.0, 3.0], p=2)(x, [0, 2]),
        lambda x: nn.CosineEmbeddingLoss()(x, np.ones((2, 3)), [1, -1]),
        lambda x: nn.TripletMarginLoss(swap=True)(x, np.ones((2, 3)), np.zeros((2, 3))),
    ):
        x = float32([[0.5, 1.0, 2.0], [0.25, 1.0, -1.0]])
        value = loss(x)
        value.backward()
        assert (value.dtype, x.grad.dtype) == (np.float32, np.float32)


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
