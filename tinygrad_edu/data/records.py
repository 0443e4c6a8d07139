"""Records made by code: students and their majors, to classify, and points near a line, to fit."""

import numpy as np

from ..errors import names_itself
from ..random import generator
from .checks import Rng, deviation, whole
from .toy import Points

STUDENT_COLUMNS = ("sex", "units", "maryland", "nebraska", "oklahoma", "score")
STUDENT_MAJORS = ("finance", "geology", "history")


@names_itself
def student_records(n: int = 240, *, noise: float = 0.05, rng: Rng = None) -> Points:
    """Made-up records of students, from which their major is to be predicted.

    The six inputs are scaled and encoded already, as `STUDENT_COLUMNS` names them: sex (−1 or +1), units
    completed / 100, the home state one-hot in three columns, and the score of the admission test / 1000.  The
    major (`STUDENT_MAJORS`) is the one that suits the student best: each is given points for score, units,
    sex and state, plus chance.

    Parameters
    ----------
    n : int, default=240
    noise : float, default=0.05
        Standard deviation of the chance, 0 or more; without it the inputs decide.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Points
        x of shape (n, 6), y of shape (n,), 0 to 2.

    Examples
    --------
    >>> x, y = student_records(3, rng=1)
    >>> print(x)
    [[-1.     0.95   0.     0.     1.     0.449]
     [ 1.     0.13   0.     0.     1.     0.895]
     [ 1.     0.22   1.     0.     0.     0.538]]
    >>> [STUDENT_MAJORS[label] for label in y]
    ['history', 'finance', 'history']

    References
    ----------
    After J. McCaffrey (2020). Multi-class classification using PyTorch. Visual Studio Magazine. The records
    are not his.
    """
    draw = generator(rng)
    sex = draw.choice([-1.0, 1.0], whole("n", n, 1))
    units, state = draw.integers(10, 100, n) / 100, np.eye(3)[draw.integers(3, size=n)]
    score = draw.integers(200, 1000, n) / 1000
    finance, geology, history = 1.2 * score, 0.8 + 0.4 * sex * (units - 0.5), 1.2 * (1.2 - score)
    suits = np.stack([finance, geology, history], axis=1)  # (n, 3)
    suits += 0.15 * state + draw.normal(scale=deviation("noise", noise), size=(n, 3))
    return Points(np.column_stack([sex, units, state, score]), suits.argmax(axis=1))


@names_itself
def line(
    n: int = 100, *, slope: float = 3.0, intercept: float = 4.0, noise: float = 1.0, rng: Rng = None
) -> Points:
    """Points near a straight line: y = slope · x + intercept + noise, for x drawn evenly from [−2, 2).

    Parameters
    ----------
    n : int, default=100
    slope, intercept : float, default=3.0 and 4.0
    noise : float, default=1.0
        Standard deviation, 0 or more.
    rng : numpy.random.Generator or int, optional

    Returns
    -------
    Points
        x of shape (n, 1), y of shape (n, 1), float64 both.

    Examples
    --------
    >>> x, y = line(1000, rng=0)
    >>> np.polyfit(x[:, 0], y[:, 0], 1).round(1)
    array([3., 4.])
    """
    draw = generator(rng)
    x = draw.uniform(-2, 2, (whole("n", n, 1), 1))
    return Points(x, slope * x + intercept + draw.normal(scale=deviation("noise", noise), size=x.shape))
