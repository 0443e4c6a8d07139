"""Pictures of networks: weights, activations with their derivatives,
and histograms by layer show the very numbers.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, plot
from tinygrad_edu.errors import ArgumentError, ShapeError, StateError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

# ---- weights -----------------------------------------------------------------------------------------------


def shown(ax):
    return [np.asarray(cell.images[0].get_array()) for cell in ax.child_axes]


def test_weights_of_a_layer_are_squares_with_white_at_zero(ax):
    layer = nn.Linear(9, 4, rng=0)
    plot.weights(layer, ax=ax)
    assert np.array_equal(shown(ax), layer.weight.data.reshape(4, 3, 3))
    limit = np.abs(layer.weight.data).max()
    assert {cell.images[0].get_clim() for cell in ax.child_axes} == {(-limit, limit)}
    red, white, blue = ax.child_axes[0].images[0].get_cmap()([0.0, 0.5, 1.0])[:, :3]
    assert red[0] > 2 * red[2]
    assert blue[2] > 2 * blue[0]
    assert white.min() > 0.95


def test_weights_of_other_shapes(ax):
    array = np.arange(12.0).reshape(2, 6)
    plot.weights(array, shape=(2, 3), ax=ax)
    assert np.array_equal(shown(ax), array.reshape(2, 2, 3))
    kernels = nn.Conv2d(3, 2, 5, rng=0)
    frame = plot.weights(kernels)
    assert np.array_equal(shown(frame), kernels.weight.data.reshape(6, 5, 5))
    frame.figure.canvas.draw()
    y = [cell.get_position().y0 for cell in frame.child_axes]
    assert y[0] == y[1] == y[2] > y[3]  # a row for each unit
    assert np.array_equal(shown(plot.weights(np.zeros((2, 3, 3)), titles=["a", "b"])), np.zeros((2, 3, 3)))


# ---- activations -------------------------------------------------------------------------------------------

CLOSED = {
    "tanh": (np.tanh, np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sigmoid": (tg.sigmoid, lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "module": (nn.LeakyReLU(0.1), lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
    "a step": (nn.Heaviside(), lambda x: np.heaviside(x, 0.5), np.zeros_like),
    "a constant": (lambda x: np.zeros(x.shape), np.zeros_like, np.zeros_like),
}


@pytest.mark.parametrize(("function", "value", "slope"), CLOSED.values(), ids=CLOSED)
def test_activation_curves_are_the_function_and_its_derivative(function, value, slope, ax):
    plot.activation_curves(function, low=-2, high=3, ax=ax)
    f, derivative = (line.get_xydata() for line in ax.lines[-2:])
    off = np.abs(f[:, 0]) > 1e-9  # kinks are at 0
    assert (f[0, 0], f[-1, 0]) == (-2, 3)
    assert np.allclose(f[off, 1], value(f[off, 0]))
    assert np.allclose(derivative[off, 1], slope(f[off, 0]))


def test_several_activations_have_a_picture_each(ax):
    plot.activation_curves([np.tanh, nn.ReLU()], ax=ax)
    assert [cell.get_title() for cell in ax.child_axes] == ["tanh", "ReLU"]
    frame = plot.activation_curves(
        {"leaky": nn.LeakyReLU(0.1), "steep": lambda x: np.tanh(5 * x), "own": np.sin}
    )
    assert [cell.get_title() for cell in frame.child_axes] == ["leaky", "steep", "own"]


# ---- histograms --------------------------------------------------------------------------------------------


def bars(ax):
    """Of each histogram, from the top: its edges, and the heights of its bars above its floor."""
    from matplotlib.patches import StepPatch

    filled = [patch.get_data() for patch in ax.patches if isinstance(patch, StepPatch) and patch.get_fill()]
    return [(data.edges, data.values - data.baseline) for data in filled]


def test_activation_histograms_count_what_comes_out_of_each_layer(ax):
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(5, 40, rng=rng),
        nn.ReLU(),
        nn.Sequential(nn.Dropout(0.5, rng=rng), nn.Linear(40, 3, rng=rng)),
    )
    x = rng.standard_normal((200, 5)).astype(np.float32)
    plot.activation_histograms(model, x, ax=ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0 Linear", "1 ReLU", "2.0 Dropout", "2.1 Linear"]
    first = x @ model[0].weight.data.T + model[0].bias.data
    second = np.maximum(first, 0)
    for (edges, heights), values in zip(bars(ax), (first, second, second)):
        assert 0 in edges
        counts = np.histogram(values[values != 0], edges)[0]
        assert np.allclose(heights / heights.max(), counts / counts.max())
    share = f"{np.mean(second == 0):.0%} zero"
    assert [text.get_text() for text in ax.texts] == [share, share]
    assert model[2][0].training  # and nothing of the run is left
    assert "forward" not in vars(model[0])


def test_gradient_histograms_are_of_sizes_on_a_logarithmic_axis(ax):
    model = nn.Sequential(nn.Linear(20, 30, rng=0), nn.Tanh(), nn.Linear(30, 2, rng=1))
    model[0].freeze()
    rng = np.random.default_rng(0)
    model[2].weight.grad = tg.Tensor(
        np.where(rng.random((2, 30)) < 0.25, 0, 10.0 ** rng.uniform(-6, -2, (2, 30))).astype(np.float32)
    )
    plot.gradient_histograms(model, ax=ax)
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["2.weight"]
    ((edges, heights),) = bars(ax)
    sizes = np.abs(model[2].weight.grad.data)
    assert np.allclose(np.diff(np.log10(edges)), np.diff(np.log10(edges))[0])
    counts = np.histogram(sizes[sizes > 0], edges)[0]
    assert counts.sum() == (sizes > 0).sum()
    assert np.allclose(heights / heights.max(), counts / counts.max())
    assert ax.texts[0].get_text() == f"{np.mean(sizes == 0):.0%} zero"


@pytest.mark.parametrize(
    "values", [np.ones((4, 3)), np.zeros((4, 3)), np.full((4, 3), np.nan)], ids=["equal", "zero", "nan"]
)
def test_histograms_of_odd_numbers_can_be_drawn(values, tmp_path):
    class Constant(nn.Module):
        def forward(self, x):
            return tg.Tensor(values)

    plot.save(plot.activation_histograms(Constant(), values).figure, tmp_path / "a.png", dpi=40)


def test_gradients_of_which_some_are_not_finite(ax):
    model = nn.Linear(2, 2, bias=False, rng=0)
    model.weight.grad = tg.Tensor(np.array([[np.inf, 1.0], [np.nan, 1.0]], np.float32))
    plot.gradient_histograms(model, ax=ax)
    assert bars(ax)[0][1].max() > 0


WRONG = {
    "not a square": (lambda: plot.weights(np.ones((2, 6))), ShapeError, r"6 inputs .* 2 × 2; give shape="),
    "one axis": (lambda: plot.weights(np.ones(6)), ShapeError, r"got shape \(6,\)"),
    "nothing": (lambda: plot.weights(np.ones((0, 2, 2))), ShapeError, "expected"),
    "titles": (lambda: plot.weights(np.ones((2, 2, 2)), titles=["a"]), ShapeError, "1 titles for 2"),
    "no weight": (lambda: plot.weights(nn.ReLU()), ArgumentError, "a layer with a weight; got ReLU"),
    "low": (lambda: plot.activation_curves(np.tanh, low=1, high=1), ArgumentError, "low is below high"),
    "no function": (lambda: plot.activation_curves([]), ArgumentError, "got none"),
    "a sum": (lambda: plot.activation_curves(np.sum), ShapeError, r"sum returns shape \(\)"),
    "no gradient": (lambda: plot.gradient_histograms(nn.Linear(2, 2, rng=0)), StateError, "backward"),
    "no layer": (lambda: plot.activation_histograms(nn.Identity(), np.arange(3)), ArgumentError, "no layer"),
}


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
