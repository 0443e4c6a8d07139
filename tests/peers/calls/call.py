"""One call, and the inputs that calls name."""

import ast
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any

import numpy as np


def _generic(*shape: int, seed: int) -> Any:
    """Numbers of both signs, none near zero."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 1.3, shape) * rng.choice([-1, 1], shape)


INPUTS: dict[str, Any] = {
    # numbers and vectors: of both signs, positive, inside (-1, 1), unsorted, without ties
    "s": np.float64(0.7),
    "x": np.array([0.6, -1.2, 0.3, 1.7, -0.4]),
    "y": np.array([-0.9, 0.8, 1.4, 0.5, -1.6]),
    "p": np.array([0.7, 2.3, 1.1, 3.2, 0.45]),
    "q": np.array([1.6, 0.5, 0.9, 2.1, 1.3]),
    "u": np.array([0.3, -0.7, 0.55, -0.15, 0.85]),
    "up": np.array([0.2, 0.9, 1.3, 2.4, 3.1]),  # which rises
    # matrices and a block of three axes
    "m": _generic(3, 4, seed=1),
    "n": _generic(4, 3, seed=2),
    "pm": np.abs(_generic(3, 4, seed=3)),
    "a": _generic(3, 3, seed=4) + 2 * np.eye(3),
    "b": _generic(3, 3, seed=5),
    "col": _generic(3, seed=6),
    "t": _generic(2, 3, 4, seed=7),
    "stack": _generic(2, 3, 3, seed=8) + 2 * np.eye(3),
    # complex ones
    "z": _generic(5, seed=9) + 1j * _generic(5, seed=10),
    "w": _generic(5, seed=11) + 1j * _generic(5, seed=12),
    "c": _generic(3, 3, seed=13) + 1j * _generic(3, 3, seed=14) + 2 * np.eye(3),
    "d": _generic(3, 3, seed=15) + 1j * _generic(3, 3, seed=16),
    # the edges: zeros, ties, NaN, one element, none, and a matrix of rank 2
    "zero": np.zeros(3),
    "hole": np.array([0.5, 0.0, 1.5, -0.7]),
    "holes": np.array([0.5, 0.0, 1.5, 0.0]),
    "tied": np.array([0.8, 0.3, 0.8, 0.3]),
    "gap": np.array([0.9, np.nan, -0.4, 1.2, np.nan]),
    "gaps": np.array([[0.9, np.nan, -0.4], [1.1, 0.2, np.nan]]),
    "one": np.array([0.7]),
    "none": np.zeros(0),
    "flat": np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 0.5], [3.0, 3.0, 3.5]]),
    "turn": np.array([[0.6, -0.8], [0.8, 0.6]]),  # orthogonal: its singular values are equal
    # constants
    "i": np.array([3, 0, 3, 1]),
    "mask": np.array([True, False, True, True, False]),
    "grid": np.array([[True, False, True, True], [True, True, False, True], [False, True, True, False]]),
}


@dataclass(frozen=True)
class Call:
    """A line of NumPy, of some family.

    Attributes
    ----------
    family : str
    line : str
        An expression in ``np``, ``special`` and the names of inputs, after statements and semicolons.
    """

    family: str
    line: str

    @cached_property
    def _code(self) -> tuple[CodeType, CodeType]:
        *before, last = ast.parse(self.line).body
        assert isinstance(last, ast.Expr), self.line
        module = ast.Module([*before], [])
        return compile(module, self.line, "exec"), compile(ast.Expression(last.value), self.line, "eval")

    def __call__(self, namespaces: dict[str, Any], inputs: dict[str, Any]) -> Any:
        """The value of the line, with these modules and inputs."""
        names = namespaces | inputs
        exec(self._code[0], names)  # noqa: S102  # a line of this package
        return eval(self._code[1], names)  # noqa: S307

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that the line names, in the order in which the inputs are listed."""
        named = {node.id for node in ast.walk(ast.parse(self.line)) if isinstance(node, ast.Name)}
        return {name: value for name, value in INPUTS.items() if name in named}

    @property
    def variables(self) -> tuple[str, ...]:
        """The inputs that are differentiated."""
        return tuple(name for name, value in self.inputs.items() if value.dtype.kind in "fc")


def inputs_of(call: Call) -> dict[str, Any]:
    """Copies of what a call names, which it may change."""
    return {name: value.copy() for name, value in call.inputs.items()}
