"""Optimizers that update each element by itself, and in what portions they do.

An update is a dozen NumPy calls on vectors.  For small parameters the calls cost more than the numbers, so those are packed
into one vector, and updated as one.  For large ones memory traffic is what costs, so these are updated in portions that stay
in the cache, each with its gradient where the backward pass left it.  Either way a step allocates nothing, and gives the same
bits.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy import add, multiply, sign

from ..errors import ShapeError
from ..tensor import Tensor
from ..versions import WRITES
from .group import Group
from .optimizer import Optimizer

PORTION = 1 << 18  # bytes of a vector: Adam's five of a portion are about what a second-level cache holds


class Elementwise(Optimizer):
    """Base of the optimizers whose update of an element needs that element alone.

    Subclasses write `coefficients` and `update`, and `slots`.  Weight decay and an L1 penalty are applied here, the same for
    all of them: coupled, as terms of the gradient, g ← g + weight_decay · p + l1 · sign(p); or decoupled, where `decoupled`
    is set, p ← p (1 - lr · weight_decay) before the update.  L1 is always coupled.

    Notes
    -----
    Small parameters are packed: their ``data`` become views of one vector when the optimizer is made, and stay these same
    arrays.  A step moves the version of all parameters that are packed with an updated one: graphs that were recorded before
    it, and need their values, can no longer be differentiated.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> class SignSGD(Elementwise):
    ...     def coefficients(self, group, t):
    ...         return [group.lr]
    ...     def update(self, group, t, p, g, state, scratch, coefficients):
    ...         (d, _), (lr,) = scratch, coefficients
    ...         np.sign(g, d)
    ...         np.multiply(d, lr, d)
    ...         np.subtract(p, d, p)
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = SignSGD([p], lr=0.25)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    Tensor([0.75, 1.25])
    """

    decoupled = False

    def __init__(self, params: Iterable[Tensor] | Iterable[dict[str, Any]], **settings: Any) -> None:
        super().__init__(params, **settings)
        self._packs = _packed(self.groups, self)

    def step(self) -> None:
        """Update every parameter that has a gradient; those without one, and their state, stay as they are."""
        for pack in self._packs:
            pack.step(self)

    def coefficients(self, group: Group, t: int) -> list[float]:
        """The numbers in the formula of the t-th update of a parameter, from 1."""
        raise NotImplementedError

    def update(self, group: Group, t: int, p: Any, g: Any, state: list[Any], scratch: list[Any], coefficients: list[Any]) -> None:
        """Update the vector p in place, given its gradient g, for the t-th time.

        ``state`` are the vectors that `slots` names; ``scratch`` are two to compute in; ``coefficients`` are those for t, as
        0-d arrays of the dtype of p.  g must not be changed.
        """
        raise NotImplementedError

    def _decayed(self, group: Group, p: Any, g: Any, d: Any, total: Any, numbers: list[Any]) -> Any:
        """The gradient with the coupled terms, which is ``total``, or g if there are none; decoupled decay is applied to p."""
        shrink, weight_decay, l1 = numbers
        if group.weight_decay and (self.decoupled or group.decoupled_weight_decay):
            multiply(p, shrink, p)
        elif group.weight_decay:
            multiply(p, weight_decay, total)
            g = add(g, total, total)
        if group.l1:
            sign(p, d)
            multiply(d, l1, d)
            g = add(g, d, total)
        return g

    # ---- state -------------------------------------------------------------------------------------------------------------

    def _state(self) -> list[dict[str, Any]]:
        """For each parameter its count of steps, and its slots in its shape."""
        found = {id(p): pack.state_of(i) for pack in self._packs for i, p in enumerate(pack.params)}
        return [found[id(p)] for p in self.params]

    def _restore(self, restored: list[dict[str, Any]]) -> None:
        by_parameter = {id(p): one for p, one in zip(self.params, restored)}
        for pack in self._packs:
            pack.restore(self.slots(pack.group), [by_parameter[id(p)] for p in pack.params])


class _Pack:
    """Parameters that are updated together: one large one, or several small ones of a group packed into one vector."""

    def __init__(self, group: Group, params: list[Tensor], optimizer: Elementwise, scratch: list[Any]) -> None:
        self.group, self.params, self.steps = group, params, [0] * len(params)
        ends = np.cumsum([p.size for p in params]).tolist()
        self.places = [slice(end - p.size, end) for p, end in zip(params, ends)]
        self.dtype, size = params[0].dtype, ends[-1]
        self.packed = len(params) > 1
        self.values = np.empty(size if self.packed else 0, self.dtype)
        self.gradients = np.empty(size if self.packed else 0, self.dtype)
        self.slots = optimizer.slots(group)
        self.state = [np.full(size, value, self.dtype) for value in self.slots.values()]
        *self.scratch, self.total = [s[:size] for s in scratch]
        self._hold_numbers(np.zeros(len(optimizer.coefficients(group, 1)), self.dtype), np.zeros(3, self.dtype))
        self.arrays: list[Any] = [None] * len(params)
        for i in range(len(params)):
            self._adopt(i)

    def _hold_numbers(self, numbers: Any, decays: Any) -> None:
        self.numbers, self.decays = numbers, decays
        self.coefficients = [numbers[i, ...] for i in range(len(numbers))]  # 0-d views: NumPy multiplies by them fastest
        self.decay_coefficients = [decays[i, ...] for i in range(len(decays))]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._hold_numbers(self.numbers, self.decays)  # a deep copy has separated the views from what they view

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

    def step(self, optimizer: Elementwise) -> None:
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
            t, g = self.steps[0] + 1, self.gradients
            WRITES.mark(self.values)  # before the write, which may be interrupted
            self.steps = [t] * len(gradients)
            if self._set_numbers(optimizer, t):
                g = optimizer._decayed(self.group, self.values, g, self.scratch[0], self.total, self.decay_coefficients)
            optimizer.update(self.group, t, self.values, g, self.state, self.scratch, self.coefficients)
            return
        for i, g in enumerate(gradients):
            if g is not None:
                self._step_in_portions(optimizer, i, g)

    def _step_in_portions(self, optimizer: Elementwise, i: int, gradient: Any) -> None:
        values, offset, portion = self.arrays[i].reshape(-1), self.places[i].start, PORTION // self.dtype.itemsize
        self.steps[i] = t = self.steps[i] + 1
        WRITES.mark(values)
        decays = self._set_numbers(optimizer, t)
        for start in range(0, values.size, portion):
            stop = min(start + portion, values.size)
            p, g = values[start:stop], gradient[start:stop]
            state = [s[offset + start : offset + stop] for s in self.state]
            *scratch, total = [s[: stop - start] for s in (*self.scratch, self.total)]
            if decays:
                g = optimizer._decayed(self.group, p, g, scratch[0], total, self.decay_coefficients)
            optimizer.update(self.group, t, p, g, state, scratch, self.coefficients)

    def _set_numbers(self, optimizer: Elementwise, t: int) -> bool:
        """Compute the numbers of the t-th step; whether there is a decay or a penalty."""
        group = self.group
        self.numbers[:] = optimizer.coefficients(group, t)
        if group.weight_decay or group.l1:
            self.decays[:] = 1 - group.lr * group.weight_decay, group.weight_decay, group.l1
            return True
        return False

    def state_of(self, i: int) -> dict[str, Any]:
        """The count of steps and the slots of the i-th parameter, as copies."""
        shape, place = self.params[i].shape, self.places[i]
        return {"steps": self.steps[i], **{name: s[place].reshape(shape).copy() for name, s in zip(self.slots, self.state)}}

    def restore(self, slots: dict[str, float], saved: list[dict[str, Any]]) -> None:
        """Take over what `state_of` returned of each parameter."""
        self.slots, self.steps = slots, [one["steps"] for one in saved]
        self.state = [np.concatenate([one[name].reshape(-1) for one in saved]) for name in slots]


def _packed(groups: list[Group], optimizer: Elementwise) -> list[_Pack]:
    """Packs of at most a `PORTION` of one group and one dtype, and a pack for each larger parameter."""
    packs: list[tuple[Group, list[Tensor]]] = []
    for group in groups:
        unfilled: dict[Any, list[Tensor]] = {}
        for p in group.params:
            pack = unfilled.get(p.dtype)
            if p._array.nbytes >= PORTION:
                packs.append((group, [p]))
            elif pack is None or sum(q._array.nbytes for q in pack) + p._array.nbytes > PORTION:
                unfilled[p.dtype] = pack = [p]
                packs.append((group, pack))
            else:
                pack.append(p)
    sizes: dict[Any, int] = {}
    for _, params in packs:
        dtype = params[0].dtype
        sizes[dtype] = max(sizes.get(dtype, 0), min(sum(p.size for p in params), PORTION // dtype.itemsize))
    scratch = {dtype: [np.empty(size, dtype) for _ in range(3)] for dtype, size in sizes.items()}
    return [_Pack(group, params, optimizer, scratch[params[0].dtype]) for group, params in packs]
