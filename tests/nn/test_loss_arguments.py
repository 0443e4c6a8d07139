"""What losses take and refuse: shapes, settings, targets outside of their domain, dtypes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.nn.loss import Loss

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
    "poisson_nll_loss": nn.PoissonNLLLoss(),
    "soft_margin_loss": nn.SoftMarginLoss(),
    "hinge_embedding_loss": nn.HingeEmbeddingLoss(),
}
OF_OTHER_ARRAYS = {
    nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss, nn.CosineEmbeddingLoss, nn.TripletMarginLoss,
    nn.GaussianNLLLoss, nn.MultiLabelMarginLoss, nn.MultiLabelSoftMarginLoss, nn.MarginRankingLoss,
}  # fmt: skip


def test_every_loss_is_tested_here_or_takes_no_pair():
    losses = {c for c in vars(nn).values() if isinstance(c, type) and issubclass(c, Loss) and c is not Loss}
    assert {type(loss) for loss in PAIRS.values()} == losses - OF_OTHER_ARRAYS


OF_SIGNS = ("hinge_loss", "soft_margin_loss", "hinge_embedding_loss")
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
    with pytest.raises(errors.ShapeError, match=r"target of shape \(\) does not fit vectors of shape \(\)"):
        tg.cosine_embedding_loss(1.0, 2.0, 1)


def test_shapes_of_variances():
    x = np.arange(6.0).reshape(2, 3)
    v = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    loss = nn.GaussianNLLLoss(reduction="none")
    for var, every in (
        (2.0, np.full((2, 3), 2.0)),
        (v[:, 0], v[:, :1]),
        (v[:, :1], v[:, :1]),
        (v[:1], v[:1]),
    ):
        np.testing.assert_array_equal(loss(x, x + 1, var), loss(x, x + 1, np.broadcast_to(every, (2, 3))))
    series, each = np.arange(24.0).reshape(2, 3, 4), np.arange(1.0, 7).reshape(2, 3)
    expected = loss(series, -series, np.repeat(each[..., None], 4, -1))
    np.testing.assert_array_equal(loss(series, -series, each), expected)
    np.testing.assert_array_equal(
        loss(series, -series, each[:, :1, None] * np.ones(4)),
        loss(series, -series, each[:, [0, 0, 0], None] * np.ones(4)),
    )
    with pytest.raises(errors.ShapeError, match=r"Expected \(2, 3, 4\), \(2, 3\), 1 in the place"):
        loss(series, series, np.ones(2))
    with pytest.raises(
        errors.ShapeError, match=r"var of shape \(1, 3\) does not fit a prediction of shape \(2, 3, 4"
    ):
        loss(series, series, np.ones((1, 3)))
    for shape in ((3,), (1, 1), (2,) * 3, (1, 2, 3), (4, 3)):
        with pytest.raises(
            errors.ShapeError,
            match=r"(?s)gaussian_nll_loss: var of shape .* does not fit a prediction of shape",
        ):
            loss(x, x, np.ones(shape))
    with pytest.raises(errors.ShapeError, match=r"prediction of shape .* and target of shape"):
        loss(x, x[:1], v)


def test_shapes_of_several_labels():
    x = np.zeros((2, 3))
    with pytest.raises(errors.ShapeError, match=r"(?s)labels of shape \(2,\) do not fit .*filled up with -1"):
        tg.multilabel_margin_loss(x, [0, 1])
    with pytest.raises(errors.DTypeError, match="class labels are integers; got float64"):
        tg.multilabel_margin_loss(x, x)
    with pytest.raises(
        errors.ShapeError, match=r"scores of shape .* and target of shape .* nothing is broadcast"
    ):
        tg.multilabel_soft_margin_loss(x, x[0])
    with pytest.raises(errors.ShapeError, match="an axis of classes"):
        tg.multilabel_soft_margin_loss(1.0, 1.0)
    with pytest.raises(errors.ShapeError, match=r"weight has one number for each class, and so shape \(3,\)"):
        tg.multilabel_soft_margin_loss(x, x, weight=np.ones((2, 3)))
    for loss, y in (
        (tg.multilabel_margin_loss, np.zeros((0, 3), int)),
        (tg.multilabel_soft_margin_loss, x[:0]),
    ):
        with pytest.raises(errors.ArgumentError, match="no target left to average over"):
            loss(x[:0], y)
        assert loss(x[:0], y, reduction="sum") == 0
        assert loss(np.zeros((2, 4, 3)), np.zeros((2, 4, 3), int), reduction="none").shape == (2, 4)


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
    "counts": (lambda: tg.poisson_nll_loss([1.0], [-1.0]), "targets are counts, at least 0; got -1"),
    "rates": (
        lambda: tg.poisson_nll_loss([-1.0], [1.0], log_input=False),
        "(?s)predictions, with log_input=False, are rates, at least 0; got -1.*log_input=True",
    ),
    "variances": (
        lambda: tg.gaussian_nll_loss([1.0], [1.0], [-0.5]),
        "(?s)variances are at least 0; got -0.5.*exponential",
    ),
    "ranks": (
        lambda: tg.margin_ranking_loss([1.0], [1.0], [0]),
        "margin_ranking_loss: targets are -1 or 1; got 0",
    ),
    "signs of a soft margin": (
        lambda: tg.soft_margin_loss([1.0], [0]),
        "soft_margin_loss: targets are -1 or 1",
    ),
    "pairs": (
        lambda: tg.hinge_embedding_loss([1.0], [0]),
        "hinge_embedding_loss: targets are -1 or 1; got 0",
    ),
    "several labels": (
        lambda: tg.multilabel_soft_margin_loss([[5.0, 5.0]], [[0, 7]]),
        f"targets are {PROBABILITIES} 7",
    ),
    "a list of labels": (
        lambda: tg.multilabel_margin_loss(np.zeros((1, 3)), [[0, 3, -1]]),
        r"multilabel_margin_loss: class label 3 is outside \[0, 3\), and is not -1, which ends a list",
    ),
    "a label after the end": (
        lambda: tg.multilabel_margin_loss(np.zeros((1, 3)), [[0, -1, -2]]),
        "class label -2 is outside",
    ),
    "several labels of one class": (
        lambda: tg.multilabel_margin_loss(np.zeros((4, 1)), np.zeros((4, 1), int)),
        "multilabel_margin_loss: scores of shape .* have one class",
    ),
    "eps": (lambda: nn.GaussianNLLLoss(eps=0), "GaussianNLLLoss: eps is a number > 0; got 0"),
    "eps of rates": (lambda: nn.PoissonNLLLoss(eps=-1), "PoissonNLLLoss: eps is a number > 0; got -1"),
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
        tg.soft_margin_loss,
        tg.hinge_embedding_loss,
        tg.poisson_nll_loss,
        tg.multilabel_soft_margin_loss,
    ):
        assert np.isnan(loss(x, np.array([[np.nan, 1.0]]) if loss.__name__ in OF_SIGNS else t))
    for full in (False, True):
        assert np.isnan(tg.poisson_nll_loss(x, t, full=full))
        assert np.isnan(tg.gaussian_nll_loss(x, t, np.ones((1, 2)), full=full))
    assert np.isnan(tg.gaussian_nll_loss(x, x, t))
    assert np.isnan(tg.margin_ranking_loss(x, x, np.array([[np.nan, 1.0]])))
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
    elif name in OF_SIGNS:
        with pytest.raises(
            errors.ArgumentError, match=rf"{name}: targets are -1 or 1; got booleans.*2 \* target - 1"
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
        lambda x: nn.MarginRankingLoss(margin=2.5)(x, np.ones((2, 3)), np.ones((2, 3))),
        lambda x: nn.PoissonNLLLoss(full=True)(x, np.full((2, 3), 3)),
        lambda x: nn.PoissonNLLLoss(log_input=False)(np.absolute(x), np.full((2, 3), 3)),
        lambda x: nn.GaussianNLLLoss(full=True)(x, np.ones((2, 3)), 0.5),
        lambda x: nn.GaussianNLLLoss(full=True)(x, np.ones((2, 3)), np.zeros(2)),
        lambda x: nn.MultiLabelMarginLoss()(x, [[0, -1, -1], [1, 2, -1]]),
        lambda x: nn.MultiLabelSoftMarginLoss([1.0, 2.0, 3.0])(x, [[True, False, True], [False, True, True]]),
    ):
        x = float32([[0.5, 1.0, 2.0], [0.25, 1.0, -1.0]])
        value = loss(x)
        value.backward()
        assert (value.dtype, x.grad.dtype) == (np.float32, np.float32)
