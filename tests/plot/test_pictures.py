"""Pictures: what is drawn is what was given, on the axes that were given,
and files are written whole or not at all.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import python
from tinygrad_edu import nn, plot
from tinygrad_edu.errors import ArgumentError, ShapeError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402  # after the choice of the backend
from matplotlib.colors import to_rgba  # noqa: E402

BLUE, ORANGE = to_rgba("#3f90da"), to_rgba("#ffa90e")


NET = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
NET_WITH_GRADIENTS = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
np.sum(NET_WITH_GRADIENTS(np.eye(2))).backward()


def live(**settings):
    drawn = plot.LiveLoss(target=0.5, **settings)
    drawn(1.0)
    return drawn.ax


DRAW = {
    "curves": lambda **kw: plot.curves({"a": [1.0, 2.0]}, target=1.5, **kw),
    "live loss": live,
    "class_scatter": lambda **kw: plot.class_scatter(np.eye(2), [0, 1], **kw),
    "decision_grid": lambda **kw: plot.decision_grid(
        [NET, lambda x: x], np.eye(2), [0, 1], resolution=5, **kw
    ),
    "weights": lambda **kw: plot.weights(nn.Linear(9, 3, rng=0), **kw),
    "activation_curves": lambda **kw: plot.activation_curves([np.tanh, nn.ReLU()], **kw),
    "activation_histograms": lambda **kw: plot.activation_histograms(NET, np.eye(2), **kw),
    "gradient_histograms": lambda **kw: plot.gradient_histograms(NET_WITH_GRADIENTS, **kw),
    "loss_curve": lambda **kw: plot.loss_curve([3.0, 2.0, 1.0], **kw),
    "confusion_matrix": lambda **kw: plot.confusion_matrix(np.eye(3), **kw),
    "decision_regions": lambda **kw: plot.decision_regions(
        lambda x: x, np.eye(2), [0, 1], resolution=5, **kw
    ),
    "images": lambda **kw: plot.images(np.zeros((3, 4, 4)), **kw),
}


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_draws_on_the_given_axes_or_on_new_ones(draw, ax, tmp_path):
    assert draw(ax=ax) is ax
    one, two = draw(), draw()
    assert one.figure is not two.figure
    assert plt.get_fignums() == []
    plot.save(one.figure, tmp_path / "new.png", dpi=40)
    assert draw(ax=plt.figure().add_subplot()).figure.number == 1


def test_a_notebook_shows_a_new_figure():
    assert plot.loss_curve([2.0, 1.0]).figure._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_names_the_extra():
    code = "import sys; sys.modules['matplotlib'] = None; from tinygrad_edu import plot; plot.curves([1.0])"
    done = python("-c", code)
    assert "ImportError: Pictures need matplotlib: pip install 'tinygrad_edu[plot]'" in done.stderr


@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_no_setting_of_matplotlib_is_changed(draw):
    before = dict(matplotlib.rcParams)
    draw()
    assert dict(matplotlib.rcParams) == before


def test_loss_curve_draws_the_values_against_epochs_from_1(ax):
    plot.loss_curve(
        {"training": [3.0, 2.0, 1.0], "held-out": tg.Tensor([4.0, 5.0], requires_grad=True)}, ax=ax, log=True
    )
    first, second = (line.get_xydata().tolist() for line in ax.lines)
    assert first == [[1, 3], [2, 2], [3, 1]]
    assert second == [[1, 4], [2, 5]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "held-out"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "loss", "log")


def test_loss_curve_of_one_sequence_has_no_legend_and_one_value_is_a_dot(ax):
    plot.loss_curve([0.5], ax=ax)
    assert ax.get_legend() is None
    assert ax.lines[0].get_marker() == "o"


def test_curves_of_a_history(ax):
    history = tg.train.History()
    history.append({"loss": 2.0, "val_loss": 3.0})
    history.append({"loss": 1.0, "val_loss": 2.0})
    plot.curves(history, ax=ax)
    assert {line.get_label(): line.get_ydata().tolist() for line in ax.lines} == {
        "loss": [2, 1],
        "val_loss": [3, 2],
    }
    assert plot.curves({}).get_legend() is None


def test_loss_curve_of_nothing_can_be_saved(tmp_path, ax):
    plot.save(plot.loss_curve({"training": [], "held-out": []}, ax=ax, log=True).figure, tmp_path / "x.png")


def test_confusion_matrix_writes_counts_in_their_places_and_leaves_zeros_blank(ax):
    plot.confusion_matrix([[5, 0, 1], [0, 0, 0], [2, 0, 7]], classes=["a", "b", "c"], ax=ax)
    assert {(t.get_position(), t.get_text()) for t in ax.texts} == {
        ((0, 0), "5"),
        ((2, 0), "1"),
        ((0, 2), "2"),
        ((2, 2), "7"),
    }
    assert np.allclose(ax.images[0].get_array(), np.sqrt([[5 / 6, 0, 1 / 6], [0, 0, 0], [2 / 9, 0, 7 / 9]]))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


SCORES = {
    "two columns": lambda x: np.stack([-x[:, 0], x[:, 0]], axis=1),
    "one column": lambda x: x[:, :1],
    "one logit": lambda x: x[:, 0],
    "tensors": lambda x: tg.Tensor(np.stack([-x[:, 0], x[:, 0]], axis=1), requires_grad=True),
}


@pytest.mark.parametrize("predict", SCORES.values(), ids=SCORES)
def test_decision_regions_color_where_each_class_wins(predict, ax):
    points = np.array([[-1.0, 0.5], [2.0, -0.5], [1.0, 1.0]])
    plot.decision_regions(predict, points, [0, 1, 1], ax=ax, resolution=40)
    colors, (left, right, *_) = ax.images[0].get_array(), ax.images[0].get_extent()
    middles = left + (np.arange(40) + 0.5) * (right - left) / 40
    expected = np.where((middles > 0)[None, :, None], ORANGE, BLUE)
    assert np.allclose(colors[..., :3], np.broadcast_to(expected, colors.shape)[..., :3])
    assert np.ptp(colors[..., 3]) == 0
    assert left < -1
    assert right > 2
    zero, one = ax.collections
    assert zero.get_offsets().tolist() == [[-1, 0.5]]
    assert one.get_offsets().tolist() == [[2, -0.5], [1, 1]]
    assert np.allclose(zero.get_facecolor(), BLUE)
    assert np.allclose(one.get_facecolor(), ORANGE)


def test_decision_regions_have_y_upwards(ax):
    plot.decision_regions(
        lambda x: x[:, 1], np.array([[0.0, -1.0], [1.0, 1.0]]), [0, 1], ax=ax, resolution=20
    )
    image = ax.images[0]
    assert image.origin == "lower"
    assert np.allclose(image.get_array()[0, :, :3], BLUE[:3])
    assert np.allclose(image.get_array()[-1, :, :3], ORANGE[:3])


def test_decision_regions_ask_in_the_dtype_of_the_points_and_without_recording(ax):
    asked = []
    predict = lambda x: (asked.append((x.dtype, tg.is_grad_enabled())), x)[1]
    plot.decision_regions(predict, np.eye(2, dtype=np.float32), [0, 1], ax=ax, resolution=3)
    assert asked == [(np.float32, False)]


def test_images_have_their_titles_and_one_scale(ax):
    pictures = np.arange(5 * 4.0).reshape(5, 2, 2)
    plot.images(pictures, titles=list("abcde"), ax=ax, columns=3)
    cells = ax.child_axes
    assert [cell.get_title() for cell in cells] == list("abcde")
    assert all(np.array_equal(cell.images[0].get_array(), picture) for cell, picture in zip(cells, pictures))
    assert {cell.images[0].get_clim() for cell in cells} == {(0.0, 19.0)}
    ax.figure.canvas.draw()
    x, y = np.array([cell.get_position().p0 for cell in cells]).T
    assert x[0] < x[1] < x[2]
    assert np.isclose(x[0], x[3])
    assert y[0] > y[3]


def test_images_in_color_and_none_at_all(ax):
    plot.images(np.full((1, 2, 2, 3), 0.5), ax=ax)
    plot.images(np.zeros((0, 8, 8)), titles=[], ax=ax)
    assert len(ax.child_axes) == 1


WRONG = {
    "a matrix of losses": (lambda: plot.loss_curve(np.ones((2, 2))), ShapeError, r"shape \(2, 2\)"),
    "a number": (lambda: plot.loss_curve({"a": 1.0}), ShapeError, r"a have shape \(\)"),
    "not square": (lambda: plot.confusion_matrix(np.ones((2, 3))), ShapeError, r"square .* \(2, 3\)"),
    "too few names": (lambda: plot.confusion_matrix(np.eye(2), classes="a"), ShapeError, "1 names for 2"),
    "three dimensions": (
        lambda: plot.decision_regions(lambda x: x, np.ones((4, 3)), np.ones(4)),
        ShapeError,
        r"\(4, 3\)",
    ),
    "too few labels": (
        lambda: plot.decision_regions(lambda x: x, np.ones((4, 2)), [1]),
        ShapeError,
        r"\(1,\)",
    ),
    "no points": (lambda: plot.decision_regions(lambda x: x, np.ones((0, 2)), []), ShapeError, "n ≥ 1"),
    "resolution": (
        lambda: plot.decision_regions(lambda x: x, np.eye(2), [0, 1], resolution=1),
        ArgumentError,
        "at least 2",
    ),
    "one image": (lambda: plot.images(np.ones((8, 8))), ShapeError, r"image\[None\]"),
    "two channels": (lambda: plot.images(np.ones((1, 8, 8, 2))), ShapeError, r"\(1, 8, 8, 2\)"),
    "too few titles": (lambda: plot.images(np.ones((2, 8, 8)), titles=["a"]), ShapeError, "1 titles for 2"),
    "names": (
        lambda: plot.class_scatter(np.eye(2), ["a", "b"]),
        ArgumentError,
        r"got \['a' 'b'\]. data.LabelEncoder",
    ),
    "a label that is missing": (
        lambda: plot.class_scatter(np.eye(2), [0, np.nan]),
        ArgumentError,
        "whole numbers from 0",
    ),
    "one-hot labels": (lambda: plot.class_scatter(np.eye(2), np.eye(2)), ShapeError, r"argmax\(axis=1\)"),
    "points that are missing": (
        lambda: plot.class_scatter([[0, 1], [np.nan, 2]], [0, 1]),
        ArgumentError,
        "in row 1",
    ),
    "scores NaN": (
        lambda: plot.decision_regions(lambda x: x * np.nan, np.eye(2), [0, 1]),
        ArgumentError,
        "returns NaN",
    ),
    "labels below 0": (
        lambda: plot.decision_regions(lambda x: -np.ones(len(x), int), np.eye(2), [0, 1]),
        ArgumentError,
        "returns -1",
    ),
    "negative counts": (lambda: plot.confusion_matrix([[1, -1], [0, 1]]), ArgumentError, "at least 0"),
    "labels for counts": (
        lambda: plot.confusion_matrix([0, 1]),
        ShapeError,
        r"train\.metrics\.confusion_matrix",
    ),
    "no counts": (lambda: plot.confusion_matrix(np.zeros((0, 0))), ShapeError, r"\(0, 0\)"),
    "no columns": (lambda: plot.images(np.ones((2, 8, 8)), columns=0), ArgumentError, "at least 1"),
}


@pytest.mark.parametrize(("call", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_refused_before_a_figure_is_made(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert plt.get_fignums() == []


def test_save_writes_the_format_of_the_suffix_and_leaves_nothing_else(tmp_path, ax):
    (tmp_path / "a.PNG").write_text("old")
    assert plot.save(ax.figure, tmp_path / "a.PNG") == tmp_path / "a.PNG"
    plot.save(ax.figure, str(tmp_path / "b.svg"))
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "b.svg").read_text()
    assert (tmp_path / "a.PNG").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert {p.name for p in tmp_path.iterdir()} == {"a.PNG", "b.svg", "plain"}


def test_save_takes_axes_and_names_of_any_length(tmp_path, ax):
    path = tmp_path / ("x" * 251 + ".png")
    plot.save(ax, path, dpi=20)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    for wrong in (None, plt, np.array([ax]), "figure"):
        with pytest.raises(
            ArgumentError, match="expected a figure, or axes as the functions of plot return them; got"
        ):
            plot.save(wrong, tmp_path / "a.png")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()], ids=["disk full", "Ctrl-C"])
def test_a_failed_write_leaves_the_old_file(tmp_path, failure):
    class Broken:
        def savefig(self, file, **settings):
            file.write(b"half a pict")
            raise failure

    (tmp_path / "a.png").write_text("old")
    with pytest.raises(type(failure)):
        plot.save(Broken(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none/a.png", "there is no folder"),
        ("a.xyz", r"one of .*png.*; got '\.xyz'"),
        ("a", "got ''"),
        (".", "is a folder"),
    ],
)
def test_paths_that_cannot_be_are_refused_early(tmp_path, path, message):
    with pytest.raises(ArgumentError, match=message):
        plot.check_path(tmp_path / path)


def test_matplotlib_is_not_imported_before_it_is_needed():
    code = (
        "import sys, tinygrad_edu.plot\n"
        "sys.exit(bool({'matplotlib', 'tinygrad_edu.train', 'tinygrad_edu.data'} & set(sys.modules)))"
    )
    assert python("-c", code).returncode == 0


def test_figure_and_path_in_the_other_order(tmp_path):
    ax, path = plot.loss_curve([1.0, 2.0]), tmp_path / "x.png"
    for given in (path, str(path)):
        with pytest.raises(
            ArgumentError,
            match=r"the figure comes first, and then the path: plot\.save\(figure, '.*x\.png'\)",
        ):
            plot.save(given, ax)
    with pytest.raises(ArgumentError, match="saved under a path"):
        plot.save(ax, None)
    assert not list(tmp_path.iterdir())


def test_losses_may_be_tensors_in_a_list():
    losses = [np.sum(tg.Tensor([value], requires_grad=True)) for value in (3.0, 2.0, 1.0)]
    np.testing.assert_array_equal(plot.loss_curve(losses).lines[0].get_ydata(), [3, 2, 1])


def test_a_classifier_of_scikit_learn_is_told_its_method():
    neighbors = pytest.importorskip("sklearn.neighbors")
    points, labels = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    model = neighbors.KNeighborsClassifier(1).fit(points, labels)
    for draw in (plot.decision_regions, lambda m, *data: plot.decision_grid([m], *data)):
        with pytest.raises(
            ArgumentError,
            match=r"KNeighborsClassifier, which cannot be. Give its method: model\.predict or "
            r"model\.predict_proba",
        ):
            draw(model, points, labels)
    plot.decision_regions(model.predict, points, labels, resolution=5)
