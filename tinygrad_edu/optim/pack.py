"""Packs: in what portions the parameters of an elementwise optimizer are updated.

For small parameters the calls of NumPy cost more than the numbers, so the steps of many are computed as one
vector.  For large ones memory traffic is what costs, so these are updated in portions that stay in the cache,
each with its gradient where the backward pass left it.  The parameters themselves stay in their own memory.
A complex parameter is updated as a pair of real ones, by itself.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import add, multiply, negative, sign, subtract
from numpy.lib.array_utils import byte_bounds

from ..arrays import stands_for_array
from ..tensor import Tensor
from ..versions import SETTINGS, WRITES
from .group import Group
from .optimizer import check_fits

PORTION = 1 << 18  # bytes of a vector: Adam's five of a portion are about what a second-level cache holds


class Numbers:
    """Numbers of a step as 0-d arrays, with which NumPy computes in half the time that floats take."""

    def __init__(self, count: int, dtype: Any) -> None:
        self.floats, self.scalars = [0.0] * count, [np.zeros((), dtype) for _ in range(count)]

    def set(self, floats: list[float]) -> list[Any]:
        """The numbers as arrays, of which those are written to that differ from the step before."""
        if floats != self.floats:
            for scalar, number, before in zip(self.scalars, floats, self.floats):
                if number != before:
                    scalar[()] = number
            self.floats = list(floats)
        return self.scalars


class Pack:
    """Parameters that are updated together: a large one, or several small ones whose steps are one vector."""

    def __init__(self, group: Group, params: list[Tensor], optimizer: Any, scratch: list[Any]) -> None:
        self.group, self.params, self.counts = group, params, [0] * len(params)
        self.kind, dtype = params[0].dtype, real_dtype(params[0].dtype)
        sizes = [p._array.nbytes // dtype.itemsize for p in params]
        ends = np.cumsum(sizes).tolist()
        self.places = [slice(end - size, end) for size, end in zip(sizes, ends)]
        self.shapes, size = [p.shape for p in params], ends[-1]
        self.slots = optimizer.slots(group)
        self.state = [np.full(size, value, dtype) for value in self.slots.values()]
        self.step, self.scratch, self.total, self.negative = [vector[:size] for vector in scratch]
        small = len(params) > 1 or params[0]._array.nbytes < PORTION
        self.small = size > 0 and small and self.kind.kind == "f"
        self.values, self.gradients = [np.empty(size if self.small else 0, dtype) for _ in range(2)]
        self.numbers, self.decays = Numbers(len(optimizer.coefficients(group, 1)), dtype), Numbers(3, dtype)
        self._hold_views()

    def _hold_views(self) -> None:
        self.dtype = self.step.dtype
        self.arrays: list[Any] = [None] * len(self.params)  # of the parameters, when last looked at
        self.apart = False  # whether these share no memory
        self.joint = False  # whether the next step may be computed as one vector
        self.rows: list[tuple[Any, Any, Any, Any]] = []  # what is compared before such a step
        if self.small:
            self.step_views, self.value_views, self.gradient_views = [
                [vector[place].reshape(shape) for place, shape in zip(self.places, self.shapes)]
                for vector in (self.step, self.values, self.gradients)
            ]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._hold_views()  # a deep copy has separated the views from what they view

    # ---- what there is before a step -----------------------------------------------------------------------

    def find(self, optimizer: Any) -> Any:
        """The gradients: one vector if the steps are computed as one; otherwise a list, with None for none.

        Sets ``complete``, whether all parameters have gradients.  It changes no parameter, and raises if one
        of them or a gradient does not fit.
        """
        if self.joint:
            dtype = self.dtype
            try:
                for p, array, shape, view in self.rows:
                    gradient = p._node.grad._array
                    if p._array is not array or gradient.shape != shape or gradient.dtype is not dtype:
                        break
                    view[...] = gradient  # in half the time of NumPy's concatenate
                else:
                    return self.gradients
            except AttributeError:  # of None: a parameter is frozen, or has no gradient
                pass
        return self._find_with_care(optimizer)

    def _find_with_care(self, optimizer: Any) -> Any:
        """The same where something is not as in the step before, and for a large parameter."""
        learning = [p if p._node is not None else None for p in self.params]  # None is a frozen one
        for p, shape in zip(learning, self.shapes):
            if p is not None:
                check_fits(optimizer, p, shape, self.kind)
        arrays = [None if p is None else p._array for p in learning]
        if any(array is not known for array, known in zip(arrays, self.arrays)):
            self._note(arrays)
        leaves = [None if p is None else p._leaf.grad for p in learning]
        gradients = [None if gradient is None else gradient._array for gradient in leaves]
        self.complete = all(gradient is not None for gradient in gradients)
        self.joint = self.complete and self.small and self.apart and len(set(self.counts)) == 1
        if not self.joint:
            return gradients
        self.rows = list(zip(self.params, arrays, self.shapes, self.gradient_views))
        for view, gradient in zip(self.gradient_views, gradients):
            view[...] = gradient
        return self.gradients

    def _note(self, arrays: list[Any]) -> None:
        """Take note of the arrays of the parameters, at the first step and after others were assigned."""
        self.arrays, present = arrays, [array for array in arrays if array is not None]
        self.memories = [WRITES.memory(array) for array in present]
        plain = all(type(array) is np.ndarray for array in present)  # others are updated one by one
        bounds = sorted(byte_bounds(array) for array in present) if plain else []
        self.apart = plain and all(end <= start for (_, end), (start, _) in pairwise(bounds))

    # ---- the step ------------------------------------------------------------------------------------------

    def update(self, optimizer: Any, found: Any) -> None:
        """Make a step with those parameters that have a gradient, given what `find` returned."""
        if found is not self.gradients:
            for i, gradient in enumerate(found):
                if gradient is not None:
                    self._update_in_portions(optimizer, i, reals(gradient.reshape(-1)))
            return
        group, gradients, step = self.group, self.gradients, self.step
        t = self.begin(optimizer, None)
        if group.maximize:
            negative(gradients, gradients)
        if group.weight_decay or group.l1:
            gradients = self._decay_jointly(optimizer)
        optimizer.update(group, t, gradients, step, self.state, self.scratch, self.numbers.scalars)
        for array, view in zip(self.arrays, self.step_views):
            subtract(array, view, array)

    def begin(self, optimizer: Any, i: int | None) -> int:
        """Count a step of the i-th parameter, or of all, and set the numbers that it takes."""
        t = self.counts[i or 0] + 1
        if i is None:
            self.counts = [t] * len(self.counts)
            WRITES.mark_all(self.memories)  # before the write, which may be interrupted
        else:
            self.counts[i] = t
            WRITES.mark(self.params[i]._array)
        self.numbers.set(optimizer.coefficients(self.group, t))
        if self.group.weight_decay or self.group.l1:
            self.decays.set(
                [1 - self.group.lr * self.group.weight_decay, self.group.weight_decay, self.group.l1]
            )
        return t

    def _decay_jointly(self, optimizer: Any) -> Any:
        """The gradients with the coupled terms; decoupled decay is applied to the parameters."""
        shrink, decay, l1 = self._decay_numbers(optimizer)
        if shrink is not None:
            for array in self.arrays:
                multiply(array, shrink, array)
        if decay is None and l1 is None:
            return self.gradients
        for view, array in zip(self.value_views, self.arrays):
            view[...] = array
        return _with_terms(self.gradients, self.values, decay, l1, self.step, self.total)

    def _update_in_portions(self, optimizer: Any, i: int, gradient: Any) -> None:
        array, place = self.arrays[i], self.places[i]
        flat = array.reshape(-1)  # a copy, if its memory is in another order
        values, scratch = reals(flat), [self.step, self.scratch, self.total, self.negative]
        t, coefficients = self.begin(optimizer, i), self.numbers.scalars
        shrink, decay, l1 = self._decay_numbers(optimizer)
        remembered = [vector[place] if len(self.places) > 1 else vector for vector in self.state]
        if type(values) is np.ndarray:
            portions = _portions(PORTION // self.dtype.itemsize, scratch, values, gradient, *remembered)
        else:  # there is no cache to stay in
            portions = iter([([np.empty_like(values) for _ in scratch], values, gradient, *remembered)])
        for (step, work, total, opposite), p, g, *state in portions:
            if shrink is not None:
                multiply(p, shrink, p)
            g = negative(g, opposite) if self.group.maximize else g
            g = _with_terms(g, p, decay, l1, step, total)
            optimizer.update(self.group, t, g, step, state, work, coefficients)
            subtract(p, step, p)
        known = type(array) is np.ndarray or stands_for_array(array)
        if not (known and array.flags.c_contiguous):  # another's may have been copied, as half precision is
            array[...] = flat.reshape(array.shape)

    def _decay_numbers(self, optimizer: Any) -> list[Any]:
        """The factor of decoupled decay, and those of the coupled terms; None for what there is not."""
        group = self.group
        coupled = not (optimizer.decoupled or group.decoupled_weight_decay)
        there = [group.weight_decay and not coupled, group.weight_decay and coupled, group.l1]
        return [number if is_there else None for number, is_there in zip(self.decays.scalars, there)]

    # ---- state ---------------------------------------------------------------------------------------------

    def state_of(self, i: int) -> dict[str, Any]:
        """The count of steps and the slots of the i-th parameter, as copies."""
        shape, place = self.shapes[i], self.places[i]
        parts = {name: vector[place].view(self.kind) for name, vector in zip(self.slots, self.state)}
        return {"steps": self.counts[i], **{name: p.reshape(shape).copy() for name, p in parts.items()}}

    def restore(self, slots: dict[str, float], saved: list[dict[str, Any]]) -> None:
        """Take over what `state_of` returned of each parameter."""
        SETTINGS.count += 1
        self.counts, self.joint = [one["steps"] for one in saved], False
        state = [np.concatenate([reals(one[name].reshape(-1)) for one in saved]) for name in slots]
        if list(slots) == list(self.slots):  # in the memory that compiled steps know
            for vector, values in zip(self.state, state):
                vector[...] = values
        else:
            self.slots, self.state = slots, state


def _portions(length: int, scratch: list[Any], *vectors: Any) -> Iterator[tuple[Any, ...]]:
    """So many elements of vectors at a time, after as many of what is computed in."""
    size = len(vectors[0])
    for start in range(0, size, length):
        part, short = slice(start, start + length), slice(size - start)
        yield [vector[short] for vector in scratch], *(vector[part] for vector in vectors)


def real_dtype(dtype: Any) -> Any:
    """The dtype of the parts of complex numbers; another as it is."""
    return np.finfo(dtype).dtype if dtype.kind == "c" else dtype


def reals(flat: Any) -> Any:
    """A vector of real numbers as it is; of complex ones a view of real and imaginary parts in turn."""
    return flat.view(real_dtype(flat.dtype)) if flat.dtype.kind == "c" else flat


def _with_terms(g: Any, p: Any, decay: Any, l1: Any, scratch: Any, total: Any) -> Any:
    """g + decay · p + l1 · sign(p) in ``total``, without terms whose factor is None; g if both are."""
    if decay is not None:
        g = add(g, multiply(p, decay, total), total)
    if l1 is not None:
        g = add(g, multiply(sign(p, scratch), l1, scratch), total)
    return g


def packed(groups: Sequence[Group], optimizer: Any) -> list[Pack]:
    """Packs of at most a `PORTION` of one group and dtype, and one for each larger or complex parameter."""
    packs: list[tuple[Group, list[Tensor]]] = []
    for group in groups:
        unfilled: dict[Any, tuple[list[Tensor], int]] = {}  # the last pack of a dtype, and its bytes
        for p in group.params:
            pack, filled = unfilled.get(p.dtype, ([], PORTION))
            size = p._array.nbytes
            alone = size >= PORTION or p.dtype.kind == "c"
            if alone or filled + size > PORTION:
                pack, filled = [], 0
                packs.append((group, pack))
            pack.append(p)
            if not alone:
                unfilled[p.dtype] = pack, filled + size
    longest: dict[Any, int] = {}
    for _, params in packs:
        dtype = real_dtype(params[0].dtype)
        size = sum(p._array.nbytes for p in params) // dtype.itemsize
        longest[dtype] = max(longest.get(dtype, 0), min(size, PORTION // dtype.itemsize))
    scratch = {dtype: [np.empty(size, dtype) for _ in range(4)] for dtype, size in longest.items()}
    return [Pack(group, params, optimizer, scratch[real_dtype(params[0].dtype)]) for group, params in packs]
