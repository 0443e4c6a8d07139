"""Points and regions: colors by class and certainty, whatever form the classifier's answer has."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, plot
from tinygrad_edu.errors import ArgumentError, ShapeError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib.colors import to_rgb  # noqa: E402  # after the choice of the backend

BLUE, ORANGE, RED = map(to_rgb, ("#3f90da", "#ffa90e", "#bd1f01"))
SQUARE = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])


def drawn(ax):
    """The colors of the regions, (n, n, 3), their opacity, (n, n), and the x of the columns' middles."""
    picture = np.asarray(ax.images[0].get_array())
    left, right, *_ = ax.images[0].get_extent()
    n = picture.shape[1]
    return picture[..., :3], picture[..., 3], left + (right - left) * (np.arange(n) + 0.5) / n


def logistic(z):
    return 1 / (1 + np.exp(-z))


ANSWERS = {
    "labels": lambda x: (x[:, 0] > 0).astype(int),
    "booleans": lambda x: x[:, 0] > 0,
    "a probability": lambda x: logistic(x[:, 0]),
    "a column of probabilities": lambda x: logistic(x[:, :1]),
    "a logit": lambda x: x[:, 0],
    "rows of probabilities": lambda x: np.stack([logistic(-x[:, 0]), logistic(x[:, 0])], axis=1),
    "rows of logits": lambda x: np.stack([-x[:, 0] / 2, x[:, 0] / 2], axis=1),
    "log probabilities": lambda x: np.log(np.stack([logistic(-x[:, 0]), logistic(x[:, 0])], axis=1)),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("probabilities", [False, True])
def test_every_form_of_an_answer_means_the_same(name, probabilities, ax):
    plot.decision_regions(
        ANSWERS[name], SQUARE, [0, 1, 0, 1], resolution=40, probabilities=probabilities, ax=ax
    )
    colors, opacity, x = drawn(ax)
    assert np.allclose(colors, np.where((x > 0)[:, None], ORANGE, BLUE))
    if probabilities and name not in ("labels", "booleans"):
        certainty = np.abs(2 * logistic(x) - 1)
        assert np.allclose(np.corrcoef(opacity[0], certainty)[0, 1], 1)
        assert np.allclose(opacity[0] - opacity[0].min(), 0.5 * (certainty - certainty.min()), atol=1e-6)
    else:
        assert np.ptp(opacity) == 0


def test_three_classes_fade_where_they_are_equally_probable(ax):
    scores = lambda x: np.stack([x[:, 0], x[:, 1], -x[:, 0] - x[:, 1]], axis=1) * 3
    plot.decision_regions(scores, SQUARE, [0, 1, 2, 0], resolution=41, probabilities=True, ax=ax)
    colors, opacity, x = drawn(ax)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    z = scores(grid)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    clear = np.diff(np.sort(p, axis=1)[:, 1:], axis=1)[:, 0] > 1e-9  # which class is the most probable
    assert np.allclose(colors.reshape(-1, 3)[clear], np.array([BLUE, ORANGE, RED])[p.argmax(axis=1)][clear])
    assert np.allclose(opacity.ravel(), 0.06 + 0.5 * (p.max(axis=1) - 1 / 3) / (2 / 3))
    assert np.unravel_index(opacity.argmin(), opacity.shape) == (20, 20)


def test_the_line_of_equal_probability_is_where_it_is(ax):
    plot.decision_regions(
        lambda x: 5 * (x[:, 0] - 0.3), SQUARE, [0, 1, 0, 1], resolution=101, probabilities=True, ax=ax
    )
    (lines,) = ax.collections[:1]
    assert np.allclose(lines.get_paths()[0].vertices[:, 0], 0.3, atol=1e-3)


def test_a_module_is_asked_in_use_and_has_its_modes_back(ax):
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Dropout(0.9, rng=0))
    seen = []
    model[1].eval().train()
    forward = model[1].forward
    model[1].forward = lambda x: (seen.append(model[1].training), forward(x))[1]
    plot.decision_regions(model, SQUARE, [0, 1, 2, 0], resolution=5, ax=ax)
    assert seen == [False]
    assert model.training
    assert model[1].training


