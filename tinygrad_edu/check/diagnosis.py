"""What is wrong with a derivative: hypotheses, tried one after the other on the values that disagree.

Each hypothesis is a mistake that people make.  It says what the wrong gradient would then be, and is believed
if that is what the rule returned, for both cotangents.
"""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from .arguments import Slot
from .differences import Direction, Slopes, bits_of, one_by_one, slopes
from .function import FlatFunction

LARGEST = 250_000  # elements of the Jacobians that are written out for a diagnosis


class Evidence:
    """All that is known about a failure.

    Attributes
    ----------
    claimed, right : ndarray of shape (2, k)
        What the rule returned and what it should have, for two cotangents; of the whole input if it is small,
        else of the elements that are known to disagree.
    whole : bool
        Whether it is the whole input.
    undefined : bool
        Whether what the rule returned is not finite.
    jacobian : ndarray of shape (m, n) or None
        Numerical, of all outputs in all inputs, if it is small.
    """

    def __init__(
        self,
        function: FlatFunction,
        z: Any,
        cotangents: Any,
        gradients: Any,
        slot: Slot,
        directions: list[Direction],
        found: Slopes,
        second: bool,
    ) -> None:
        self.function, self.z, self.cotangents, self.slot, self.second = function, z, cotangents, slot, second
        single = [
            (i, d)
            for i, d in enumerate(directions)
            if np.ndim(d.index) == 0 and slot.range.start <= d.index < slot.range.stop
        ]
        self.jacobian: Any = None
        self.bits = bits_of(function)
        if not second and cotangents.shape[1] * z.size <= LARGEST and z.size <= 1024:
            self.jacobian = _jacobian(function, z, self.bits)
        self.whole = self.jacobian is not None and bool(np.all(np.isfinite(self.jacobian)))
        if self.whole and single:  # it is of use only where it gives what a closer look found
            known = np.stack([found.value[i] / d.step for i, d in single], axis=1)
            self.whole = self.close(cotangents @ self.jacobian[:, [d.index for _, d in single]], known)
            self.jacobian = self.jacobian if self.whole else None
        if self.whole:
            self.index = np.arange(slot.range.start, slot.range.stop)
            self.right = cotangents @ self.jacobian[:, slot.range]
        else:
            self.index = np.array([d.index for _, d in single], dtype=int)
            self.right = (
                np.stack([found.value[i] / d.step for i, d in single], axis=1) if single else np.zeros((2, 0))
            )
        self.claimed = gradients[:, self.index]
        known = np.all(np.isfinite(self.claimed) & np.isfinite(self.right), axis=0)
        self.whole &= bool(np.all(known))
        self.undefined = not np.any(known) and not np.all(np.isfinite(self.claimed))
        self.index, self.claimed, self.right = self.index[known], self.claimed[:, known], self.right[:, known]

    def close(self, a: Any, b: Any) -> bool:
        """Whether two arrays are equal, beside their largest element."""
        tolerance = max(1e-5, 2.0 ** (-0.3 * self.bits))
        a, b = np.asarray(a), np.asarray(b)
        return a.shape == b.shape and bool(
            np.all(np.abs(a - b) <= tolerance * (np.abs(b) + 1e-3 * np.max(np.abs(b), initial=0)))
        )

    def is_rule(self, gradient: Any) -> bool:
        """Whether this, of shape (2, k), is what the rule returned."""
        return self.close(gradient, self.claimed) and bool(np.any(self.claimed))


def diagnose(evidence: Evidence) -> str:
    """The first hypothesis that explains a wrong gradient."""
    if evidence.undefined:
        return "the gradient is not finite: 0/0, ∞ − ∞ or an overflow in the rule, or in a step of it."
    if not evidence.claimed.size:
        return "several elements are wrong together, none of them alone by much."
    if not np.any(evidence.claimed):
        return "the gradient is zero: a missing path, a detached value, or an integer step in the rule."
    for hypothesis in _HYPOTHESES:
        with np.errstate(all="ignore"):
            if answer := hypothesis(evidence):
                return answer
    return _where(evidence)


def _cotangent(e: Evidence) -> str | None:
    """How does the gradient grow with the cotangent?"""
    if e.second:
        return None
    u = e.cotangents[0]
    base, doubled, negated = (e.function.gradient(e.z, v)[e.index] for v in (u, 2 * u, -u))
    if e.close(doubled, base):
        kind = (
            "; it returns f′ alone"
            if e.jacobian is not None and e.is_rule(np.stack([e.jacobian.sum(axis=0)[e.index]] * 2))
            else ""
        )
        return f"the rule ignores g, the gradient of the output{kind}."
    if e.close(doubled, 4 * base):
        return "the rule is quadratic in g: g is multiplied in twice."
    if e.close(negated, base):
        return "the rule takes the magnitude of g: its sign is lost."
    if not e.close(doubled, 2 * base):
        return "the rule is not linear in g."
    return None


