"""What layers and functions take: any real numbers, in any form; and what they refuse, with what was asked
and what was given.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, nn

PIXELS = np.array([[0, 3, 200], [255, 17, 90]], np.uint8)  # -x, x + 3 and x · x wrap around in it


# ---- integers ----------------------------------------------------------------------------------------------

FUNCTIONS = [
    tg.softmax, tg.log_softmax, tg.logsumexp, tg.sigmoid, tg.silu, tg.mish, tg.softplus, tg.softsign,
    tg.gaussian, tg.gelu, tg.elu, tg.selu, tg.celu, tg.leaky_relu, tg.hardsigmoid, tg.hardswish, tg.erf,
    tg.log_sigmoid, tg.softmin, tg.hardshrink, tg.softshrink, tg.tanhshrink, tg.rrelu,
    lambda x: tg.threshold(x, 20.5, 3), lambda x: tg.glu(x, 0), lambda x: tg.cosine_similarity(x, x[::-1]),
    lambda x: tg.pairwise_distance(x, x[::-1]), lambda x: tg.dropout1d(x, 0.5, rng=0),
    lambda x: tg.alpha_dropout(x, 0.5, rng=0),
    tg.erfc, tg.layer_norm, tg.rms_norm, lambda x: tg.gelu(x, "tanh"), lambda x: tg.softplus(x, 2.0),
    lambda x: tg.prelu(x, np.array([0.25])), lambda x: tg.group_norm(x, 1),
    lambda x: tg.dropout(x, 0.5, rng=0), lambda x: tg.masked_softmax(x, [True, False, True]),
    lambda x: tg.scaled_dot_product_attention(x, x, x),
    lambda x: tg.softmax_cross_entropy(x, [0, 2], reduction="none"),
    lambda x: tg.conv1d(x, np.ones((4, 2, 2))), lambda x: tg.max_pool1d(x, 2), lambda x: tg.avg_pool1d(x, 2),
    lambda x: tg.adaptive_avg_pool1d(x, 2),
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "form", [lambda x: x, lambda x: x.astype(np.int8), lambda x: x > 100, lambda x: x.tolist(), tg.Tensor]
)
def test_integers_booleans_and_lists_are_their_floats(function, form):
    given = form(PIXELS)
    as_floats = np.asarray(given.data if isinstance(given, tg.Tensor) else given).astype(float)
    out, expected = function(given), function(as_floats)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out.data if isinstance(out, tg.Tensor) else out, expected)


@pytest.mark.parametrize(
    "layer", [nn.LayerNorm(300, elementwise_affine=False), nn.RMSNorm(300, elementwise_affine=False)]
)
def test_layers_without_parameters_normalize_pixels(layer):
    pixels = np.arange(600).reshape(2, 300).astype(np.uint8)
    np.testing.assert_array_equal(layer(pixels).data, layer(pixels.astype(float)).data)


@pytest.mark.parametrize(
    "layer",
    [nn.MaxPool1d(2), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(2), nn.Dropout(0.0), nn.Flatten(0)],
    ids=lambda m: type(m).__name__,
)
def test_layers_without_parameters_take_lists(layer):
    np.testing.assert_array_equal(layer(PIXELS.tolist()), layer(PIXELS))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.uint64])
def test_gradients_of_embeddings_go_to_the_rows_that_small_integers_name(dtype):
    layer = nn.Embedding(300, 7, rng=0)
    np.sum(layer(np.array([120, 3, 120], dtype))).backward()
    rows = np.zeros((300, 7))
    rows[120], rows[3] = 2, 1
    np.testing.assert_array_equal(layer.weight.grad.data, rows)


# ---- what are no real numbers ------------------------------------------------------------------------------

LAYERS = [
    nn.Linear(3, 2), nn.Conv1d(2, 2, 2), nn.LayerNorm(3), nn.LayerNorm(3, elementwise_affine=False),
    nn.RNN(3, 2), nn.PReLU(), nn.BatchNorm1d(3), nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Sigmoid(), nn.Softmax(),
    nn.GELU(), nn.Dropout(), nn.LeakyReLU(),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(
    "x",
    [np.ones((2, 3)) + 1j, np.full((2, 3), "a"), np.full((2, 3), None)],
    ids=["complex", "text", "objects"],
)
def test_other_than_real_numbers_are_refused_with_the_layers_path(layer, x):
    before = layer.state_dict()
    with pytest.raises(
        errors.DTypeError,
        match=rf"^layer 1.* real numbers, floating, integer or boolean; got {x.dtype} of shape \(2, 3\)",
    ):
        nn.Sequential(nn.Identity(), layer)(x)
    assert all(np.array_equal(before[name], value) for name, value in layer.state_dict().items())


def test_complex_logits_are_refused():
    with pytest.raises(errors.DTypeError, match=r"real numbers.* got complex128"):
        tg.softmax_cross_entropy(np.ones((2, 3)) + 1j, [0, 1])


@pytest.mark.parametrize("function", [tg.layer_norm, tg.rms_norm])
def test_a_number_has_nothing_to_normalize_over(function):
    with pytest.raises(
        errors.ShapeError,
        match=rf"{function.__name__}: an x of shape \(\.\.\., n\) is expected; got a number, of shape \(\)",
    ):
        function(2.0)


@pytest.mark.parametrize("function", [tg.layer_norm, tg.rms_norm])
@pytest.mark.parametrize("axis", [5, -3, (0, 2)])
def test_an_axis_that_is_not_there_is_no_other_one(function, axis):
    with pytest.raises(
        errors.ShapeError, match=rf"{function.__name__}: axis .* is none of an x of shape \(2, 3\)"
    ):
        function(np.ones((2, 3)), axis=axis)


# ---- sizes and settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.Linear(6 / 2, 2),
            "Linear: in_features and out_features are integers; got 3.0 and 2. A quotient is an integer by "
            "//.",
        ),
        (lambda: nn.Linear(True, 2), "Linear: in_features and out_features are integers; got True and 2"),
        (lambda: nn.Linear("3", 2), "Linear: in_features and out_features are integers; got '3' and 2"),
        (
            lambda: nn.Bilinear(3, 2, 1.0),
            "Bilinear: in1_features, in2_features and out_features are integers; got 3, 2 and 1.0",
        ),
        (lambda: nn.Conv2d(1.0, 8, 3), "Conv2d: in_channels and out_channels are integers; got 1.0 and 8"),
        (
            lambda: nn.Embedding(10.0, 3),
            "Embedding: num_embeddings and embedding_dim are integers; got 10.0 and 3",
        ),
        (lambda: nn.BatchNorm1d(2.5), "BatchNorm1d: num_features is an integer; got 2.5"),
        (lambda: nn.BatchNorm2d(3, momentum=2), "BatchNorm2d: momentum is a number ≥ 0 and ≤ 1; got 2"),
        (lambda: nn.BatchNorm1d(3, eps=-1), "BatchNorm1d: eps is a number ≥ 0; got -1"),
        (lambda: nn.GroupNorm(2.0, 4), "GroupNorm: num_groups and num_channels are integers; got 2.0 and 4"),
        (
            lambda: nn.LayerNorm(3.5),
            "LayerNorm: normalized_shape is the lengths of the last axes, each at least 1; got 3.5",
        ),
        (lambda: nn.RMSNorm((2, 3.5)), r"RMSNorm: normalized_shape is .* got \(2, 3.5\)"),
        (lambda: nn.LSTM(10, 20, 2.0), "LSTM: num_layers is an integer; got 2.0"),
        (lambda: nn.GRUCell(3.0, 2), "GRUCell: input_size is an integer; got 3.0"),
        (lambda: nn.PReLU(2.5), "PReLU: num_parameters is an integer; got 2.5"),
        (
            lambda: nn.Maxout(3, 2, 1.5),
            "Maxout: in_features, out_features and pieces are integers; got 3, 2 and 1.5",
        ),
        (
            lambda: nn.MultiheadAttention(6, 2, kdim=0),
            "MultiheadAttention: .*kdim are at least 1; got 6, 2 and 0|num_heads and kdim are at least 1",
        ),
        (
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), -1),
            "TransformerEncoder: num_layers is at least 1; got -1",
        ),
        (
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer, 2),
            "TransformerEncoder: encoder_layer is a layer",
        ),
        (
            lambda: nn.MaxPool2d(2, padding=2),
            "MaxPool2d: padding is at most half of what the kernel 2 reaches over; got 2",
        ),
        (
            lambda: nn.AvgPool1d(2, padding=2),
            "AvgPool1d: padding is at most half of what the kernel 2 reaches over; got 2",
        ),
        (lambda: nn.AdaptiveAvgPool2d((0, None)), "AdaptiveAvgPool2d: output_size is an int of at least 1"),
        (
            lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU),
            r"Sequential: layer 1 is the class ReLU, not a layer of it. Make one: ReLU\(…\)",
        ),
        (lambda: nn.Residual(nn.Linear), "Residual: layer is the class Linear"),
        (lambda: nn.ModuleDict({"a": nn.ReLU}), "ModuleDict: 'a' is the class ReLU"),
        (
            lambda: nn.Linear(3, 2, init="he"),
            "Linear: init is a function, such as nn.init.he_normal; got 'he'",
        ),
        (lambda: nn.summary(nn.ReLU), "summary: model is a Module; got <class"),
    ],
)
def test_settings_are_checked_when_a_layer_is_made(make, message):
    with pytest.raises(errors.ArgumentError, match=message):
        make()


def test_sizes_are_numpys_integers_too():
    assert repr(nn.LayerNorm(np.int64(3))) == repr(nn.LayerNorm(3))
    assert repr(nn.LayerNorm(np.array([2, 3]))) == repr(nn.LayerNorm((2, 3)))
    assert nn.Linear(np.int64(3), 2)(np.ones((1, 3))).shape == (1, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda init: nn.Linear(3, 2, init=init),
        lambda init: nn.Conv1d(3, 2, 1, init=init),
        lambda init: nn.Bilinear(3, 1, 2, init=init),
    ],
)
def test_an_initializer_makes_what_it_was_asked_for(make):
    with pytest.raises(
        errors.ShapeError, match=r"init was asked for weights of shape \(2, 3.*\) and made \(9, 9\)"
    ):
        make(lambda shape, rng, dtype: np.zeros((9, 9)))
    layer = make(lambda shape, rng, dtype: rng.normal(size=shape))
    assert layer.weight.dtype == layer.bias.dtype == np.float32


def test_what_cannot_be_called_is_no_layer():
    with pytest.raises(
        TypeError,
        match=r"Sequential: layer 0 is list, which cannot be called. Unpack it: Sequential\(\*layers\)",
    ):
        nn.Sequential([nn.ReLU()])
    layers = nn.ModuleList([nn.ReLU()])
    with pytest.raises(TypeError, match="ModuleList: layer 0 is int"):
        layers[0] = 3
    with pytest.raises(TypeError, match="ModuleDict: 'a' is int"):
        nn.ModuleDict({"a": 3})
    assert list(nn.ModuleDict([("a", nn.ReLU())])) == ["a"]


def test_losses_have_no_settings_but_their_own():
    with pytest.raises(TypeError, match="allowed"):
        nn.MSELoss(allowed=("max",))
    assert nn.KLDivLoss(reduction="batchmean").reduction == "batchmean"


def test_module_lists_grow_as_lists_do():
    layers = nn.ModuleList().append(nn.ReLU()).extend([nn.Tanh()])
    same = layers
    layers += [nn.Sigmoid()]
    assert layers is same
    assert [type(layer) for layer in layers] == [nn.ReLU, nn.Tanh, nn.Sigmoid]


def test_a_state_that_does_not_fit_the_dtype_is_loaded_not_at_all():
    layer = nn.Linear(2, 1, rng=0)
    before = layer.state_dict()
    with pytest.raises(RuntimeWarning, match="overflow"):
        layer.load_state_dict({"weight": np.zeros((1, 2)), "bias": np.array([1e300])})
    np.testing.assert_array_equal(layer.weight.data, before["weight"])


@pytest.mark.parametrize("make", [lambda: nn.Linear(2, 3, rng=0), lambda: nn.RNN(2, 3, rng=0)])
def test_complex_numbers_are_refused_by_layers_of_real_parameters(make):
    layer, values = make(), np.ones((4, 5, 2), complex)
    for x in (values, tg.Tensor(values), tg.Tensor(values, requires_grad=True)):
        with pytest.raises(errors.DTypeError, match=r"expects real numbers.*got complex128"):
            layer(x)


def test_complex_parameters_are_for_modules_of_ones_own():
    layer = nn.Linear(2, 3, rng=0)
    layer.weight = nn.Parameter(np.ones((3, 2), complex))
    for x in (np.ones((1, 2)), tg.Tensor(np.ones((1, 2))), tg.Tensor(np.ones((1, 2)), requires_grad=True)):
        with pytest.raises(errors.DTypeError, match=r"Linear expects real parameters; got complex128"):
            layer(x)

    class Filter(nn.Module):
        def __init__(self):
            super().__init__()
            self.h = nn.Parameter(np.array([1 + 1j, 2]))

        def forward(self, x):
            return np.abs(x * self.h)

    model = Filter()
    np.testing.assert_allclose(model(np.ones(2)).data, np.abs(model.h.data))
    assert model.to(np.float32).h.dtype == np.complex64
    state = model.state_dict()
    model.load_state_dict({"h": np.array([3.0, 4.0])})
    model.load_state_dict(state)
    np.testing.assert_array_equal(model.h.data, [1 + 1j, 2])
