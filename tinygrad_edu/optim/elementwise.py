"""Optimizers that update each element by itself, and in what portions they do.

A step is a dozen NumPy calls on vectors.  For small parameters the calls cost more than the numbers, so steps
of many are computed as one vector.  For large ones memory traffic is what costs, so these are updated in
portions that stay in the cache, each with its gradient where the backward pass left it.  Either way a step
allocates nothing, and gives the same bits.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import add, concatenate, multiply, sign, subtract
from numpy.lib.array_utils import byte_bounds

from ..tensor import Tensor
from ..versions import WRITES
from .group import Group
from .optimizer import Optimizer, check_fits

PORTION = 1 << 18  # bytes of a vector: Adam's five of a portion are about what a second-level cache holds


class Elementwise(Optimizer):
    """Base of the optimizers whose update of an element needs that element alone.

    Subclasses write `coefficients` and `update`, and `slots`.  Weight decay and an L1 penalty are applied
    here, the same for all of them: coupled, as terms of the gradient, g ← g + weight_decay · p + l1 ·
    sign(p); or decoupled, where `decoupled` is set, p ← p (1 - lr · weight_decay) before the update.  L1 is
    always coupled.

    Notes
    -----
    Parameters stay where they are in memory, whoever shares it: a step writes into their arrays.  It is made
    as a whole or, if a parameter or gradient does not fit, not at all.  Only floating-point events that are
    made errors, by ``np.errstate`` or a filter of warnings, can break it off in the middle.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> class SignSGD(Elementwise):
    ...     def coefficients(self, group, t):
    ...         return [group.lr]
    ...     def update(self, group, t, g, d, state, scratch, coefficients):
    ...         (lr,) = coefficients
    ...         np.sign(g, d)
    ...         np.multiply(d, lr, d)
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
        gradients = [pack.found(self) for pack in self._packs]
        if self._due() or not all(pack.complete for pack in self._packs):
            self._check_models()
        vars(self)["_kept"] += 1
        for pack, of_pack in zip(self._packs, gradients):
            pack.update(self, of_pack)

    def coefficients(self, group: Group, t: int) -> list[float]:
        """The numbers in the formula of the t-th update of a parameter, from 1."""
        raise NotImplementedError

    def update(
        self, group: Group, t: int, g: Any, d: Any, state: list[Any], scratch: Any, coefficients: list[Any]
    ) -> None:
        """Write into d the t-th step, given the gradient g: what is subtracted from the parameters.

        ``state`` are the vectors that `slots` names; ``scratch`` is another to compute in; ``coefficients``
        are those for t, as 0-d arrays of the dtype of the parameters.  g must not be changed.
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

    # ---- state ---------------------------------------------------------------------------------------------

    def _state(self) -> list[dict[str, Any]]:
        """For each parameter its count of steps, and its slots in its shape."""
        found = {id(p): pack.state_of(i) for pack in self._packs for i, p in enumerate(pack.params)}
        return [found[id(p)] for p in self.params]

    def _restore(self, restored: list[dict[str, Any]]) -> None:
        by_parameter = {id(p): one for p, one in zip(self.params, restored)}
        for pack in self._packs:
            pack.restore(self.slots(pack.group), [by_parameter[id(p)] for p in pack.params])


class _Pack:
    """Parameters that are updated together: a large one, or several small ones whose steps are one vector.

    The parameters themselves stay where they are, each in memory of its own.
    """

    def __init__(
        self, group: Group, params: list[Tensor], optimizer: Elementwise, scratch: list[Any]
    ) -> None:
        self.group, self.params, self.counts = group, params, [0] * len(params)
        ends = np.cumsum([p.size for p in params]).tolist()
        self.places = [slice(end - p.size, end) for p, end in zip(params, ends)]
        self.shapes, self.dtype, size = [p.shape for p in params], params[0].dtype, ends[-1]
        self.slots = optimizer.slots(group)
        self.state = [np.full(size, value, self.dtype) for value in self.slots.values()]
        together = size if len(params) > 1 else 0
        self.values, self.gradients = np.empty(together, self.dtype), np.empty(together, self.dtype)
        self.step, self.scratch, self.total = [s[:size] for s in scratch]
        self.numbers = np.zeros(len(optimizer.coefficients(group, 1)), self.dtype)
        self.decays = np.zeros(3, self.dtype)
        self._hold_views()

    def _hold_views(self) -> None:
        # NumPy multiplies by 0-d arrays fastest
        self.coefficients = [self.numbers[i, ...] for i in range(len(self.numbers))]
        self.decay_coefficients = [self.decays[i, ...] for i in range(len(self.decays))]
        self.parts = [
            self.step[place].reshape(shape)
            for place, shape in zip(self.places, self.shapes)
            if self.values.size
        ]
        # the parameters, with their arrays when last looked at, and their shapes
        self.rows: list[tuple[Tensor, Any, tuple[int, ...]]] = [
            (p, None, shape) for p, shape in zip(self.params, self.shapes)
        ]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._hold_views()  # a deep copy has separated the views from what they view

    def found(self, optimizer: Elementwise) -> list[Any]:
        """The gradients, None where there is none; raises if a parameter or a gradient does not fit."""
        gradients: list[Any] = []
        self.complete, dtype = True, self.dtype
        for p, array, shape in self.rows:
            learned = p._node is not None
            if learned and p._array is not array:
                self._look(optimizer)
                return self.found(optimizer)
            if not learned or (gradient := p._leaf.grad) is None:
                self.complete = False
                gradients.append(None)
                continue
            gradient = gradient._array
            if gradient.shape != shape or gradient.dtype is not dtype:
                check_fits(optimizer, p, shape, dtype)
            gradients.append(gradient)
        return gradients

    def _look(self, optimizer: Elementwise) -> None:
        """Take note of the arrays of the parameters, at the first step and after others were assigned."""
        for p, shape in zip(self.params, self.shapes):
            if p._node is not None:
                check_fits(optimizer, p, shape, self.dtype)
        self.arrays = [p._array for p in self.params]
        self.rows = [
            (p, None if p._node is None else p._array, shape) for p, _, shape in self.rows
        ]  # frozen: look again later
        self.memories = [WRITES.memory(p._array) for p in self.params]
        bounds = sorted(byte_bounds(array) for _, array, _ in self.rows if array is not None)
        self.apart = all(
            end <= start for (_, end), (start, _) in pairwise(bounds)
        )  # or tied by their memory?

    def update(self, optimizer: Elementwise, gradients: list[Any]) -> None:
        """Make a step with those parameters that have a gradient."""
        t = self.counts[0] + 1
        if not (self.complete and self.parts and self.apart and self.counts.count(t - 1) == len(self.counts)):
            for i, g in enumerate(gradients):
                if g is not None:
                    self._update_in_portions(optimizer, i, g.reshape(-1))
            return
        g = concatenate(gradients, axis=None, out=self.gradients)
        self.counts = [t] * len(self.counts)
        WRITES.mark_all(self.memories)  # before the write, which may be interrupted
        if self._set_numbers(optimizer, t):
            values = concatenate(self.arrays, axis=None, out=self.values)
            g = optimizer._decayed(self.group, values, g, self.step, self.total, self.decay_coefficients)
            for array, place, shape in zip(self.arrays, self.places, self.shapes):
                array[...] = values[place].reshape(shape)
        optimizer.update(self.group, t, g, self.step, self.state, self.scratch, self.coefficients)
        for array, part in zip(self.arrays, self.parts):
            subtract(array, part, array)

    def _update_in_portions(self, optimizer: Elementwise, i: int, gradient: Any) -> None:
        array, offset, portion = self.arrays[i], self.places[i].start, PORTION // self.dtype.itemsize
        values = array.reshape(-1)  # a copy, if its memory is in another order
        self.counts[i] = t = self.counts[i] + 1
        WRITES.mark_all(self.memories[i : i + 1])
        decays = self._set_numbers(optimizer, t)
        for start in range(0, values.size, portion):
            stop = min(start + portion, values.size)
            p, g = values[start:stop], gradient[start:stop]
            state = [s[offset + start : offset + stop] for s in self.state]
            step, scratch, total = (s[: stop - start] for s in (self.step, self.scratch, self.total))
            if decays:
                g = optimizer._decayed(self.group, p, g, step, total, self.decay_coefficients)
            optimizer.update(self.group, t, g, step, state, scratch, self.coefficients)
            subtract(p, step, p)
        if not array.flags.c_contiguous:
            array[...] = values.reshape(array.shape)

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
        shape, place = self.shapes[i], self.places[i]
        return {
            "steps": self.counts[i],
            **{name: s[place].reshape(shape).copy() for name, s in zip(self.slots, self.state)},
        }

    def restore(self, slots: dict[str, float], saved: list[dict[str, Any]]) -> None:
        """Take over what `state_of` returned of each parameter."""
        self.slots, self.counts = slots, [one["steps"] for one in saved]
        self.state = [concatenate([one[name].reshape(-1) for one in saved]) for name in slots]


def _packed(groups: Sequence[Group], optimizer: Elementwise) -> list[_Pack]:
    """Packs of at most a `PORTION` of one group and one dtype, and a pack for each larger parameter."""
    packs: list[tuple[Group, list[Tensor]]] = []
    for group in groups:
        unfilled: dict[Any, tuple[list[Tensor], int]] = {}  # the last pack of a dtype, and its bytes
        for p in group.params:
            pack, filled = unfilled.get(p.dtype, ([], PORTION))
            if p._array.nbytes >= PORTION:
                packs.append((group, [p]))
                continue
            if filled + p._array.nbytes > PORTION:
                pack, filled = [], 0
                packs.append((group, pack))
            pack.append(p)
            unfilled[p.dtype] = pack, filled + p._array.nbytes
    sizes: dict[Any, int] = {}
    for _, params in packs:
        dtype = params[0].dtype
        sizes[dtype] = max(sizes.get(dtype, 0), min(sum(p.size for p in params), PORTION // dtype.itemsize))
    scratch = {dtype: [np.empty(size, dtype) for _ in range(3)] for dtype, size in sizes.items()}
    return [_Pack(group, params, optimizer, scratch[params[0].dtype]) for group, params in packs]
