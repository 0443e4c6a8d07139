"""Data sets known by name: each is fetched once, checked by its hash every time, and returned as arrays.

    x_train, y_train, x_test, y_test = mnist()

The files are looked for in the folder that the environment variable TINYGRAD_EDU_DATA names, then in
``folder=`` (by default the user's cache folder), and are else fetched into the latter: `find` tells how.
Rows are in the order of the files.  Labels are int64, counted from 0.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ...errors import ArgumentError
from ..files.csv_reader import read_csv
from ..files.idx import read_idx
from ..files.table import Table
from . import sources
from .download import Folder, Remote, find

Array = np.ndarray[Any, Any]

# fmt: off
WHEAT_COLUMNS = ("area", "perimeter", "compactness", "length of kernel", "width of kernel", "asymmetry", "length of groove")
WHEAT_CLASSES = ("Kama", "Rosa", "Canadian")
IRIS_COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")
IRIS_CLASSES = ("setosa", "versicolor", "virginica")
HEART_COLUMNS = ("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal")
TITANIC_COLUMNS = ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Cherbourg", "Queenstown", "Southampton")
# fmt: on


class TrainTest(NamedTuple):
    """What to train on, and what to test with, as it was published."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array


class Records(NamedTuple):
    """Rows of numbers, and what is to be predicted from each."""

    x: Array  # (n, columns) float64
    y: Array  # (n,) int64; where there are no classes, float64
    columns: tuple[str, ...]  # names of the columns of x
    classes: tuple[str, ...]  # names of the labels; empty where a number is to be predicted


class HeartDisease(NamedTuple):
    """Patients, and whether their coronary arteries are narrowed."""

    x: Array  # (303, 13) float64, NaN where a value is missing
    y: Array  # (303,) int64: 0 healthy, 1 diseased
    severity: Array  # (303,) int64: 0 healthy, 1 to 4
    columns: tuple[str, ...]  # names of the columns of x
    categorical: Mapping[str, tuple[int, ...]]  # codes of the columns with three and more categories


class Titanic(NamedTuple):
    """Passengers, and who of them lived."""

    x: Array  # (891, 9) float64, NaN where the age is missing
    y: Array  # (891,) int64: 0 died, 1 survived
    columns: tuple[str, ...]  # names of the columns of x
    table: Table  # all twelve columns of the file as text


def mnist(*, dtype: DTypeLike = np.float32, flat: bool = False, folder: Folder = None) -> TrainTest:
    """Handwritten digits: 60,000 images to train on and 10,000 to test with, 28 by 28 pixels each.

    Parameters
    ----------
    dtype : dtype, default=numpy.float32
        Of the images: floating, in [0, 1], or ``numpy.uint8``, 0 to 255, which takes a quarter of the memory.
    flat : bool, default=False
        Whether an image is a row of 784 numbers.
    folder : str or path-like, optional
        Where to look for the four files, 11 MB in all, and to keep them.

    Returns
    -------
    TrainTest
        x of shape (n, 28, 28) or (n, 784), 0 for paper and 1 for ink; y of shape (n,), int64, 0 to 9.

    Raises
    ------
    ArgumentError
        For another dtype.
    DownloadError
        If a file is neither here nor to be had.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document
    recognition. Proc. IEEE 86.
    """
    kind = np.dtype(dtype)
    if kind.kind != "f" and kind != np.uint8:
        raise ArgumentError(f"mnist: images are floating, in [0, 1], or uint8, 0 to 255; got dtype {kind}.")

    def images(remote: Remote) -> Array:
        pixels = read_idx(find(remote, folder))
        scaled = pixels if kind == np.uint8 else np.divide(pixels, kind.type(255), dtype=kind)
        return scaled.reshape(len(scaled), -1) if flat else scaled

    def labels(remote: Remote) -> Array:
        return read_idx(find(remote, folder)).astype(np.int64)

    train = images(sources.MNIST_TRAIN_IMAGES), labels(sources.MNIST_TRAIN_LABELS)
    test = images(sources.MNIST_TEST_IMAGES), labels(sources.MNIST_TEST_LABELS)
    return TrainTest(*train, *test)


def course_digits(*, folder: Folder = None) -> Records:
    """5000 digits of 20 by 20 pixels, made from MNIST, like those of the Machine Learning course.

    They are the first 500 training images of each digit without their margins, digit after digit.  The
    course's own choice of images, in exercises 3 and 4, is another one; in its file ``ex3data1.mat`` a zero
    has the label 10, and pixels go down the columns.

    Parameters
    ----------
    folder : str or path-like, optional

    Returns
    -------
    Records
        x of shape (5000, 400), float32 in [0, 1], row after row of an image; y of shape (5000,), int64, 0 to
        9.

    References
    ----------
    A. Ng (2011). Machine learning. Stanford, Coursera.
    """
    pixels = read_idx(find(sources.MNIST_TRAIN_IMAGES, folder))
    labels = read_idx(find(sources.MNIST_TRAIN_LABELS, folder))
    chosen = np.concatenate([np.flatnonzero(labels == digit)[:500] for digit in range(10)])
    x = pixels[chosen, 4:24, 4:24].reshape(5000, 400) / np.float32(255)
    names = tuple(f"row {row}, column {column}" for row in range(20) for column in range(20))
    return Records(x, labels[chosen].astype(np.int64), names, tuple("0123456789"))


