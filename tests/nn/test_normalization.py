"""Batch, layer, group and root mean square normalization, against their equations, closed forms
and PyTorch's numbers.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import check_gradients, generic
from tinygrad_edu import errors, nn
from tinygrad_edu.ops.standardize import plain_standardize, standardize

SIN = np.sin(np.arange(24))  # numbers without symmetries


def randomized(layer, seed=0):
    """The layer with parameters that are neither ones nor zeros."""
    for i, p in enumerate(layer.parameters()):
        p.data[...] = generic(*p.shape, seed=seed + i)
    return layer


# ---- the equations -----------------------------------------------------------------------------------------


@given(st.data())
def test_layers_are_their_equations(data):
    """y = (x - mean) / √(variance + eps) · weight + bias, over the axes that make the four kinds differ."""
    n = data.draw(st.integers(2, 3))
    c = data.draw(st.sampled_from([2, 4, 6]))
    length = data.draw(st.integers(1, 3))
    eps = data.draw(st.sampled_from([1e-5, 0.1]))
    x = generic(n, c, length, seed=data.draw(st.integers(0, 99)))
    z = lambda x, axis: (
        (x - x.mean(axis, keepdims=True))
        / np.sqrt(((x - x.mean(axis, keepdims=True)) ** 2).mean(axis, keepdims=True) + eps)
    )

    batch = randomized(nn.BatchNorm1d(c, eps, dtype=np.float64))
    np.testing.assert_allclose(
        batch(x).data,
        z(x, (0, 2)) * batch.weight.data[:, None] + batch.bias.data[:, None],
        rtol=1e-12,
        atol=1e-14,
    )

    layer = randomized(nn.LayerNorm((c, length), eps, dtype=np.float64))
    np.testing.assert_allclose(
        layer(x).data, z(x, (1, 2)) * layer.weight.data + layer.bias.data, rtol=1e-12, atol=1e-14
    )

    group = randomized(nn.GroupNorm(2, c, eps, dtype=np.float64))
    halves = np.concatenate([z(half, (1, 2)) for half in np.split(x, 2, 1)], 1)
    np.testing.assert_allclose(
        group(x).data, halves * group.weight.data[:, None] + group.bias.data[:, None], rtol=1e-12, atol=1e-14
    )

    rms = randomized(nn.RMSNorm(length, eps, dtype=np.float64))
    np.testing.assert_allclose(
        rms(x).data,
        x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * rms.weight.data,
        rtol=1e-12,
        atol=1e-14,
    )


@given(st.data())
def test_gradients_of_drawn_layers(data):
    draw, dtype = data.draw, np.float64
    eps, affine, seed = draw(st.sampled_from([1e-3, 0.1])), draw(st.booleans()), draw(st.integers(0, 99))
    layer, shape = draw(
        st.sampled_from([
            (nn.BatchNorm1d(2, eps, None, affine, dtype=dtype), (3, 2)),
            (nn.BatchNorm1d(2, eps, 0.1, affine, dtype=dtype), (2, 2, 2)),
            (nn.BatchNorm2d(2, eps, 0.1, affine, False, dtype=dtype), (2, 2, 1, 2)),
            (nn.BatchNorm2d(2, eps, 0.1, affine, dtype=dtype).eval(), (1, 2, 2, 1)),
            (nn.LayerNorm(4, eps, affine, dtype=dtype), (2, 4)),
            (nn.LayerNorm((2, 3), eps, affine, bias=False, dtype=dtype), (2, 2, 3)),
            (nn.RMSNorm(4, eps, affine, dtype=dtype), (4,)),
            (nn.RMSNorm((2, 2), eps, affine, dtype=dtype), (2, 2, 2)),
            (nn.GroupNorm(2, 4, eps, affine, dtype=dtype), (2, 4)),
            (nn.GroupNorm(1, 2, eps, affine, dtype=dtype), (2, 2, 3)),
        ])
    )  # fmt: skip
    check_gradients(randomized(layer, seed), generic(*shape, seed=seed))


@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), (1, 2), (0, 1, 2)], ids=str)
def test_standardize_agrees_with_its_composition_to_the_third_derivative(axis):
    """All three outputs: each is multiplied by numbers of its own."""
    x, v = generic(2, 3, 2), generic(2, 3, 2, seed=1)

    def third(function):
        mixed = lambda x: sum(np.sum(np.sin(y) * (i + 1)) for i, y in enumerate(function(x, axis, 0.01)))
        slope = lambda f: lambda x: tg.jvp(f, (x,), (v,))[1]
        return [
            mixed(x),
            tg.grad(mixed)(x).data,
            tg.grad(slope(mixed))(x).data,
            tg.grad(slope(slope(mixed)))(x).data,
        ]

    for ours, plain in zip(third(standardize), third(plain_standardize), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-9 * np.abs(plain).max())


def test_a_large_offset_costs_no_digits_that_the_input_has():
    x = 1e8 + np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(
        tg.layer_norm(x, eps=0.0), np.array([-1, 0, 1]) * np.sqrt(1.5), rtol=1e-12, atol=1e-12
    )


# ---- batch normalization -----------------------------------------------------------------------------------


def used_once():
    """BatchNorm1d(1) after x = [1, 3] with cotangent [1, 0]."""
    layer, x = nn.BatchNorm1d(1, dtype=np.float64), tg.Tensor([[1.0], [3.0]], requires_grad=True)
    y = layer(x)
    y.backward([[1.0], [0.0]])
    return layer, x, y


def test_batch_norm_in_training_uses_the_batch():  # Y01
    layer, x, y = used_once()
    np.testing.assert_allclose(y.data[:, 0], [-0.9999950000375, 0.9999950000375], rtol=1e-12)
    np.testing.assert_allclose(x.grad.data[:, 0], [4.999925000937e-06, -4.999925000937e-06], rtol=1e-9)
    np.testing.assert_allclose(layer.running_mean.data, [0.2], rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, [1.1], rtol=1e-12)
    np.testing.assert_allclose(layer.weight.grad.data, [-0.9999950000375], rtol=1e-12)
    np.testing.assert_array_equal(layer.bias.grad.data, [1])
    assert layer.num_batches_tracked.item() == 1


def test_batch_norm_in_use_takes_the_running_statistics():  # Y02
    layer, *_ = used_once()
    np.testing.assert_allclose(layer.eval()(np.array([[1.0]])).data, [[0.7627666042834]], rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.BatchNorm1d(4), np.ones((1, 4))),
        (nn.BatchNorm1d(4), np.ones((0, 4))),
        (nn.BatchNorm2d(4), np.ones((1, 4, 1, 1))),
    ],
)
def test_one_value_per_channel_has_no_variance_and_is_refused(layer, x):  # Y03, Y04
    """The message says what to do about a last batch of one example; nothing is updated,
    and in use it is fine.
    """
    before = layer.state_dict()
    with pytest.raises(
        ValueError,
        match=r"BatchNorm\dd: Expected more than 1 value per channel when training(.|\n)*drop_last=True",
    ):
        layer.train()(x)
    assert all(np.array_equal(value, before[name]) for name, value in layer.state_dict().items())
    assert layer.eval()(x).shape == x.shape
    layer.train()


def test_batch_norm_of_a_constant_is_zero():  # Y05
    layer, x = nn.BatchNorm1d(2), tg.Tensor(np.full((3, 2, 5), 7, np.float32), requires_grad=True)
    y = layer(x)
    assert not y.data.any()
    y.backward(generic(3, 2, 5))
    assert np.isfinite(x.grad.data).all()
    np.testing.assert_allclose(layer.running_var.data, 0.9, rtol=1e-6)
    np.testing.assert_allclose(layer.running_mean.data, 0.7, rtol=1e-6)


def test_the_running_statistics_follow_in_training_only():  # Y06
    layer, x = nn.BatchNorm1d(3), generic(5, 3)
    with tg.no_grad():
        layer(x)
    followed = layer.state_dict()
    np.testing.assert_allclose(followed["running_mean"], 0.1 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(followed["running_var"], 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-5)
    layer.eval()
    assert layer(x).data.tobytes() == layer(x).data.tobytes()
    assert all(np.array_equal(value, followed[name]) for name, value in layer.state_dict().items())


def test_momentum_none_is_the_mean_over_all_batches():
    layer = nn.BatchNorm1d(2, momentum=None, dtype=np.float64)
    batches = [generic(4, 2, seed=s) for s in range(3)]
    for x in batches:
        layer(x)
    np.testing.assert_allclose(
        layer.running_mean.data, np.mean([x.mean(0) for x in batches], 0), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(
        layer.running_var.data, np.mean([x.var(0, ddof=1) for x in batches], 0), rtol=1e-12
    )


def test_without_running_statistics_those_of_the_batch_are_used_always():
    layer, x = nn.BatchNorm2d(2, track_running_stats=False), generic(2, 2, 3, 3)
    assert layer.running_mean is None
    assert list(layer.state_dict()) == ["weight", "bias"]
    np.testing.assert_array_equal(layer(x).data, layer.eval()(x).data)
    np.testing.assert_allclose(layer(x).data.mean((0, 2, 3)), 0, atol=1e-6)


def test_updates_of_the_running_statistics_do_not_reach_graphs_recorded_before():
    """What a graph keeps is computed from the buffers, and is not their memory."""
    layer, x = nn.BatchNorm1d(2, dtype=np.float64), tg.Tensor(generic(3, 2), requires_grad=True)
    y, slope = layer.eval()(x), 1 / np.sqrt(layer.running_var.data + layer.eps)
    layer.train()(x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, np.tile(slope, (3, 1)), rtol=1e-12)


def test_state_of_batch_norm_is_pytorchs():
    state = nn.BatchNorm2d(3).state_dict()
    assert [(name, value.shape, value.dtype.name) for name, value in state.items()] == [
        ("weight", (3,), "float32"), ("bias", (3,), "float32"), ("running_mean", (3,), "float32"),
        ("running_var", (3,), "float32"), ("num_batches_tracked", (), "int64"),
    ]  # fmt: skip
    assert list(nn.BatchNorm1d(3, affine=False).state_dict()) == [
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]


def test_batch_norm_is_pytorchs_number_by_number():
    """Two batches with momentum=None; computed by PyTorch 2.13."""
    layer = nn.BatchNorm2d(2, momentum=None, dtype=np.float64)
    x = np.cos(np.arange(8) * 0.7).reshape(2, 2, 2, 1)
    layer.weight.data[...], layer.bias.data[...] = SIN[:2] / 2, SIN[2:4] / 2
    layer(x)
    y = layer(3 * x + 1).data.ravel()
    expected = [
        0.454648713413,
        0.454648713413,
        0.480883514553,
        -0.359139492771,
        0.454648713413,
        0.454648713413,
        -0.340983397656,
        0.501479391993,
    ]
    np.testing.assert_allclose(y, expected, rtol=1e-10)
    np.testing.assert_allclose(layer.running_mean.data, [0.443081579663, 0.180686293191], rtol=1e-10)
    np.testing.assert_allclose(layer.running_var.data, [5.577463218839, 0.761566187548], rtol=1e-10)


# ---- layer normalization -----------------------------------------------------------------------------------


def test_layer_norm_by_its_figures():  # Y07
    layer, x = nn.LayerNorm(3, dtype=np.float64), tg.Tensor([1.0, 2.0, 4.0], requires_grad=True)
    y = layer(x)
    y.backward([1.0, 0.0, 0.0])
    np.testing.assert_allclose(y.data, [-1.06904153145, -0.267260382863, 1.33630191431], rtol=1e-11)
    np.testing.assert_allclose(x.grad.data, [0.229082291701, -0.343620001369, 0.114537709668], rtol=1e-10)


@pytest.mark.parametrize(("n", "value"), [(4, 3.0), (49, 0.1), (1, 5.0)])
def test_layer_norm_of_constants_is_zero(n, value):  # Y08
    layer, x = nn.LayerNorm(n), tg.Tensor(np.full((2, n), value, np.float32), requires_grad=True)
    y = layer(x)
    y.backward(np.ones((2, n)))
    np.testing.assert_allclose(y.data, 0, atol=1e-5)
    np.testing.assert_allclose(x.grad.data, 0, atol=1e-3)  # of terms of size 1/√eps = 316
    if value != 0.1:  # whose sum is not exact
        assert not y.data.any()
    if n == 1:
        assert not x.grad.data.any()


def test_settings_and_shapes_of_the_parameters():
    assert {k: v.shape for k, v in nn.LayerNorm((3, 4)).state_dict().items()} == {
        "weight": (3, 4),
        "bias": (3, 4),
    }
    assert list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]
    assert list(nn.LayerNorm(3, elementwise_affine=False).state_dict()) == []
    assert list(nn.RMSNorm(3).state_dict()) == ["weight"]
    assert {k: v.shape for k, v in nn.GroupNorm(2, 4).state_dict().items()} == {"weight": (4,), "bias": (4,)}
    assert repr(nn.LayerNorm(8)) == "LayerNorm((8,), eps=1e-05, elementwise_affine=True)"
    shown = repr(nn.BatchNorm1d(8))
    assert shown == "BatchNorm1d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"
    assert repr(nn.GroupNorm(2, 8)) == "GroupNorm(2, 8, eps=1e-05, affine=True)"


def test_group_norm_with_as_many_groups_as_channels_is_instance_norm():
    x = generic(2, 3, 5)
    y = nn.GroupNorm(3, 3, eps=0.0, dtype=np.float64)(x).data
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-12)


def test_rms_norm_takes_its_eps_from_the_dtype():
    zeros = np.zeros((1, 4), np.float32)
    zeros[0, 0] = 1e-5
    expected = 1e-5 / np.sqrt(1e-10 / 4 + np.finfo(np.float32).eps)
    np.testing.assert_allclose(nn.RMSNorm(4)(zeros).data[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [nn.BatchNorm1d(4), nn.LayerNorm((4, 3)), nn.RMSNorm(3), nn.GroupNorm(2, 4)],
    ids=lambda x: type(x).__name__,
)
def test_float32_stays_float32(layer):
    x = tg.Tensor(generic(2, 4, 3).astype(np.float32), requires_grad=True)
    y = layer(x)
    y.backward(np.ones(y.shape))
    assert y.dtype == x.grad.dtype == np.float32
    assert all(p.dtype == p.grad.dtype == np.float32 for p in layer.parameters())
    assert layer(generic(2, 4, 3)).dtype == np.float32  # a plain array is cast
    with pytest.raises(
        errors.DTypeError, match=f"{type(layer).__name__} has float32 parameters and got a Tensor of float64"
    ):
        layer(tg.Tensor(generic(2, 4, 3), requires_grad=True))


def test_without_parameters_the_dtype_is_that_of_the_input():
    for dtype in (np.float32, np.float64):
        assert nn.LayerNorm(3, elementwise_affine=False)(generic(2, 3).astype(dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.LayerNorm(8), (2, 4), r"LayerNorm expects the last axes to be \(8,\), got \(2, 4\)"),
        (nn.LayerNorm((2, 8)), (8,), r"LayerNorm expects the last axes to be \(2, 8\), got \(8,\)"),
        (nn.RMSNorm(8), (2, 4), r"RMSNorm expects the last axes to be \(8,\), got \(2, 4\)"),
        (
            nn.BatchNorm1d(3),
            (2, 4),
            r"BatchNorm1d expects x of shape \(n, c\) or \(n, c, length\) with c = 3 channels, got \(2, 4\)",
        ),
        (nn.BatchNorm1d(3), (2, 3, 4, 4), r"BatchNorm1d expects .* got \(2, 3, 4, 4\)"),
        (
            nn.BatchNorm2d(3),
            (2, 3),
            r"BatchNorm2d expects x of shape \(n, c, height, width\) with c = 3 channels, got \(2, 3\)",
        ),
        (
            nn.GroupNorm(1, 3),
            (2, 4),
            r"GroupNorm expects x of shape \(n, c, …\) with c = 3 channels, got \(2, 4\)",
        ),
    ],
)
def test_wrong_shapes_say_what_was_expected(layer, shape, message):
    with pytest.raises(errors.ShapeError, match=message):
        layer(np.ones(shape))
    with pytest.raises(errors.ShapeError, match=r"^layer 0 expects"):  # its place in the model
        nn.Sequential(layer)(np.ones(shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.GroupNorm(3, 4), "GroupNorm: num_channels 4 is not divisible by num_groups 3"),
        (lambda: nn.BatchNorm1d(0), "BatchNorm1d: num_features is at least 1; got 0"),
        (lambda: nn.LayerNorm(()), "LayerNorm: normalized_shape .* got ()"),
        (lambda: nn.RMSNorm((2, 0)), "RMSNorm: normalized_shape"),
        (lambda: tg.group_norm(np.ones((2, 3)), 0), "group_norm: num_groups is at least 1"),
        (lambda: tg.group_norm(np.ones((2, 3)), 2), "group_norm: .*multiple of 2 groups"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(errors.TinygradError, match=message):
        make()
