"""Toy sets: equal to scikit-learn's and the tutorials' own code to the bit, or with the shape
that they promise.
"""

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

import tinygrad_edu as tg
from tinygrad_edu import data
from tinygrad_edu.errors import ArgumentError, ShapeError

SETS = {
    "blobs": (data.blobs, "seed"),
    "moons": (data.moons, "seed"),
    "circles": (data.circles, "seed"),
    "spirals": (data.spirals, "seed"),
    "flower": (data.flower, "seed"),
    "checkerboard": (data.checkerboard, "rng"),
    "student_records": (data.student_records, "rng"),
    "line": (data.line, "rng"),
}


def same_bits(ours, x, y):
    return ours.x.tobytes() == np.ascontiguousarray(x).tobytes() and np.array_equal(ours.y, y)


@pytest.mark.parametrize("n", [2, 3, 100, 201, 1500])
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.25])
def test_moons_and_circles_equal_scikit_learn_to_the_bit(n, noise):
    for seed in range(10):
        assert same_bits(
            data.moons(n, noise=noise, seed=seed), *make_moons(n, noise=noise or None, random_state=seed)
        )
        for factor in (0.8, 0.5, 0.0):
            ours = data.circles(n, noise=noise, factor=factor, seed=seed)
            assert same_bits(ours, *make_circles(n, noise=noise or None, factor=factor, random_state=seed))


def test_a_given_random_state_goes_on_where_it_is():
    """Originals draw their weights after their data, from one stream."""
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    for _ in range(2):
        assert same_bits(
            data.moons(50, noise=0.1, seed=ours), *make_moons(50, noise=0.1, random_state=theirs)
        )
    assert ours.random_sample() == theirs.random_sample()


def test_blobs_are_the_tutorials():
    state = np.random.RandomState(42)
    x = np.vstack([state.randn(700, 2) + np.array(center) for center in [(0, -3), (3, 3), (-3, 3)]])
    assert same_bits(data.blobs(seed=42), x, np.array([0] * 700 + [1] * 700 + [2] * 700))


