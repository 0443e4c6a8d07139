"""Files of ONNX: every layer beside onnxruntime, NumPy's functions beside NumPy, and what is refused."""

import sys
import tempfile

import numpy as np
import pytest

import tinygrad_edu as tg
from tests import onnx_agreement
from tests.oracle.configurations import CASES
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ExportError, ShapeError, TraceError

onnx = pytest.importorskip("onnx", reason="tinygrad_edu.onnx needs the package onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="its files are run by onnxruntime")

BY_KIND: dict[str, list] = {}
for case in (case for family in onnx_agreement.FAMILIES for case in CASES[family]):
    BY_KIND.setdefault(case.kind, []).append(case)
FIXED = {"Flatten", "Unflatten"}  # whose axes may be the batch's


def ran(path, *inputs):
    """What onnxruntime computes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {i.name: x for i, x in zip(session.get_inputs(), inputs)})


def agrees(function, *inputs, path, batch_axis=0):
    """Export with these inputs, and compare at one example more, with other values."""
    tg.onnx.export(function, inputs, path, batch_axis=batch_axis)
    axes = batch_axis if isinstance(batch_axis, tuple) else (batch_axis,) * len(inputs)
    given = [onnx_agreement.grown(x, axis) for x, axis in zip(inputs, axes)]
    (got, *_), want = ran(path, *given), function(*given)
    want = want.data if isinstance(want, tg.Tensor) else np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    scale = np.max(np.abs(want), initial=1e-30) if want.dtype.kind == "f" else 1
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * scale)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def f32(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# ---- layers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_layer_agrees_with_onnxruntime(kind):
    with tempfile.TemporaryDirectory() as folder:
        found = [onnx_agreement.agreement(case, folder) for case in BY_KIND[kind]]
    assert max(f.difference for f in found) <= onnx_agreement.TOLERANCE
    assert any(f.is_open for f in found)


def test_cross_entropy_of_probabilities_agrees(path):
    target = np.full((4, 3), 1 / 3, np.float32)
    agrees(lambda x, t: tg.softmax_cross_entropy(x, t, reduction="none"), f32(4, 3), target, path=path)


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "num_layers": 2}], ids=["", "both, twice"])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_lengths_of_sequences_are_an_input(kind, settings, path):
    layer, x = getattr(nn, kind)(6, 5, rng=0, **settings), f32(7, 4, 6)
    lengths = np.array([3, 7, 0, 7])
    agrees(lambda x, n: layer(x, lengths=n)[0], x, lengths, path=path, batch_axis=(1, 0))
    agrees(lambda x, n: layer(x, lengths=n)[0], x, lengths, path=path, batch_axis=None)


def test_argsort_agrees(path):
    x = np.random.default_rng(0).integers(0, 3, (4, 6))
    agrees(lambda x: np.argsort(x, axis=1, kind="stable"), x, path=path)
    agrees(lambda x: np.argsort(-x, axis=0, kind="stable"), x, path=path, batch_axis=0)
    with pytest.raises(ExportError, match="without an axis"):
        tg.onnx.export(lambda x: np.argsort(x, axis=None), x, path)


@pytest.mark.parametrize("wrong", [3, -1])
@pytest.mark.parametrize("loss", [tg.softmax_cross_entropy, tg.multi_margin_loss])
def test_labels_that_are_no_classes_fail(loss, wrong, path):
    labels = np.array([0, 2, 1])
    tg.onnx.export(loss, (f32(3, 3), labels), path)
    np.testing.assert_allclose(ran(path, f32(3, 3), labels)[0], loss(f32(3, 3), labels), rtol=1e-5)
    labels[1] = wrong
    with pytest.raises(Exception, match="Out of range"):
        ran(path, f32(3, 3), labels)


def network():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.Dropout(0.5),
        nn.Flatten(), nn.Linear(36, 5, rng=0),
    )  # fmt: skip


def test_weights_inputs_and_outputs_have_the_names_of_the_model(path):
    model = network()
    tg.onnx.export(model, f32(2, 3, 6, 6), path)
    graph = onnx.load(str(path)).graph
    stored = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    for name, parameter in model.named_parameters():
        np.testing.assert_array_equal(stored[name], parameter.data)
    (x,), (y,) = graph.input, graph.output
    assert (x.name, y.name) == ("x", "output")
    shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (x, y)]
    assert shapes == [["batch", 3, 6, 6], ["batch", 5]]
    assert all(node.name.split("/")[0] in {str(i) for i in range(7)} | {"output"} for node in graph.node)


def test_the_model_is_left_as_it_was(path):
    model = network()
    before = {k: np.copy(v) for k, v in model.state_dict().items()}
    attributes = [dict(vars(m)) for m in model.modules()]
    tg.onnx.export(model, f32(2, 3, 6, 6), path)
    assert [dict(vars(m)) for m in model.modules()] == attributes
    assert all(m.training for m in model.modules())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_function_of_a_model_and_several_inputs(path):
    model = nn.Linear(4, 3, rng=0)
    agrees(lambda a, b: {"p": tg.softmax(model(a * b))}["p"], f32(2, 4), f32(2, 4, seed=1), path=path)


def test_float64_is_kept(path):
    agrees(nn.Linear(4, 3, rng=0, dtype=np.float64), f32(2, 4).astype(float), path=path)


def test_a_fixed_batch_and_other_axes(path):
    agrees(lambda x: x / x.shape[0], f32(3, 4), path=path, batch_axis=None)
    agrees(lambda x: np.sum(x, axis=0), f32(3, 4), path=path, batch_axis=1)
    agrees(lambda x, w: np.matmul(x, w), f32(3, 4), f32(4, 2), path=path, batch_axis=(0, None))


# ---- what follows the batch --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.reshape(x, (x.shape[0] * 2, -1)),
        lambda x: np.reshape(x, (x.shape[0], 2, 3, 2)),
        lambda x: x + np.zeros((x.shape[0], 1), np.float32),
        lambda x: x * np.arange(x.shape[0], dtype=np.float32)[:, None],
        lambda x: np.broadcast_to(x[:1], (x.shape[0], 12)),
        lambda x: x[np.arange(x.shape[0]), np.argmax(x, axis=1)],
        lambda x: x[: x.shape[0]],
        lambda x: np.tile(x[:1], (x.shape[0], 1)),
        lambda x: x * x.shape[0],
        lambda x: np.full_like(x, 3) + np.ones_like(x),
    ],
)
def test_what_follows_the_batch_is_left_open(function, path):
    agrees(function, f32(3, 12), path=path)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x / (x.shape[0] + 1), r"no multiple of it: 4 for a batch of 3, and 5"),
        (lambda x: x * (1.0 / x.shape[0]), r"depends on the batch: 0\.33"),
        (
            lambda x: x + np.linspace(0, 1, x.shape[0], dtype=np.float32)[:, None],
            "its values in a batch of 3",
        ),
        (lambda x: np.stack([x[i] for i in range(x.shape[0])]), "depends on the batch"),
        (lambda x: x if x.shape[0] > 3 else -x, "Nothing is returned|depends on the batch"),
        (
            lambda x: np.split(x, x.shape[0])[0],
            "depends on the batch|ONNX needs a number|cannot be left open",
        ),
    ],
)
def test_what_depends_on_the_batch_otherwise_is_refused(function, told, path):
    with pytest.raises(ExportError, match=told):
        tg.onnx.export(function, f32(3, 4), path)


# ---- refusals ----------------------------------------------------------------------------------------------


class Odd(nn.Module):
    def __init__(self, function):
        self.linear, self.function = nn.Linear(4, 4, rng=0), function

    def forward(self, x):
        return self.function(self.linear(x))


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (np.sort, r"np\.sort has no operator in ONNX .* in layer 'inner\.0' \(Odd\)"),
        (lambda x: np.linalg.inv(np.matmul(x.T, x)), r"np\.linalg\.inv has no operator"),
        (lambda x: np.nonzero(x > 0)[1], r"np\.nonzero has no operator"),
        (lambda x: x if np.sum(x) > 0 else -x, r"A value decides .* in layer 'inner\.0' \(Odd\)"),
        (lambda x: np.pad(x, ((0, 0), (1, 1)), mode="linear_ramp"), "mode 'linear_ramp'"),
        (lambda x: np.sum(x, axis=1, where=np.array([True, False, True, True])), "where="),
        (lambda x: np.take(x, [0, 9], axis=1, mode="clip"), "with these arguments"),
    ],
)
def test_what_onnx_lacks_is_refused_by_name_with_the_layer(function, told, path):
    model = nn.Sequential(nn.Identity())
    model.inner = [Odd(function)]
    model.forward = lambda x: model.inner[0](x)
    with pytest.raises(ExportError, match=told):
        tg.onnx.export(model, f32(3, 4), path)
    assert not path.exists()


def test_a_value_that_leaves_numpy_is_refused(path):
    with pytest.raises(TraceError, match="A number is made of a traced value"):
        tg.onnx.export(lambda x: x * int(np.sum(x)), f32(3, 4), path)
    with pytest.raises(ExportError, match="item has no operator in ONNX"):
        tg.onnx.export(lambda x: x * float(np.sum(x)), f32(3, 4), path)
    with pytest.raises(ExportError, match="an end of a slice, that values decide"):
        tg.onnx.export(lambda x: x[:, : np.argmax(x[0])], f32(3, 4), path)


def test_a_condition_that_only_raises_is_left_out(path):
    def checked(x):
        if np.any(x > 100):
            raise ValueError("too large")
        return 2 * x

    agrees(checked, f32(3, 4), path=path)


def test_a_file_that_was_there_stays_when_the_export_fails(path):
    path.write_bytes(b"before")
    with pytest.raises(ExportError):
        tg.onnx.export(np.sort, f32(3, 4), path)
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((3, np.zeros(2)), ArgumentError, "export: a module or function is expected; got a int"),
        ((np.exp, np.zeros(())), ShapeError, r"batch_axis 0 is none of input 0, of shape \(\)"),
        (
            (np.add, (np.zeros(2), np.zeros(3))),
            ShapeError,
            r"one number of examples, at least 1, are expected; got \[2, 3\]",
        ),
        ((np.exp, np.zeros((0, 2))), ShapeError, "at least 1"),
    ],
)
def test_wrong_arguments(arguments, error, told, path):
    with pytest.raises(error, match=told):
        tg.onnx.export(*arguments, path)


def test_without_the_package_it_says_where_that_comes_from(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tinygrad_edu\[onnx\]'"):
        tg.onnx.export(np.exp, f32(2), path)


# ---- NumPy's functions -------------------------------------------------------------------------------------

# fmt: off
UNARY = [
    np.abs, np.exp, np.sqrt, np.log, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh,
    np.floor, np.ceil, np.rint, np.sign, np.square, np.log1p, np.expm1, np.log2, np.log10, np.exp2, np.negative,
    np.reciprocal, np.isnan, np.isinf, np.isfinite, np.positive, np.cumsum, np.ravel, np.squeeze, np.flip,
    np.transpose, np.mean, np.prod, np.max, np.min, np.argmax, np.argmin, np.any, np.all, np.linalg.norm,
]
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, np.hypot, np.logaddexp,
    np.floor_divide, np.remainder, np.greater, np.less_equal, np.equal, np.not_equal, np.float_power,
    lambda x, y: np.logical_and(x > 1, y > 1), lambda x, y: ~((x > 1) ^ (y > 1)), np.vecdot,
    lambda x, y: np.where(x > y, x, 0), lambda x, y: np.concatenate([x, y], axis=1),
    lambda x, y: np.stack([x, y], axis=1), lambda x, y: np.einsum("ij,kj->ik", x, y),
    lambda x, y: np.matmul(x, np.swapaxes(y, 0, 1)), lambda x, y: np.dot(x, y[0]),
    lambda x, y: np.outer(x[0], y[0]),
]
OTHERS = [
    lambda x: np.var(x, axis=1, ddof=1), lambda x: np.std(x, axis=0, keepdims=True),
    lambda x: np.sum(x, axis=(0, 1)), lambda x: np.count_nonzero(x > 1, axis=1),
    lambda x: np.clip(x, 0.5, 1), lambda x: np.expand_dims(x, (0, 2)), lambda x: np.moveaxis(x[None], 0, 1),
    lambda x: np.repeat(x, 2, axis=1), lambda x: np.roll(x, 2, axis=1), lambda x: np.roll(x, (1, 2), axis=(1, 1)),
    lambda x: np.triu(x), lambda x: np.tril(x, -1), lambda x: np.pad(x, ((0, 0), (1, 2)), mode="reflect"),
    lambda x: np.pad(x, ((0, 0), (1, 0)), constant_values=2.5), lambda x: np.split(x, 2, axis=1)[1],
    lambda x: np.take(x, [0, 2, -1], axis=1), lambda x: np.take_along_axis(x, np.argsort([[3, 1, 2, 0]]), 1),
    lambda x: x[:, 1], lambda x: x[:, -1, None], lambda x: x[..., ::2], lambda x: x[:, ::-1], lambda x: x[:, 1:3],
    lambda x: x[:, [0, 0, 3]], lambda x: x[[0, 1], [2, 3]], lambda x: x[0], lambda x: x.T.T[:, 2:], lambda x: x**3,
    lambda x: x.astype(np.int32), lambda x: x.sum(axis=1), lambda x: x.mean(), lambda x: x.max(axis=1),
    lambda x: x.reshape(-1, 2), lambda x: x.copy(), lambda x: x.transpose(), lambda x: x.argmax(axis=1),
    lambda x: (x * 10).astype(int) // 3 + (x * 10).astype(int) % 3, lambda x: np.sum(x > 1),
    lambda x: np.linalg.norm(x, axis=1, ord=1), lambda x: np.linalg.norm(x, axis=1, ord=np.inf),
    lambda x: np.linalg.norm(x, axis=1, ord=3), lambda x: tg.erf(x) + tg.erfc(x), lambda x: tg.logsumexp(x, axis=1),
    lambda x: tg.log_softmax(x, axis=(0, 1)), lambda x: tg.gelu(x, approximate="tanh"), np.atleast_2d,
]
# fmt: on


@pytest.mark.parametrize("function", [*UNARY, *OTHERS])
def test_numpys_functions_of_one_array(function, path):
    x = np.abs(f32(3, 4)) + np.float32(0.2)
    agrees(function, x, path=path)


@pytest.mark.parametrize("function", BINARY)
def test_numpys_functions_of_two_arrays(function, path):
    x, y = np.abs(f32(3, 4)) + np.float32(0.2), np.abs(f32(3, 4, seed=1)) + np.float32(0.2)
    agrees(function, x, y, path=path)