def test_many_points_are_asked_in_parts(ax):
    sizes = []
    plot.decision_regions(
        lambda x: (sizes.append(len(x)), x[:, 0])[1], SQUARE, [0, 1, 0, 1], resolution=200, ax=ax
    )
    assert sum(sizes) == 40_000
    assert max(sizes) <= 20_000


def test_class_scatter_names_the_classes_beside_the_points(ax):
    plot.class_scatter(
        tg.Tensor(SQUARE), [0.0, 2.0, 0.0, 2.0], classes=["a", "b", "c"], axes=("x", "y"), ax=ax
    )
    zero, two = ax.collections
    assert zero.get_offsets().tolist() == [[-1, -1], [-1, 1]]
    assert two.get_offsets().tolist() == [[1, 1], [1, -1]]
    assert np.allclose(zero.get_facecolor()[0, :3], BLUE)
    assert np.allclose(two.get_facecolor()[0, :3], RED)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_one_scale_unless_one_axis_would_be_a_strip(ax):
    assert plot.class_scatter(SQUARE, [0, 1, 0, 1], ax=ax).get_aspect() == 1
    assert plot.class_scatter(SQUARE * [1, 100], [0, 1, 0, 1], ax=ax).get_aspect() == "auto"
    plot.decision_regions(lambda x: x, SQUARE * [1, 100], [0, 1, 0, 1], resolution=5, ax=ax)
    assert ax.get_aspect() == "auto"


def test_decision_grid_has_a_picture_for_each_model(ax):
    models = {"left": lambda x: -x[:, 0], "right": lambda x: x[:, 0], "up": lambda x: x[:, 1]}
    assert plot.decision_grid(models, SQUARE, [0, 1, 0, 1], columns=2, resolution=20, ax=ax) is ax
    cells = ax.child_axes
    assert [cell.get_title() for cell in cells] == list(models)
    left, right, up = (drawn(cell)[0] for cell in cells)
    assert np.allclose(left, right[:, ::-1])
    assert np.allclose(up, right.transpose(1, 0, 2))
    ax.figure.canvas.draw()
    x, y = np.array([cell.get_position().p0 for cell in cells]).T
    assert x[0] == x[2] < x[1]
    assert y[0] == y[1] > y[2]


def test_a_grid_of_a_list_has_no_titles():
    frame = plot.decision_grid([lambda x: x[:, 0]] * 5, SQUARE, [0, 1, 0, 1], resolution=5)
    assert [cell.get_title() for cell in frame.child_axes] == [""] * 5


WRONG = {
    "names": (lambda: plot.class_scatter(SQUARE, [0, 1, 2, 3], classes="abc"), ShapeError, "3 names for 4"),
    "negative": (
        lambda: plot.class_scatter(SQUARE, [0, -1, 2, 3]),
        ArgumentError,
        r"whole numbers from 0; got \[-1",
    ),
    "halves": (lambda: plot.class_scatter(SQUARE, [0, 0.5, 2, 3]), ArgumentError, "whole numbers"),
    "words": (lambda: plot.class_scatter(SQUARE, list("abca")), ArgumentError, "data.LabelEncoder"),
    "pairs": (
        lambda: plot.class_scatter(np.ones((2, 3)), [0, 1]),
        ShapeError,
        r"class_scatter: .* got \(2, 3\)",
    ),
    "answer too short": (
        lambda: plot.decision_regions(lambda x: x[:5, 0], SQUARE, [0, 1, 0, 1], resolution=5),
        ShapeError,
        r"\(25,\) .* \(5,\)",
    ),
    "answer in words": (
        lambda: plot.decision_regions(lambda x: ["a"] * len(x), SQUARE, [0, 1, 0, 1], resolution=5),
        ShapeError,
        "numbers of shape",
    ),
    "no model": (lambda: plot.decision_grid([], SQUARE, [0, 1, 0, 1]), ArgumentError, "got none"),
    "no column": (
        lambda: plot.decision_grid([len], SQUARE, [0, 1, 0, 1], columns=0),
        ArgumentError,
        "columns is at least 1",
    ),
    "grid resolution": (
        lambda: plot.decision_grid([len], SQUARE, [0, 1, 0, 1], resolution=1),
        ArgumentError,
        "at least 2",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