def wheat_seeds(*, folder: Folder = None) -> Records:
    """Kernels of three varieties of wheat, 70 of each, measured by X-ray.

    Parameters
    ----------
    folder : str or path-like, optional

    Returns
    -------
    Records
        x of shape (210, 7); y of shape (210,): 0 to 2, where the file has 1 to 3.

    References
    ----------
    M. Charytanowicz et al. (2010). A complete gradient clustering algorithm for features analysis of X-ray
    images. Springer.
    """
    table = read_csv(find(sources.WHEAT_SEEDS, folder), header=False, columns=(*WHEAT_COLUMNS, "variety"))
    y = table.numbers("variety", dtype=np.int64) - 1
    return Records(table.numbers(WHEAT_COLUMNS, missing=None), y, WHEAT_COLUMNS, WHEAT_CLASSES)


def heart_disease(*, drop_missing: bool = False, folder: Folder = None) -> HeartDisease:
    """Patients of the Cleveland Clinic: thirteen findings, and whether angiography shows a heart disease.

    Parameters
    ----------
    drop_missing : bool, default=False
        Whether to leave out the six patients of whom a finding is missing; 297 remain.
    folder : str or path-like, optional

    Returns
    -------
    HeartDisease
        Columns ``sex``, ``fbs`` and ``exang`` are 0 or 1; those that ``categorical`` names are codes, to be
        one-hot encoded; the others are measured or counted.

    References
    ----------
    R. Detrano et al. (1989). International application of a new probability algorithm for the diagnosis of
    coronary artery disease. American Journal of Cardiology 64. UCI Machine Learning Repository, Heart
    Disease.
    """
    codes = {"cp": (1, 2, 3, 4), "restecg": (0, 1, 2), "slope": (1, 2, 3), "thal": (3, 6, 7)}
    names = (*HEART_COLUMNS, "num")
    table = read_csv(find(sources.HEART, folder), header=False, missing=("?",), columns=names)
    if drop_missing:
        table = table.drop_missing()
    x, severity = table.numbers(HEART_COLUMNS), table.numbers("num", dtype=np.int64)
    return HeartDisease(x, (severity > 0).astype(np.int64), severity, HEART_COLUMNS, codes)


def titanic(*, folder: Folder = None) -> Titanic:
    """Passengers of the Titanic: the 891 of whom Kaggle's competition tells whether they survived.

    Parameters
    ----------
    folder : str or path-like, optional

    Returns
    -------
    Titanic
        x has the class of the ticket (1 to 3), the sex (1 for women), the age in years, the numbers of
        siblings and spouses and of parents and children aboard, the fare in pounds, and one-hot the port:
        Cherbourg, Queenstown, Southampton.  177 ages are missing (NaN), and two ports (all three 0).

    References
    ----------
    Kaggle (2012). Titanic: machine learning from disaster.
    """
    table = read_csv(find(sources.TITANIC, folder), header=True, missing=("",))
    sex, port = table.labels("Sex") == "female", table.labels("Embarked", missing="")
    ages, ports = table.numbers(["Age", "SibSp", "Parch", "Fare"]), [port == letter for letter in "CQS"]
    x = np.column_stack([table.numbers("Pclass"), sex, ages, *ports])
    return Titanic(x, table.numbers("Survived", dtype=np.int64), TITANIC_COLUMNS, table)


def iris(*, folder: Folder = None) -> Records:
    """Fisher's irises, 50 of each of three species, measured in centimetres: UCI's version.

    Two of its flowers (rows 34 and 37) differ from Fisher's article; scikit-learn's copy, `bundled.iris`, has
    been corrected.

    Parameters
    ----------
    folder : str or path-like, optional

    Returns
    -------
    Records
        x of shape (150, 4), y of shape (150,): 0 to 2.

    References
    ----------
    R. A. Fisher (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7.
    """
    table = read_csv(find(sources.IRIS, folder), header=False, columns=(*IRIS_COLUMNS, "species"))
    names = np.array([f"Iris-{name}" for name in IRIS_CLASSES])
    y = np.searchsorted(names, table.labels("species")).astype(np.int64)
    return Records(table.numbers(IRIS_COLUMNS, missing=None), y, IRIS_COLUMNS, IRIS_CLASSES)


def iris_train_test(*, folder: Folder = None) -> TrainTest:
    """Fisher's irises as J. McCaffrey split them: 40 of each species to train on, and 10 to test with.

    Parameters
    ----------
    folder : str or path-like, optional

    Returns
    -------
    TrainTest
        x of shape (120, 4) and (30, 4), y of shape (120,) and (30,), 0 to 2; the files have one-hot rows
        instead.
    """

    def part(remote: Remote) -> tuple[Array, Array]:
        table = read_csv(find(remote, folder), header=False, columns=(*IRIS_COLUMNS, *IRIS_CLASSES))
        y = table.numbers(IRIS_CLASSES).argmax(axis=1).astype(np.int64)
        return table.numbers(IRIS_COLUMNS, missing=None), y

    return TrainTest(*part(sources.IRIS_TRAIN), *part(sources.IRIS_TEST))