def test_spirals_are_the_case_studys():
    state = np.random.RandomState(0)
    x, y = np.zeros((300, 2)), np.zeros(300, dtype="uint8")
    for j in range(3):
        ix = range(100 * j, 100 * (j + 1))
        r = np.linspace(0.0, 1, 100)
        t = np.linspace(j * 4, (j + 1) * 4, 100) + state.randn(100) * 0.2
        x[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        y[ix] = j
    assert same_bits(data.spirals(seed=0), x, y)


def test_the_flower_is_the_courses():
    state = np.random.RandomState(1)
    m, a = 400, 4
    x, y = np.zeros((m, 2)), np.zeros((m, 1), dtype="uint8")
    for j in range(2):
        ix = range(m // 2 * j, m // 2 * (j + 1))
        t = np.linspace(j * 3.12, (j + 1) * 3.12, m // 2) + state.randn(m // 2) * 0.2
        r = a * np.sin(4 * t) + state.randn(m // 2) * 0.2
        x[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
        y[ix] = j
    assert same_bits(data.flower(seed=1), x, y.ravel())
    assert LogisticRegression().fit(x, y.ravel()).score(x, y.ravel()) == 0.47  # the course's figure


def test_xor_is_its_table():
    x, y = data.xor()
    assert np.array_equal(np.column_stack([x, y]), [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    noisy = data.xor(4000, noise=0.1, rng=0)
    assert np.array_equal(noisy.y[:8], [0, 1, 1, 0, 0, 1, 1, 0])
    assert (noisy.x - np.tile(x, (1000, 1))).std() == pytest.approx(0.1, rel=0.05)


def test_the_checkerboard_alternates():
    x, y = data.checkerboard(20_000, rng=0)
    assert 0 <= x.min() < 0.001
    assert 0.999 < x.max() < 1
    board = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    column, row = np.digitize(x, [0.25, 0.5, 0.75]).T
    assert np.array_equal(y, board[row, column])
    assert np.bincount(4 * row + column).min() > 1100  # of 1250 expected in each of 16 squares
    assert set(data.checkerboard(500, squares=1, rng=0).y) == {0}


def test_student_records_can_be_learned():
    x, y = data.student_records(1000, rng=0)
    assert len(data.STUDENT_COLUMNS) == x.shape[1] == 6
    assert set(x[:, 0]) == {-1, 1}
    assert np.array_equal(x[:, 2:5].sum(axis=1), np.ones(1000))
    assert 0.1 <= x[:, 1].min() < x[:, 1].max() < 1
    assert 0.2 <= x[:, 5].min() < x[:, 5].max() < 1
    assert np.bincount(y).min() > 150  # each of three majors
    fresh = data.student_records(1000, rng=1)
    assert LogisticRegression(C=100).fit(x, y).score(*fresh) > 0.8
    assert KNeighborsClassifier(1).fit(x, y).score(x, y) == 1


def test_the_line_has_its_slope_and_noise():
    x, y = data.line(10_000, slope=-2, intercept=1, noise=0.5, rng=0)
    assert x.shape == y.shape == (10_000, 1)
    assert np.allclose(np.polyfit(x[:, 0], y[:, 0], 1), [-2, 1], atol=0.02)
    assert np.std(y - (1 - 2 * x)) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("name", SETS)
def test_dtypes_shapes_and_seeds(name):
    make, seed = SETS[name]
    x, y = make(60, **{seed: 5})
    assert x.dtype == np.float64
    assert x.shape[0] == y.shape[0] == 60
    assert y.dtype == (np.float64 if name == "line" else np.int64)
    assert same_bits(make(60, **{seed: 5}), x, y)
    assert not np.array_equal(make(60, **{seed: 6}).x, x)
    assert not np.array_equal(make(60).x, make(60).x)  # fresh entropy
    with tg.seed(0):
        first = make(60)
    with tg.seed(0):
        assert same_bits(make(60), *first)
    generator = np.random.default_rng(7)
    assert same_bits(make(60, **{seed: generator}), *make(60, **{seed: np.random.default_rng(7)}))


def test_blobs_share_points_out_and_take_any_centers():
    x, y = data.blobs(8, centers=[[100, 0, 0], [0, 100, 0], [0, 0, 100]], spread=0.1, seed=0)
    assert x.shape == (8, 3)
    assert np.array_equal(y, [0, 0, 0, 1, 1, 1, 2, 2])
    assert np.array_equal(x.argmax(axis=1), y)


@pytest.mark.parametrize("make", [make for make, _ in SETS.values()] + [data.xor])
@pytest.mark.parametrize("n", [0, -1, 2.5, True, "9"])
def test_impossible_numbers_of_points(make, n):
    with pytest.raises(ArgumentError, match="whole number"):
        make(n)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "make", [data.moons, data.circles, data.spirals, data.flower, data.xor, data.student_records, data.line]
)
def test_impossible_noise_is_refused(make, value):
    with pytest.raises(ArgumentError, match="noise is a finite number, 0 or more"):
        make(60, noise=value)


def test_other_impossible_arguments():
    with pytest.raises(ArgumentError, match="factor"):
        data.circles(10, factor=1)
    with pytest.raises(ArgumentError, match="no multiple of 3"):
        data.spirals(100)
    with pytest.raises(ArgumentError, match="no multiple of 2"):
        data.flower(401)
    with pytest.raises(ArgumentError, match="arms is a whole number"):
        data.spirals(100, arms=0)
    with pytest.raises(ArgumentError, match="squares is a whole number"):
        data.checkerboard(10, squares=0)
    with pytest.raises(ShapeError, match=r"got shape \(3,\)"):
        data.blobs(9, centers=[1, 2, 3])