def _factor(e: Evidence) -> str | None:
    """A constant factor, and where it may come from."""
    big = np.abs(e.right) > 1e-3 * np.max(np.abs(e.right), initial=0)
    if not np.any(big):
        return None
    c = float(np.median(e.claimed[big] / e.right[big]))
    if not e.close(e.claimed, c * e.right) or abs(c - 1) < 1e-6:
        return None
    slack = max(1e-4, 2.0 ** (-0.3 * e.bits))
    if abs(c + 1) < slack:
        return "the sign is wrong."
    said = f"{number(c, 4 if e.bits > 30 else 2)} times what it should be."
    magnitude = abs(c)
    for n, name in _lengths(e):
        if abs(magnitude - n) < slack * n:
            return f"{said} {n} is {name}: a division by n is missing, or a batch is counted n times."
        if abs(magnitude * n - 1) < slack:
            return f"{said} {n} is {name}: divided by n once too often."
    if abs(magnitude - 2) < slack or abs(magnitude - 0.5) < slack:
        return f"{said} A factor 2 is {'one too many' if magnitude > 1 else 'missing'}."
    return said


def _lengths(e: Evidence) -> Iterator[tuple[int, str]]:
    shapes = [("the input", e.slot.shape), *(("the output", shape) for shape, _ in e.function.outputs)]
    for name, shape in shapes:
        for axis, n in enumerate(shape):
            if n > 1:
                yield n, f"the length of axis {axis} of {name}"
    for name, shape in shapes:
        if (n := int(np.prod(shape))) > 1:
            yield n, f"the size of {name}"


def _signs(e: Evidence) -> str | None:
    """Right magnitudes, but some signs wrong."""
    if not e.close(np.abs(e.claimed), np.abs(e.right)):
        return None
    flipped = np.flatnonzero(np.any(e.claimed * e.right < 0, axis=0))
    of = f" of {e.index.size}" if e.whole else ""
    return (
        f"the sign is wrong in {flipped.size}{of} elements, the first at "
        f"{e.slot.element(e.index[flipped[0]])}."
        if flipped.size
        else None
    )


def _other_argument(e: Evidence) -> str | None:
    """The gradient of another argument."""
    if e.jacobian is None:
        return None
    for slot in e.function.slots:
        if slot is not e.slot and e.is_rule(e.cotangents @ e.jacobian[:, slot.range]):
            return f"it is the gradient of {slot.name}: two arguments are swapped."
    return None


def _rearranged(e: Evidence) -> str | None:
    """Right values in the wrong places."""
    if not e.whole or e.index.size < 2:
        return None
    shape = e.slot.shape
    right, claimed = (a.reshape(2, *shape) for a in (e.right, e.claimed))
    for axis in range(len(shape)):
        if e.close(np.flip(right, axis + 1), claimed):
            return f"it is reversed along axis {axis}."
    for axes in permutations(range(len(shape))) if 2 <= len(shape) <= 4 else ():
        if [shape[a] for a in axes] == list(shape) and e.close(
            np.transpose(right, (0, *(a + 1 for a in axes))), claimed
        ):
            return "it is transposed." if len(shape) == 2 else f"its axes are permuted: {axes}."
        if e.close(np.transpose(right, (0, *(a + 1 for a in axes))).reshape(right.shape), claimed):
            return "it is transposed, and then reshaped: the wrong order of axes in a reshape."
    for axis in range(len(shape)):
        for shift in (1, -1):
            if e.close(np.roll(right, shift, axis + 1), claimed):
                return f"it is shifted by {shift} along axis {axis}."
    if e.close(np.sort(right.reshape(2, -1), axis=1), np.sort(claimed.reshape(2, -1), axis=1)):
        return "it has the right values in the wrong places: a permutation, or its inverse."
    return None


def _transposed_jacobian(e: Evidence) -> str | None:
    """J u in the place of Jᵀ u."""
    if e.whole and e.jacobian is not None and len(e.function.slots) >= 1:
        square = e.jacobian[:, e.slot.range]
        if square.shape[0] == square.shape[1] and e.is_rule(e.cotangents @ square.T):
            return "a matrix in the rule is not transposed: it is J g, and should be Jᵀ g."
    return None


