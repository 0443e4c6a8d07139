"""Named data sets: the published files as plain Python reads them, and scikit-learn's as it gives them.

What needs the published files is skipped where the environment variable TINYGRAD_EDU_DATA names no folder
that has them; files of the same form, made here, take their place in the other tests.  Nothing is fetched.
"""

import builtins
import csv
import gzip
import os
import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

from tinygrad_edu.data.published import bundled, download, https, named, sources
from tinygrad_edu.errors import ArgumentError, DownloadError, FormatError

FOLDER = os.environ.get("TINYGRAD_EDU_DATA")
published = pytest.mark.skipif(
    not FOLDER, reason="the published files are not here: TINYGRAD_EDU_DATA names no folder"
)
REMOTES = [value for value in vars(sources).values() if isinstance(value, download.Remote)]


def rows(name, **settings):
    with open(Path(FOLDER, name), newline="", encoding="utf-8") as file:
        return list(csv.reader(file, **settings))


def idx(name):
    content = gzip.decompress(Path(FOLDER, "mnist", name + ".gz").read_bytes())
    _, axes = struct.unpack(">HxB", content[:4])
    shape = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


@published
def test_mnist_is_as_published():
    named.mnist(dtype=np.uint8)  # the files are in the system's cache from here on
    start = time.perf_counter()
    sets = named.mnist()
    assert time.perf_counter() - start < 10  # 1.3 s on an idle core
    for x, y, name in ((sets.x_train, sets.y_train, "train"), (sets.x_test, sets.y_test, "t10k")):
        pixels, labels = idx(f"{name}-images-idx3-ubyte"), idx(f"{name}-labels-idx1-ubyte")
        assert x.shape == (len(y), 28, 28)
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert np.array_equal(x, pixels / np.float32(255))
        assert (x.min(), x.max()) == (0, 1)
        assert np.array_equal(y, labels)
    assert (len(sets.x_train), len(sets.x_test)) == (60_000, 10_000)


@published
def test_mnist_flat_and_in_bytes():
    x_train, _, x_test, _ = named.mnist(dtype=np.uint8, flat=True)
    assert (x_train.shape, x_test.shape, x_train.dtype) == ((60_000, 784), (10_000, 784), np.uint8)
    assert np.array_equal(x_test, idx("t10k-images-idx3-ubyte").reshape(-1, 784))


@published
def test_course_digits_are_as_published():
    x, y, columns, classes = named.course_digits()
    pixels, labels = idx("train-images-idx3-ubyte"), idx("train-labels-idx1-ubyte")
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((5000, 400), np.float32, (5000,), np.int64)
    assert (len(columns), classes) == (400, tuple("0123456789"))
    for digit in range(10):
        part = slice(500 * digit, 500 * digit + 500)
        expected = pixels[labels == digit][:500, 4:24, 4:24].reshape(500, 400) / np.float32(255)
        assert np.array_equal(x[part], expected)
        assert np.all(y[part] == digit)


@published
def test_wheat_seeds_are_as_published():
    seeds = named.wheat_seeds()
    expected = np.array(rows("wheat-seeds/wheat-seeds.csv"), float)
    assert np.array_equal(np.column_stack([seeds.x, seeds.y + 1]), expected)
    assert seeds.y.dtype == np.int64
    assert np.array_equal(np.bincount(seeds.y), [70, 70, 70])
    assert (len(seeds.columns), seeds.classes) == (7, ("Kama", "Rosa", "Canadian"))
    area, perimeter, compactness = seeds.x[:, :3].T
    assert np.allclose(compactness, 4 * np.pi * area / perimeter**2, atol=0.01)  # as its description says


@published
def test_heart_disease_is_as_published():
    heart = named.heart_disease()
    cells = rows("cleveland/processed.cleveland.data")
    expected = np.array([[float(cell) if cell != "?" else np.nan for cell in row] for row in cells])
    assert np.array_equal(np.column_stack([heart.x, heart.severity]), expected, equal_nan=True)
    assert np.array_equal(np.bincount(heart.severity), [164, 55, 36, 35, 13])
    assert np.array_equal(heart.y, np.minimum(heart.severity, 1))
    assert heart.y.dtype == heart.severity.dtype == np.int64
    complete = named.heart_disease(drop_missing=True)
    keep = ~np.isnan(heart.x).any(axis=1)
    assert len(complete.x) == len(complete.y) == len(complete.severity) == 297
    assert np.array_equal(complete.x, heart.x[keep])
    assert np.array_equal(complete.y, heart.y[keep])
    for column, codes in heart.categorical.items():
        assert tuple(np.unique(complete.x[:, heart.columns.index(column)])) == codes
    for column in ("sex", "fbs", "exang"):
        assert set(complete.x[:, heart.columns.index(column)]) == {0, 1}


