"""Hypothesis strategies for what differentiable functions are called with.

Each strategy draws what is hard for a derivative rule: shapes of every kind, axes of either sign, keys that
read an element twice, memory that is reversed or read-only.  Numbers come from a grid of sixteenths, so that
failing examples are short to read, exact in float32, and keep away from kinks by a known margin.

It needs hypothesis (``pip install tinygrad_edu[check]``).

Examples
--------
>>> from hypothesis import given, settings
>>> import numpy as np
>>> @settings(max_examples=10, derandomize=True, database=None)
... @given(arrays(away_from=(0,)))
... def absolute_is_even(x):
...     assert np.array_equal(np.absolute(x), np.absolute(-x))
>>> absolute_is_even()
"""

from .settings import axes, einsums, keys, labels
from .values import Draw as Draw  # for the domains
from .values import Shape as Shape
from .values import arrays, broadcastable, complexes, cotangents, imaginary, layouts, numbers, shapes, tensors
from .values import once as once

# fmt: off
__all__ = [
    "arrays", "axes", "broadcastable", "complexes", "cotangents", "einsums", "imaginary", "keys", "labels", "layouts",
    "numbers", "shapes", "tensors",
]
# fmt: on
