"""What all optimizers share: which values they update, and in what portions.

An update is a dozen NumPy calls on vectors.  For small parameters the calls cost more than the numbers, so those are packed
into one vector, and updated as one.  For large ones memory traffic is what costs, so these are updated in portions that stay
in the cache, each with its gradient where the backward pass left it.  Either way a step allocates nothing.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..tensor import Tensor
from ..versions import WRITES

SMALL = 1 << 16  # elements: parameters below are packed together
PORTION = 1 << 15  # elements: 128 kB of float32, so that the five vectors of Adam fit a second-level cache


class Optimizer:
    """Base of the optimizers: holds parameters, and steps through them.

    Subclasses set `slots`, the number of vectors of state for each parameter, and write `coefficients` and `update`.

    Parameters
    ----------
    params : iterable of Tensor
        Leaves, each once.  The optimizer packs small ones: their ``data`` become views of one vector when it is made, and
        stay these same arrays.
    lr : float, at least 0
        The learning rate; the attribute can be assigned to between steps.

    Notes
    -----
    A step moves the version of all parameters that are packed with an updated one: graphs that were recorded before it, and
    need their values, can no longer be differentiated.

    Raises
    ------
    ArgumentError
        If there are no parameters, one comes twice, one is not a leaf, or a setting is out of range.
    """

    slots = 0

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        name = type(self).__name__
        if not self.params:
            raise ArgumentError(f"{name}: there are no parameters to optimize. Was the generator used up, or the model empty?")
        if len({id(p) for p in self.params}) < len(self.params):
            raise ArgumentError(f"{name}: a parameter was given twice, and would be updated twice. Module.parameters() lists shared ones once.")
        for p in self.params:
            if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind != "f":
                raise ArgumentError(f"{name}: parameters are floating leaf tensors; got {p!r:.80}.")
        self.lr = at_least_zero(name, "lr", lr)
        self._groups = _packed(self.params, self.slots, len(self.coefficients(1)))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters, before the next backward pass."""
        for p in self.params:
            p.grad = None

    def step(self) -> None:
        """Update every parameter that has a gradient; those without one, and their state, stay as they are."""
        for group in self._groups:
            group.step(self)

    def coefficients(self, t: int) -> list[float]:
        """The numbers in the formula of the t-th update of a parameter, from 1."""
        raise NotImplementedError

    def update(self, t: int, p: Any, g: Any, state: list[Any], scratch: list[Any], coefficients: list[Any]) -> None:
        """Update the vector p in place, given its gradient g, for the t-th time.

        ``state`` are `slots` vectors, zero at first; ``scratch`` are two to compute in; ``coefficients`` are those for t, as
        0-d arrays of the dtype of p.  g must not be changed.
        """
        raise NotImplementedError


class _Group:
    """Parameters that are updated together: one large one, or several small ones packed into one vector."""

    def __init__(self, params: list[Tensor], slots: int, coefficients: int, scratch: list[Any]) -> None:
        self.params, self.steps = params, [0] * len(params)
        ends = np.cumsum([p.size for p in params]).tolist()
        self.places = [slice(end - p.size, end) for p, end in zip(params, ends)]
        self.dtype, size = params[0].dtype, ends[-1]
        self.packed = len(params) > 1
        self.values = np.empty(size if self.packed else 0, self.dtype)
        self.gradients = np.empty(size if self.packed else 0, self.dtype)
        self.state = [np.zeros(size, self.dtype) for _ in range(slots)]
        self.scratch = [s[:size] for s in scratch]
        self._hold_numbers(np.zeros(coefficients, self.dtype))
        self.arrays: list[Any] = [None] * len(params)
        for i in range(len(params)):
            self._adopt(i)

    def _hold_numbers(self, numbers: Any) -> None:
        self.numbers = numbers
        self.coefficients = [numbers[i, ...] for i in range(len(numbers))]  # 0-d views: NumPy multiplies by them fastest

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._hold_numbers(self.numbers)  # a deep copy has separated the views from what they view

    def _adopt(self, i: int) -> None:
        """Take hold of the array of a parameter: when the optimizer is made, and again if another one was assigned."""
        p, place = self.params[i], self.places[i]
        if p.size != place.stop - place.start or p.dtype != self.dtype:
            raise ShapeError(f"A parameter became {p.shape}, {p.dtype} after its optimizer was made. Make the optimizer again.")
        if self.packed:
            view = self.values[place].reshape(p.shape)
            view[...] = p._array
            p._array = view
        elif not (p._array.flags.c_contiguous and p._array.flags.writeable):
            p._array = p._array.copy("C")
        self.arrays[i] = p._array

    def step(self, optimizer: Optimizer) -> None:
        """Update those parameters that have a gradient."""
        gradients: list[Any] = []
        complete = self.packed
        for i, p in enumerate(self.params):
            if p._array is not self.arrays[i]:
                self._adopt(i)
            g = p._leaf.grad if p._node is not None else None
            complete = complete and g is not None
            gradients.append(None if g is None else g._array.reshape(-1))
        if complete and self.steps.count(self.steps[0]) == len(self.steps):
            np.concatenate(gradients, out=self.gradients)
            self.steps = [t := self.steps[0] + 1] * len(gradients)
            optimizer.update(t, self.values, self.gradients, self.state, self.scratch, self._coefficients(optimizer, t))
            WRITES.mark(self.values)
            return
        for i, g in enumerate(gradients):
            if g is not None:
                self.steps[i] += 1
                self._step_in_portions(optimizer, i, g)

    def _coefficients(self, optimizer: Optimizer, t: int) -> list[Any]:
        self.numbers[:] = optimizer.coefficients(t)
        return self.coefficients

    def _step_in_portions(self, optimizer: Optimizer, i: int, gradient: Any) -> None:
        values, offset = self.arrays[i].reshape(-1), self.places[i].start
        numbers = self._coefficients(optimizer, self.steps[i])
        for start in range(0, values.size, PORTION):
            stop = min(start + PORTION, values.size)
            state = [s[offset + start : offset + stop] for s in self.state]
            optimizer.update(self.steps[i], values[start:stop], gradient[start:stop], state, [s[: stop - start] for s in self.scratch], numbers)
        WRITES.mark(self.arrays[i])


def _packed(params: list[Tensor], slots: int, coefficients: int) -> list[_Group]:
    """Groups of at most `SMALL` elements of one dtype, and a group for each large parameter."""
    groups: list[list[Tensor]] = []
    open_groups: dict[Any, list[Tensor]] = {}
    for p in params:
        group = open_groups.get(p.dtype)
        if p.size >= SMALL:
            groups.append([p])
        elif group is None or sum(q.size for q in group) + p.size > SMALL:
            open_groups[p.dtype] = group = [p]
            groups.append(group)
        else:
            group.append(p)
    scratch = {p.dtype: [np.empty(SMALL, p.dtype) for _ in range(2)] for p in params}
    return [_Group(group, slots, coefficients, scratch[group[0].dtype]) for group in groups]


def at_least_zero(who: str, name: str, value: float) -> float:
    """The setting as a Python float, which takes on the dtype of the parameters, or an error."""
    if not value >= 0:
        raise ArgumentError(f"{who}: {name} is at least 0; got {value}.")
    return float(value)


def below_one(who: str, name: str, value: float) -> float:
    """The setting as a Python float in [0, 1), or an error."""
    if not 0 <= value < 1:
        raise ArgumentError(f"{who}: {name} is in [0, 1); got {value}.")
    return float(value)
