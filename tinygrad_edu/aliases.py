"""Names for what the core passes around, so that a signature says which kind of thing it takes."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""An array of NumPy's, or of another library that speaks NumPy's two protocols."""

DType = np.dtype[Any]

Shape = tuple[int, ...]

Operand = Any
"""What an operator or an operation is given: a Tensor, an array, a number, or a nested list of numbers."""

TensorClass = Any
"""The class `Tensor`, handed in from above by those who may import it."""

Cotangent = Any
"""The gradient of an output: an Array, or a Tensor where the backward pass is recorded; a tuple for several.
"""

Rule = Callable[..., Any]
"""A derivative rule: from the cotangent of the output, and the values that its names ask for, to a gradient.
"""

Saved = tuple[Any, ...]
"""The values that rules asked for: arrays, tuples of arrays, shapes, settings."""
