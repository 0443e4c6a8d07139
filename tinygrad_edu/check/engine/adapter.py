"""Engine: what a stranger's engine is called by, in micrograd's words unless it is told otherwise."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .operations import OPERATIONS, method_of


@dataclass(frozen=True)
class Engine:
    """How to speak to an engine whose spelling is not micrograd's.

    Parameters
    ----------
    make : callable
        Takes a number, or an array where the engine has tensors, and returns a leaf that wants a gradient.
    data : callable, optional
        Takes one of its values and returns the number or array in it; by default the attribute ``data``.
    grad : callable, optional
        Takes a leaf and returns its gradient; by default the attribute ``grad``.  None counts as zero.
    backward : callable, optional
        Takes the output; by default calls its method ``backward()``.
    zero : callable, optional
        Takes a leaf, and sets its gradient back; by default to what a new leaf has.
    functions : mapping of str to callable, optional
        The functions of the engine that are no methods: ``{"relu": my_relu}``.
    without : collection of str, default=()
        Operations that the engine lacks on purpose, by their names: add, mul, neg, sub, div, pow, radd, rmul,
        rsub, rdiv, iadd.  Functions (relu, tanh, exp, log, sigmoid, sin, cos, sqrt) and what is of arrays
        (sum, mean, transpose, reshape, matmul) are looked for, and need no mention.
    tensors : bool, optional
        Whether it takes arrays and broadcasts; by default whether its values have a method ``sum``.
    name : str, optional
        What its class is called in the programs that are printed.

    Examples
    --------
    An engine that says ``value``, ``gradient`` and ``backprop``:

    >>> from tinygrad_edu.check.engine import Engine
    >>> spelled = dict(data=lambda v: v.value, grad=lambda v: v.gradient, backward=lambda v: v.backprop())
    >>> engine = Engine(float, **spelled)
    """

    make: Callable[[Any], Any]
    data: Callable[[Any], Any] = lambda value: value.data
    grad: Callable[[Any], Any] = lambda leaf: leaf.grad
    backward: Callable[[Any], Any] = lambda output: output.backward()
    zero: Callable[[Any], Any] | None = None
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    without: Collection[str] = ()
    tensors: bool | None = None
    name: str = ""

    @property
    def called(self) -> str:
        """What its class is called."""
        return self.name or getattr(self.make, "__name__", "Value").replace("<lambda>", "Value")

    def set_back(self, leaf: Any) -> None:
        """Set the gradient of a leaf back, as the engine's user would."""
        if self.zero is not None:
            self.zero(leaf)
            return
        leaf.grad = None if (fresh := self.make(self.data(leaf)).grad) is None else fresh * 0

    def array(self, value: Any) -> Any:
        """The numbers in a value of the engine."""
        return _numbers(self.data(value))

    def gradient(self, leaf: Any) -> Any:
        """The gradient of a leaf as an array; zeros if there is none."""
        grad = self.grad(leaf)
        return np.zeros(np.shape(self.array(leaf))) if grad is None else _numbers(grad)

    @property
    def takes_arrays(self) -> bool:
        """Whether it is an engine of tensors."""
        return self._has("sum") if self.tensors is None else self.tensors

    @property
    def tolerance(self) -> float:
        """The relative error that its precision allows."""
        dtype = getattr(self.data(self.make(0.5)), "dtype", np.float64)
        return 1e-3 if "float32" in str(dtype) else 1e-7

    def offers(self) -> list[str]:
        """The operations that it has, or should have."""
        return [name for name in OPERATIONS if name not in self.without and self._offers(name)]

    def _offers(self, name: str) -> bool:
        kind = OPERATIONS[name].kind
        if kind in ("operator", "power"):
            return True
        if kind == "array" and not self.takes_arrays:
            return False
        return self._has(name) and (
            kind == "function" or name not in ("sum_axis", "sum_keep") or self._sums(name)
        )

    def _has(self, name: str) -> bool:
        return name in self.functions or hasattr(self.make(0.5), method_of(name))

    def _sums(self, name: str) -> bool:
        with suppress(TypeError):  # no such keyword
            self.call(name, [self.make(np.ones((2, 3)))])
            return True
        return False

    def call(self, name: str, args: list[Any]) -> Any:
        """Do an operation on values of the engine and constants."""
        operation = OPERATIONS[name]
        function = self.functions.get(name, self.functions.get(method_of(name), operation.call))
        return function(*args, **operation.settings)


def _numbers(value: Any) -> Any:
    """A copy of the numbers in an array, or in what wraps one."""
    try:
        return np.array(value, float)
    except (
        TypeError,
        ValueError,
    ):  # a value of the engine, as gradients are where they can be differentiated
        return np.array(value.data, float)
