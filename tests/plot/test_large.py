"""Pictures of many: every class has a look of its own, hundreds of images and counts are a few artists,
and colors are on one scale.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import plot
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")

# ---- looks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 10, 11, 30, 120])
def test_every_class_has_a_mark_of_its_own(count, ax):
    plot.class_scatter(np.random.default_rng(0).normal(size=(count, 2)), np.arange(count), ax=ax)
    looks = {
        (tuple(drawn.get_facecolor()[0]), drawn.get_paths()[0].vertices.tobytes()) for drawn in ax.collections
    }
    assert len(looks) == len(ax.collections) == count
    assert len(ax.get_legend().get_texts()) == count


@pytest.mark.parametrize("count", [2, 10, 11, 30, 60])
def test_every_line_has_dashes_of_its_own(count, ax):
    plot.curves({str(i): [1.0, 2.0] for i in range(count)}, ax=ax)
    looks = {(line.get_color(), str(line.get_linestyle()), str(line._dash_pattern)) for line in ax.lines}
    assert len(looks) == count
    one = plot.curves({str(i): [1.0] for i in range(count)})
    looks = {(line.get_color(), line.get_marker(), str(line._dash_pattern)) for line in one.lines}
    assert len(looks) == count


@pytest.mark.parametrize("probabilities", [False, True])
def test_every_region_has_stripes_of_its_own(probabilities):
    square, pictures = np.array([[0.0, 0.0], [1.0, 1.0]]), set()
    for label in range(40):
        ax = plot.decision_regions(
            lambda x, label=label: np.full(len(x), label),
            square,
            [0, 0],
            resolution=24,
            probabilities=probabilities,
        )
        pictures.add(np.asarray(ax.images[0].get_array()).tobytes())
    assert len(pictures) == 40


def test_a_legend_of_many_leaves_room_for_the_picture(tmp_path):
    points = np.random.default_rng(0).normal(size=(40, 2))
    names = [f"class {i}" for i in range(40)]
    for ax in (
        plot.curves({name: [1.0, 2.0] for name in names}),
        plot.decision_regions(
            lambda x: (x[:, 0] > 0).astype(int), points, np.arange(40), classes=names, resolution=20
        ),
    ):
        plot.save(ax, tmp_path / "x.png", dpi=30)  # no warning that there is none
        assert ax.get_position().width > 0.2


# ---- many --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 5), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize("titles", [False, True])
def test_many_images_are_one_mosaic(shape, titles, ax, tmp_path):
    pictures = np.random.default_rng(0).random((67, *shape))
    names = [f"n{i}" for i in range(67)] if titles else None
    plot.images(pictures, ax=ax, columns=9, titles=names)
    (image,), (edges,) = ax.images, ax.collections
    whole = np.asarray(image.get_array())
    assert not ax.child_axes
    assert [text.get_text() for text in ax.texts] == (names or [])
    for picture, path in zip(pictures, edges.get_paths()):
        (left, top), (right, bottom) = np.array([path.vertices.min(axis=0), path.vertices.max(axis=0)]) + 0.5
        assert np.allclose(whole[int(top) : int(bottom), int(left) : int(right)], picture, atol=1e-6)
    assert len({path.vertices.tobytes() for path in edges.get_paths()}) == 67
    assert image.get_alpha().sum() == 67 * shape[0] * shape[1]  # nothing is drawn between
    plot.save(ax, tmp_path / "x.png", dpi=30)


def test_a_mosaic_has_the_scale_of_its_images(ax):
    pictures = np.arange(70 * 4.0).reshape(70, 2, 2) + 5
    plot.images(pictures, ax=ax)
    assert ax.images[0].get_clim() == (5, 284)
    bar = plot.weights(np.full((70, 9), -2.0))
    assert bar.images[0].get_clim() == (-2, 2)
    plot.images(np.where(pictures > 100, np.nan, pictures)[:3], ax=ax)
    assert ax.child_axes[0].images[0].get_clim() == (5, 16)


def test_many_counts_are_one_collection(ax):
    counts = np.random.default_rng(0).integers(0, 300, (30, 30)) / 4
    plot.confusion_matrix(counts, ax=ax)
    drawn, *lines = ax.collections
    assert not ax.texts
    assert [len(line.get_segments()) for line in lines] == [29, 29]
    assert np.array_equal(drawn.get_offsets(), np.argwhere(counts)[:, ::-1])
    sizes = [len(path.vertices) for path in drawn.get_paths()]
    few = plot.confusion_matrix(np.ones((16, 16)))
    one = few.collections[0].get_paths()[0]
    assert len(few.collections[0].get_offsets()) == 256
    assert max(sizes) > len(one.vertices)
    # A number stands in the middle of its place.
    assert np.allclose(one.get_extents().intervalx.sum(), 0, atol=0.02)
    assert len(plot.confusion_matrix(np.full((100, 100), 1000)).collections) == 2  # nobody could read them


def test_outlines_lie_where_texts_do(tmp_path):
    from matplotlib import image

    from tinygrad_edu.plot import confusion

    counts = np.zeros((9, 9))
    counts[2, 3], counts[4, 4], counts[7, 1] = 7, 120, 0.5
    pictures = []
    for most in (15, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(confusion, "MOST_TEXTS", most)
            plot.save(plot.confusion_matrix(counts), tmp_path / "x.png", dpi=100)
        pictures.append(image.imread(tmp_path / "x.png")[..., :3])
    texts, outlines = pictures
    assert np.abs(texts - outlines).mean() < 0.002
    assert np.abs(texts - outlines).max(axis=2).mean() > 0  # they were drawn in another way


# ---- colors ------------------------------------------------------------------------------------------------

BYTES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("count", [2, 66])
def test_colors_from_0_to_255_are_those_of_bytes(dtype, count, ax):
    pictures = np.resize(BYTES, (count, 8, 8, 3)).astype(dtype)
    plot.images(tg.Tensor(pictures), ax=ax)
    drawn = np.array([image.get_array() for place in (ax, *ax.child_axes) for image in place.images])
    assert drawn.dtype == np.uint8
    assert {*np.unique(drawn)} - {0} == {*np.unique(BYTES)} - {0}


def test_colors_from_0_to_1_stay(ax):
    pictures = BYTES / 255.0
    plot.images(np.where(BYTES > 250, pictures + 1e-7, pictures), ax=ax)
    assert np.allclose([cell.images[0].get_array() for cell in ax.child_axes], pictures, atol=1e-6)


@pytest.mark.parametrize(
    "pictures",
    [
        BYTES - 100,
        BYTES * 2,
        BYTES / 2.0,
        BYTES / 255.0 * 2 - 1,
        np.where(BYTES > 9, np.nan, 0.5),
        BYTES / 255.0 + np.inf,
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_colors_on_another_scale_are_refused(pictures):
    with pytest.raises(ArgumentError, match="colors are from 0 to 1, or whole numbers from 0 to 255; got"):
        plot.images(pictures)


@pytest.mark.parametrize(
    ("shape", "way"),
    [
        ((2, 3, 8, 8), "x.transpose(0, 2, 3, 1)"),
        ((2, 1, 8, 8), "x[:, 0]"),
        ((2, 8, 8, 1), "x[..., 0]"),
        ((8, 8, 3), "image[None]"),
        ((8, 8), "image[None]"),
    ],
)
def test_images_of_other_forms_are_told_how_to_become_images(shape, way):
    with pytest.raises(ShapeError) as caught:
        plot.images(np.zeros(shape))
    assert way in str(caught.value)
    assert str(shape) in str(caught.value)


PICTURES = [
    plot.images, plot.weights, plot.confusion_matrix, plot.curves, plot.loss_curve,
    lambda a: plot.class_scatter(a, [0, 1]), lambda a: plot.class_scatter(np.eye(2), a),
    lambda a: plot.decision_regions(lambda x: x, a, [0, 1]), lambda a: plot.curves({"a": a}),
    lambda a: plot.decision_regions(lambda x: a, np.eye(2), [0, 1]),
    lambda a: plot.activation_curves(lambda x: a),
]  # fmt: skip


@pytest.mark.parametrize("draw", PICTURES)
def test_masks_ragged_lists_and_texts_are_refused_by_name(draw):
    with pytest.raises(DTypeError, match="masked arrays are not supported"):
        draw(np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]]))
    with pytest.raises(ShapeError, match="rows of one length"):
        draw([[1.0], [2.0, 3.0]])
    with pytest.raises(tg.TinygradError, match=r"<U1|expected numbers|expected points"):
        draw(np.array([["a", "b"], ["c", "d"]]))


def test_a_long_line_keeps_its_ends_its_peaks_and_its_gaps():
    line = np.random.default_rng(0).random(1_000_001)
    line[[123_456, 765_432]] = 7.0, -3.0
    line[400_000:500_000] = np.nan
    (drawn,) = plot.loss_curve(line).lines
    x, y = drawn.get_data()
    assert len(x) < 25_000
    np.testing.assert_array_equal(y, line[x - 1])
    assert {1, 123_457, 765_433, 1_000_001} <= set(x.tolist())
    assert np.isnan(y[(x > 400_000) & (x <= 500_000)]).all()
    # Every thousand keeps its range, a pixel more or less.
    for number, run in enumerate(line[:400_000].reshape(-1, 1000)):
        seen = y[(x > 1000 * number - 250) & (x <= 1000 * number + 1250)]
        assert np.nanmax(seen) >= run.max()
        assert np.nanmin(seen) <= run.min()
    (few,) = plot.loss_curve(line[:2000]).lines
    assert few.get_ydata().size == 2000


def test_a_fine_image_is_drawn_as_fine_as_paper():
    picture = np.add.outer(np.arange(3000), np.arange(3000.0)) // 1500 % 2
    (cell,) = plot.images(picture[None]).child_axes
    (image,) = cell.images
    assert max(image.get_array().shape) <= 1200
    assert image.get_extent() == [-0.5, 2999.5, 2999.5, -0.5]
    assert abs(image.get_array().mean() - picture.mean()) < 1e-3
    small = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_array_equal(plot.images(small).child_axes[0].images[0].get_array(), small[0])
