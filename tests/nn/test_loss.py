"""Every loss has the derivatives of first and second order that differences give, in all of its settings."""

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
    y = draw(labels(scores.shape[:-1], scores.shape[-1]))
    weight = draw(some(arrays(scores.shape[-1:], low=1 / 4)))
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
    t = draw(signs(x.shape))
    loss = nn.HingeLoss(margin=draw(MARGINS) + OFF, squared=draw(st.booleans()), reduction=reduction)
    return (lambda x: loss(x, t)), [x]


def poisson(draw, reduction):
    full, log_input = draw(st.booleans()), draw(st.booleans())
    x = draw(arrays(shapes(min_side=1), low=-2 if log_input else 1 / 4))
    t = draw(arrays(x.shape, low=1 / 4)) + OFF  # beside 1, where Stirling's formula begins
    return nn.PoissonNLLLoss(log_input=log_input, full=full, eps=1e-3, reduction=reduction), [x, t]


def gaussian(draw, reduction):
    x = draw(arrays(shapes(1, min_side=1)))
    shape = draw(st.sampled_from([x.shape, x.shape[:-1], (*x.shape[:-1], 1), ()]))
    loss = nn.GaussianNLLLoss(full=draw(st.booleans()), reduction=reduction)
    return loss, [x, draw(arrays(x.shape)) + OFF, draw(arrays(shape, low=1 / 2))]


def soft_margin(draw, reduction):
    x = draw(arrays(shapes(min_side=1)))
    t = draw(signs(x.shape))
    loss = nn.SoftMarginLoss(reduction=reduction)
    return (lambda x: loss(x, t)), [x]


def multilabel_margin(draw, reduction):
    scores = draw(arrays(shapes(1, min_side=1)))
    assume(scores.shape[-1] > 1)
    scores = scores + OFF * np.arange(scores.shape[-1]) / scores.shape[-1]  # no two differ by 1
    y = draw(labels(scores.shape, scores.shape[-1]))
    y[..., draw(st.integers(1, scores.shape[-1] - 1)) :] = -1  # so that some class is wrong
    loss = nn.MultiLabelMarginLoss(reduction=reduction)
    return (lambda x: loss(x, y)), [scores]


def multilabel_soft_margin(draw, reduction):
    shape = draw(shapes(1, min_side=1))
    weight = draw(some(arrays(shape[-1:], low=1 / 4)))
    return nn.MultiLabelSoftMarginLoss(weight, reduction=reduction), [
        draw(arrays(shape)),
        draw(arrays(shape, low=1 / 8, high=7 / 8)),
    ]


def hinge_embedding(draw, reduction):
    x = draw(arrays(shapes(min_side=1)))
    t = draw(signs(x.shape))
    loss = nn.HingeEmbeddingLoss(margin=draw(MARGINS) + OFF, reduction=reduction)
    return (lambda x: loss(x, t)), [x]


def margin_ranking(draw, reduction):
    x = draw(arrays(shapes(min_side=1)))
    t = draw(signs(x.shape))
    loss = nn.MarginRankingLoss(margin=draw(MARGINS) + OFF, reduction=reduction)
    return (lambda x1, x2: loss(x1, x2, t)), [x, draw(arrays(x.shape))]


def cosine_embedding(draw, reduction):
    shape = (*draw(shapes(0, 1, min_side=1)), draw(st.integers(2, 3)))
    margin = draw(st.sampled_from([0.0, 0.25, -0.5]))
    x1, x2, t = draw(arrays(shape)), draw(arrays(shape)), draw(signs(shape[:-1]))
    lengths = np.linalg.norm(x1, axis=-1) * np.linalg.norm(x2, axis=-1)
    assume(lengths.min() > 1 / 4)
    cosine = np.sum(x1 * x2, -1) / lengths
    # Parallel vectors, and vectors along an axis, have gradients of 0, which are lost in rounding.
    assume(np.abs(cosine).max() < 0.99)
    assume(min(np.count_nonzero(x, axis=-1).min() for x in (x1, x2)) > 1)
    assume(np.abs(cosine - margin).min() > OFF)
    assume(np.any((t == 1) | (cosine > margin)))
    loss = nn.CosineEmbeddingLoss(margin=margin, reduction=reduction)
    return (lambda x1, x2: loss(x1, x2, t)), [x1, x2]


def triplet_margin(draw, reduction):
    shape = draw(shapes(1, min_side=1))
    margin = draw(MARGINS)
    p = draw(st.sampled_from([1, 2, 3, np.inf]))
    swap = draw(st.booleans())
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
    nn.PoissonNLLLoss: poisson,
    nn.GaussianNLLLoss: gaussian,
    nn.HingeLoss: hinge,
    nn.SoftMarginLoss: soft_margin,
    nn.MultiLabelMarginLoss: multilabel_margin,
    nn.MultiLabelSoftMarginLoss: multilabel_soft_margin,
    nn.HingeEmbeddingLoss: hinge_embedding,
    nn.MarginRankingLoss: margin_ranking,
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


@pytest.mark.parametrize("module", BUILDERS, ids=lambda m: m.__name__)
def test_an_unknown_reduction_is_refused_at_once(module):
    with pytest.raises(
        errors.ArgumentError, match=f"{module.__name__}: reduction is one of mean, sum, none.*; got 'average'"
    ):
        module(reduction="average")