@published
def test_titanic_is_as_published():
    ship = named.titanic()
    with open(Path(FOLDER, "titanic/titanic.csv"), newline="", encoding="utf-8") as file:
        passengers = list(csv.DictReader(file))
    assert ship.table.names == tuple(passengers[0])
    assert ship.table.column("Name") == [passenger["Name"].strip() for passenger in passengers]
    assert np.array_equal(ship.y, [int(passenger["Survived"]) for passenger in passengers])
    assert np.array_equal(np.bincount(ship.y), [549, 342])
    assert (ship.x.shape, ship.x.dtype, ship.y.dtype) == ((891, 9), np.float64, np.int64)
    x = dict(zip(ship.columns, ship.x.T, strict=True))
    for column in ("Pclass", "Age", "SibSp", "Parch", "Fare"):
        expected = [float(passenger[column] or "nan") for passenger in passengers]
        assert np.array_equal(x[column], expected, equal_nan=True)
    assert np.array_equal(x["Sex"], [passenger["Sex"] == "female" for passenger in passengers])
    ports = [
        ["Cherbourg", "Queenstown", "Southampton"]["CQS".index(p["Embarked"])] if p["Embarked"] else ""
        for p in passengers
    ]
    for port in ("Cherbourg", "Queenstown", "Southampton"):
        assert np.array_equal(x[port], np.array(ports) == port)
    assert {name: int(np.isnan(column).sum()) for name, column in x.items() if np.isnan(column).any()} == {
        "Age": 177
    }
    assert np.count_nonzero(ship.x[:, 6:].sum(axis=1) == 0) == 2


@published
def test_iris_is_ucis_with_its_two_slips():
    flowers, corrected = named.iris(), datasets.load_iris()
    assert np.array_equal(flowers.y, corrected.target)
    assert flowers.y.dtype == np.int64
    assert flowers.classes == tuple(corrected.target_names)
    assert np.array_equal(flowers.x, [[float(cell) for cell in row[:4]] for row in rows("iris/iris.csv")])
    assert set(np.flatnonzero((flowers.x != corrected.data).any(axis=1))) == {34, 37}


@published
def test_iris_as_mccaffrey_split_it():
    x_train, y_train, x_test, y_test = named.iris_train_test()
    for x, y, name in ((x_train, y_train, "Train"), (x_test, y_test, "Test")):
        expected = np.array(rows(f"iris/iris{name}Data.txt"), float)
        assert np.array_equal(x, expected[:, :4])
        assert np.array_equal(np.eye(3)[y], expected[:, 4:])
        assert y.dtype == np.int64
    assert np.array_equal(np.bincount(y_train), [40, 40, 40])
    assert np.array_equal(np.bincount(y_test), [10, 10, 10])


# ---- without the published files ---------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write files of one's own under the published names: ``files(sources.IRIS, "…")``."""

    def write(remote, content):
        path = tmp_path / remote.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    monkeypatch.setattr(named, "find", lambda remote, folder=None: tmp_path / remote.name)
    return write


def test_mnist_from_other_files(files):
    rng = np.random.default_rng(0)
    made = {}
    for part, count in (("TRAIN", 30), ("TEST", 20)):
        pixels = rng.integers(256, size=(count, 28, 28), dtype=np.uint8)
        labels = rng.integers(10, size=count, dtype=np.uint8)
        files(
            getattr(sources, f"MNIST_{part}_IMAGES"),
            gzip.compress(struct.pack(">4I", 2051, count, 28, 28) + pixels.tobytes()),
        )
        files(
            getattr(sources, f"MNIST_{part}_LABELS"),
            gzip.compress(struct.pack(">2I", 2049, count) + labels.tobytes()),
        )
        made[part] = pixels, labels
    for flat in (False, True):
        for dtype in (np.uint8, np.float32, np.float64):
            sets = named.mnist(dtype=dtype, flat=flat)
            for x, y, (pixels, labels) in ((*sets[:2], made["TRAIN"]), (*sets[2:], made["TEST"])):
                assert x.shape == ((len(y), 784) if flat else (len(y), 28, 28))
                assert x.dtype == dtype
                assert np.array_equal(
                    x.ravel(), pixels.ravel() if dtype == np.uint8 else pixels.ravel() / dtype(255)
                )
                assert np.array_equal(y, labels)


@pytest.mark.parametrize("dtype", [np.int64, bool, np.int8, complex])
def test_mnist_in_another_dtype(dtype):
    with pytest.raises(ArgumentError, match=r"images are floating, in \[0, 1\], or uint8"):
        named.mnist(dtype=dtype)


