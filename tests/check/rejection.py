"""A rule put in the place of another, and what gradcheck says to it."""

from functools import partial

import numpy as np

from tests.helpers import message_of
from tinygrad_edu import primitive
from tinygrad_edu.check import gradcheck
from tinygrad_edu.errors import GradcheckError

RNG = np.random.default_rng(7)
A = RNG.normal(size=(3, 4))
rejection = partial(message_of, GradcheckError, gradcheck)


def rule_for(forward, **rules):
    """The forward with these rules; a new function each time."""
    return primitive(**rules)(lambda x: forward(x))