def _elementwise(e: Evidence) -> str | None:
    """A rule of an elementwise function, for one that mixes elements."""
    outputs = e.function.outputs
    if e.second or len(outputs) != 1 or outputs[0][0] != e.slot.shape or not e.index.size:
        return None
    u = e.cotangents[:, e.index - e.slot.range.start]
    if not e.close(
        e.claimed[0] * u[1], e.claimed[1] * u[0]
    ):  # each element of the gradient is g there, times something
        return None
    i, base = int(e.index[0]), e.function.values(e.z)
    moved = e.z.copy()
    moved[i] += 2.0**-6 * (abs(moved[i]) or 1.0)
    changed = np.flatnonzero(e.function.values(moved) != base)
    others = changed[changed != i - e.slot.range.start]
    if not others.size:
        return None
    here, there = e.slot.element(i), e.slot.element(e.slot.range.start + int(others[0]))
    return (
        f"the rule is elementwise, g times something, but f mixes elements: the input at {here} changes the "
        f"output at {there} too. "
        "A rule adds up g over all the outputs that an element changes (gᵀ times the whole Jacobian, not its "
        "diagonal alone)."
    )


def _one_of_many(e: Evidence) -> str | None:
    """One contribution in the place of the sum of several."""
    if not e.whole or e.jacobian is None or e.jacobian.shape[0] < 2:
        return None
    part = e.jacobian[:, e.slot.range]
    terms = e.cotangents[:, :, None] * part  # (2, m, n)
    there = np.abs(part) > 1e-6 * np.max(np.abs(part), initial=0)
    last, first = part.shape[0] - 1 - np.argmax(there[::-1], axis=0), np.argmax(there, axis=0)
    for which, place in (("last", last), ("first", first)):
        if e.is_rule(np.take_along_axis(terms, place[None, None, :], axis=1)[:, 0]):
            if axes := _broadcast_axes(e):
                return f"it is not summed over {axes}, along which the input is broadcast: only the {which} slice counts."
            return f"of several contributions to an element only the {which} counts: repeated indices must be added up ({which} write wins)."
    return None


def _broadcast_axes(e: Evidence) -> str:
    """The axes of the output along which the input may have been broadcast."""
    if len(e.function.outputs) != 1:
        return ""
    out = e.function.outputs[0][0]
    padded = (1,) * (len(out) - len(e.slot.shape)) + e.slot.shape
    if len(padded) != len(out) or any(n not in (1, m) for n, m in zip(padded, out)):
        return ""
    axes = [str(i) for i, (n, m) in enumerate(zip(padded, out)) if n != m]
    return f"ax{'is' if len(axes) == 1 else 'es'} {', '.join(axes)}" if axes else ""


def _known_factor(e: Evidence) -> str | None:
    """A factor that is the argument, the output, or the inverse of one."""
    x = e.z[e.index]
    named = [("its own argument", x), ("the square of its own argument", x * x)]
    if not e.second and (out := e.function.values(e.z)).size == e.index.size:
        named.append(("the output", out))
    for name, factor in named:
        if e.close(e.right * factor, e.claimed):
            return f"it is multiplied by {name} once too often."
        if e.close(e.right, e.claimed * factor):
            return f"it is divided by {name} once too often, or not multiplied by it."
    return None


_HYPOTHESES: list[Callable[[Evidence], str | None]] = [
    _cotangent, _factor, _signs, _other_argument, _rearranged, _transposed_jacobian, _elementwise, _one_of_many,
    _known_factor,
]  # fmt: skip


def _where(e: Evidence) -> str:
    """No mistake that is known here; then at least where it is wrong."""
    wrong = np.any(
        np.abs(e.claimed - e.right) > 1e-5 * np.abs(e.right) + 1e-9 * np.max(np.abs(e.right), initial=0),
        axis=0,
    )
    count = int(np.sum(wrong))
    text = "no simple relation to the right gradient"
    if not e.whole or not count:
        return text + "."
    text += f"; wrong in {count} of {e.index.size} elements"
    if 0 < count < e.index.size:
        places = np.argwhere(wrong.reshape(e.slot.shape))
        for axis, n in enumerate(e.slot.shape):
            if n > 1 and np.all(places[:, axis] == places[0, axis]):
                return f"{text}, all at index {places[0, axis]} of axis {axis}."
    return text + "."


def _jacobian(function: FlatFunction, z: Any, bits: int) -> Any:
    """The Jacobian by differences, of shape (m, n)."""
    directions = one_by_one(function, z)
    found = slopes(function.values, z, directions, bits=bits)
    return (found.value / np.array([[d.step] for d in directions])).T


def number(x: float, digits: int = 10) -> str:
    """A number as people read it."""
    return f"{float(x):.{digits}g}"