def test_records_from_other_files(files):
    files(
        sources.HEART,
        "63.0,1.0,1.0,145.0,233.0,1.0,2.0,150.0,0.0,2.3,3.0,?,6.0,0\n"
        "67,1,4,160,286,0,2,108,1,1.5,2,3.0,3.0,2\n",
    )
    heart = named.heart_disease()
    assert np.array_equal(heart.x[0], [63, 1, 1, 145, 233, 1, 2, 150, 0, 2.3, 3, np.nan, 6], equal_nan=True)
    assert (heart.severity.tolist(), heart.y.tolist()) == ([0, 2], [0, 1])
    assert named.heart_disease(drop_missing=True).x.tolist() == [
        [67, 1, 4, 160, 286, 0, 2, 108, 1, 1.5, 2, 3, 3]
    ]

    files(sources.WHEAT_SEEDS, "1,2,3,4,5,6,7,3\n1,2,3,4,5,6,8,1")
    assert named.wheat_seeds().x.tolist() == [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 8]]
    assert named.wheat_seeds().y.tolist() == [2, 0]

    files(sources.IRIS, "1,2,3,4,Iris-virginica\n5,6,7,8,Iris-setosa\n5,6,7,9,Iris-versicolor\n")
    assert named.iris().x[1].tolist() == [5, 6, 7, 8]
    assert named.iris().y.tolist() == [2, 0, 1]

    files(sources.IRIS_TRAIN, "1,2,3,4,0,0,1\n5,6,7,8,1,0,0\n")
    files(sources.IRIS_TEST, "9,9,9,9,0,1,0\n")
    assert [part.tolist() for part in named.iris_train_test()] == [
        [[1, 2, 3, 4], [5, 6, 7, 8]],
        [2, 0],
        [[9, 9, 9, 9]],
        [1],
    ]

    header = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
    files(
        sources.TITANIC,
        f'{header}\n1,0,3,"B, Mr. O",male,22,1,0,A/5,7.25,,S\n2,1,1,"C ""x""",female,,1,2,PC,71.5,C85,\n',
    )
    ship = named.titanic()
    assert np.array_equal(
        ship.x, [[3, 0, 22, 1, 0, 7.25, 0, 0, 1], [1, 1, np.nan, 1, 2, 71.5, 0, 0, 0]], equal_nan=True
    )
    assert ship.table.column("Name") == ["B, Mr. O", 'C "x"']


@pytest.mark.parametrize("remote", REMOTES, ids=lambda remote: remote.name)
def test_what_is_published(remote):
    assert re.fullmatch("[0-9a-f]{64}", remote.sha256)
    assert re.fullmatch(r"[a-z-]+/[\w.-]+", remote.name)  # below the folder, whatever happens
    assert len(remote.urls) >= 2
    for url in remote.urls:
        assert re.fullmatch(r"https://[\w./@-]+", url)
        if "github" in url or "/gh/" in url:
            assert re.search(r"[/@][0-9a-f]{40}/", url), "a branch can change"


@pytest.mark.parametrize(
    ("load", "first"),
    [
        (named.mnist, sources.MNIST_TRAIN_IMAGES),
        (named.course_digits, sources.MNIST_TRAIN_IMAGES),
        (named.wheat_seeds, sources.WHEAT_SEEDS),
        (named.heart_disease, sources.HEART),
        (named.titanic, sources.TITANIC),
        (named.iris, sources.IRIS),
        (named.iris_train_test, sources.IRIS_TRAIN),
    ],
)
def test_offline_the_error_says_where_to_put_the_file(load, first, tmp_path, monkeypatch):
    def refuse(url, **settings):
        raise DownloadError("no network")

    monkeypatch.delenv("TINYGRAD_EDU_DATA", raising=False)
    monkeypatch.setattr(https, "fetch", refuse)
    with pytest.raises(DownloadError) as caught:
        load(folder=tmp_path)
    assert all(f"\n  {url}: no network" in str(caught.value) for url in first.urls)
    assert f"put the file there by hand, as {tmp_path / first.name}" in str(caught.value)

    (tmp_path / first.name).parent.mkdir()
    (tmp_path / first.name).write_bytes(b"something else")
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path))
    with pytest.raises(FormatError, match="is not the file that was published"):
        load(folder=tmp_path / "other")


# ---- scikit-learn's ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_bundled_sets_equal_scikit_learns(name):
    ours, theirs = getattr(bundled, name)(), getattr(datasets, f"load_{name}")()
    assert np.array_equal(ours.x, theirs.data)
    assert np.array_equal(ours.y, theirs.target)
    assert ours.x.dtype == np.float64
    assert ours.y.dtype == (np.float64 if name == "diabetes" else np.int64)
    assert ours.columns == tuple(theirs.feature_names)
    assert ours.classes == (() if name == "diabetes" else tuple(map(str, theirs.target_names)))
    assert len(ours.columns) == ours.x.shape[1]


def test_diabetes_as_it_was_measured():
    assert np.array_equal(bundled.diabetes(scaled=False).x, datasets.load_diabetes(scaled=False).data)


def test_bundled_sets_without_scikit_learn(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_edu\[examples\]'"):
        bundled.wine()
