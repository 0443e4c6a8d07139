"""Toy sets: points in the plane made by code, the ones that tutorials on neural networks begin with.

    x, y = moons(200, noise=0.2, seed=0)

Points have dtype float64 and labels int64; layers and loaders cast the points to the dtype of the model.  A
set that equals a published one to the bit takes ``seed=``: an int seeds NumPy's legacy generator, with which
the originals were drawn, and a `numpy.random.RandomState` goes on where it is, as the originals do that draw
their weights next.  The others take ``rng=``, as everything random here does.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError, names_itself
from ..random import generator
from .checks import Rng, deviation, whole
from .split import runs

Seed = int | np.random.RandomState | np.random.Generator | None
Array = np.ndarray[Any, Any]


class Points(NamedTuple):
    """Inputs, and what is to be learned of them."""

    x: Array  # (n, features), float64
    y: Array  # (n,) int64 labels; of a regression, (n, 1) float64


@names_itself
def blobs(
    n: int = 2100,
    *,
    centers: Sequence[Sequence[float]] = ((0, -3), (3, 3), (-3, 3)),
    spread: float = 1.0,
    seed: Seed = None,
) -> Points:
    """Normally distributed points round each centre, class after class.

    Parameters
    ----------
    n : int, default=2100
        Points in all; where they cannot be shared out evenly, the first classes have one more.
    centers : sequence of shape (classes, features), default=((0, -3), (3, 3), (-3, 3))
    spread : float, default=1.0
        Standard deviation round the centre, 0 or more.
    seed : int, numpy.random.RandomState or Generator, optional

    Returns
    -------
    Points
        x of shape (n, features), y of shape (n,).

    Examples
    --------
    >>> x, y = blobs(9, seed=42)
    >>> x.shape, y
    ((9, 2), array([0, 0, 0, 1, 1, 1, 2, 2, 2]))

    References
    ----------
    U. Malik (2018). Creating a neural network from scratch in Python: multi-class classification. StackAbuse.
    (``blobs(seed=42)``)
    """
    middles = np.asarray(centers, float)
    if middles.ndim != 2 or middles.size == 0:
        expected = "centers holds a row for each class, with a number for each feature"
        raise ShapeError(f"{expected}; got shape {middles.shape}.")
    classes, features = middles.shape
    rng, y = _legacy(seed), runs(whole("n", n, classes), classes)
    return Points(rng.standard_normal((n, features)) * deviation("spread", spread) + middles[y], y)


@names_itself
def moons(n: int = 100, *, noise: float = 0.0, seed: Seed = None) -> Points:
    """Two half circles that reach into each other; equal to scikit-learn's ``make_moons`` to the bit.

    Parameters
    ----------
    n : int, default=100
        Points in all; of an odd number the second moon has one more.
    noise : float, default=0.0
        Standard deviation of what is added to each coordinate, 0 or more.
    seed : int, numpy.random.RandomState or Generator, optional
        What scikit-learn calls ``random_state``.

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,) with labels 0 and 1, shuffled.

    Examples
    --------
    >>> x, y = moons(200, noise=0.2, seed=0)
    >>> x[0].round(4), y[:5]
    (array([0.7435, 0.4647]), array([0, 1, 1, 0, 1]))
    """
    outer = np.linspace(0, np.pi, whole("n", n, 2) // 2)
    inner = np.linspace(0, np.pi, n - n // 2)
    upper = np.column_stack([np.cos(outer), np.sin(outer)])
    lower = np.column_stack([1 - np.cos(inner), 1 - np.sin(inner) - 0.5])
    return _shuffled(upper, lower, noise, seed)


@names_itself
def circles(n: int = 100, *, noise: float = 0.0, factor: float = 0.8, seed: Seed = None) -> Points:
    """A small circle in a large one; equal to scikit-learn's ``make_circles`` to the bit.

    Parameters
    ----------
    n : int, default=100
        Points in all; of an odd number the inner circle has one more.
    noise : float, default=0.0
        Standard deviation of what is added to each coordinate, 0 or more.
    factor : float in [0, 1), default=0.8
        Radius of the inner circle; the outer one's is 1.
    seed : int, numpy.random.RandomState or Generator, optional
        What scikit-learn calls ``random_state``.

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,), 0 on the outer and 1 on the inner circle, shuffled.

    Examples
    --------
    >>> x, y = circles(100, factor=0.5, seed=0)
    >>> np.hypot(*x.T)[:4].round(3), y[:4]
    (array([1. , 0.5, 1. , 0.5]), array([0, 1, 0, 1]))
    """
    if not 0 <= factor < 1:
        raise ArgumentError(f"factor, the radius of the inner circle, lies in [0, 1); got {factor!r}.")
    angles = np.linspace(0, 2 * np.pi, whole("n", n, 2) // 2, endpoint=False)
    outer = np.column_stack([np.cos(angles), np.sin(angles)])
    angles = np.linspace(0, 2 * np.pi, n - n // 2, endpoint=False)
    inner = np.column_stack([np.cos(angles) * factor, np.sin(angles) * factor])
    return _shuffled(outer, inner, noise, seed)


@names_itself
def spirals(n: int = 300, *, arms: int = 3, noise: float = 0.2, seed: Seed = None) -> Points:
    """Arms that wind round the origin, arm after arm, as in the case study of Stanford's CS231n.

    All arms begin in the origin, where equal points have different labels: of three arms of 100 points, 298
    at most can be told apart.

    Parameters
    ----------
    n : int, default=300
        Points in all, a multiple of ``arms``.
    arms : int, default=3
        Each one a class.
    noise : float, default=0.2
        Standard deviation of the angle, in radians, 0 or more.
    seed : int, numpy.random.RandomState or Generator, optional
        The course's notebook has ``np.random.seed(0)``.

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,).

    Examples
    --------
    >>> x, y = spirals(seed=0)
    >>> x[1].round(5), np.bincount(y)
    (array([0.00121, 0.01003]), array([100, 100, 100]))

    References
    ----------
    A. Karpathy (2015). CS231n: Putting it together, minimal neural network case study. Stanford.
    """
    each, rng, sigma = _share(n, arms), _legacy(seed), deviation("noise", noise)
    radius, x = np.linspace(0, 1, each), []
    for arm in range(arms):
        angle = np.linspace(4 * arm, 4 * (arm + 1), each) + rng.standard_normal(each) * sigma
        x.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return Points(np.concatenate(x), runs(n, arms))


@names_itself
def flower(n: int = 400, *, noise: float = 0.2, seed: Seed = None) -> Points:
    """A flower whose petals belong to two classes in turn: the planar data of deeplearning.ai's first course.

    Parameters
    ----------
    n : int, default=400
        Points in all, an even number.
    noise : float, default=0.2
        Standard deviation of angle and radius, 0 or more; the petals are 4 long.
    seed : int, numpy.random.RandomState or Generator, optional
        The course has 1.

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,): the first half 0, the second 1.

    Examples
    --------
    >>> x, y = flower(seed=1)
    >>> x[0].round(5), np.bincount(y)
    (array([1.20444, 3.57611]), array([200, 200]))

    References
    ----------
    A. Ng, K. Katanforoosh and Y. Bensouda Mourri (2017). Planar data classification with one hidden layer.
    deeplearning.ai.
    """
    each, rng, sigma = _share(n, 2), _legacy(seed), deviation("noise", noise)
    x = []
    for petals in range(2):
        angle = np.linspace(petals * 3.12, (petals + 1) * 3.12, each) + rng.standard_normal(each) * sigma
        radius = 4 * np.sin(4 * angle) + rng.standard_normal(each) * sigma
        x.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return Points(np.concatenate(x), runs(n, 2))


@names_itself
def xor(n: int = 4, *, noise: float = 0.0, rng: Rng = None) -> Points:
    """The exclusive or of two bits, the smallest problem that no linear model solves.

    Parameters
    ----------
    n : int, default=4
        The corners (0, 0), (0, 1), (1, 0), (1, 1) in turn, until there are so many.
    noise : float, default=0.0
        Standard deviation of what is added to each coordinate, 0 or more.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,).

    Examples
    --------
    >>> xor()
    Points(x=array([[0., 0.], [0., 1.], [1., 0.], [1., 1.]]), y=array([0, 1, 1, 0]))
    """
    corner = np.arange(whole("n", n, 1)) % 4
    x = np.stack([corner // 2, corner % 2], axis=1).astype(float)
    if deviation("noise", noise):
        x += generator(rng).normal(scale=noise, size=x.shape)
    return Points(x, (corner // 2 ^ corner % 2).astype(np.int64))


@names_itself
def checkerboard(n: int = 10_000, *, squares: int = 4, rng: Rng = None) -> Points:
    """Points drawn evenly from a chess board on [0, 1)², labelled by the colour of their square.

    Parameters
    ----------
    n : int, default=10_000
    squares : int, default=4
        Along each side.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Points
        x of shape (n, 2), y of shape (n,), 0 in the square at the origin.

    Examples
    --------
    >>> x, y = checkerboard(5, rng=0)
    >>> x[0].round(2), y
    (array([0.64, 0.27]), array([1, 0, 0, 0, 1]))
    """
    x = generator(rng).random((whole("n", n, 1), 2))
    square = np.floor(x * whole("squares", squares, 1)).astype(np.int64)  # (n, 2), from the corner
    return Points(x, square.sum(axis=1) % 2)


def _legacy(seed: Seed) -> Any:
    """The generator meant by ``seed=``; None is a new one, seeded by `tinygrad_edu.seed` if in force."""
    if isinstance(seed, np.random.RandomState | np.random.Generator):
        return seed
    return np.random.RandomState(generator(None).integers(2**32) if seed is None else seed)


def _shuffled(zeros: Array, ones: Array, noise: float, seed: Seed) -> Points:
    """The points of two classes in random order, with noise added: scikit-learn's draws, in its order."""
    sigma, rng, order = deviation("noise", noise), _legacy(seed), np.arange(len(zeros) + len(ones))
    rng.shuffle(order)
    x = np.concatenate([zeros, ones])[order]
    if sigma:
        x += rng.normal(scale=sigma, size=x.shape)
    return Points(x, (order >= len(zeros)).astype(np.int64))


def _share(n: int, classes: int) -> int:
    """How many of n points each class gets, if it comes out even."""
    each, rest = divmod(whole("n", n, 1), whole("arms", classes, 1))
    if rest or not each:
        got = f"got {n!r}, which is no multiple of {classes}"
        raise ArgumentError(f"n is shared out among {classes} classes; {got}.")
    return each
