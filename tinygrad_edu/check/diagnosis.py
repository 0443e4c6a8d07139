"""What is wrong with a derivative: hypotheses, tried one after the other on the values that disagree.

Each hypothesis is a mistake that people make.  It says what the wrong gradient would then be, and is believed
if that is what the rule returned, for both cotangents; it then yields the sentence that says so.
"""

from collections.abc import Callable, Iterator
from itertools import chain, permutations, product
from typing import Any

import numpy as np

from .adapter import FlatFunction
from .claims import Claims, Judged
from .differences import one_by_one, slopes
from .leaves import Array, Slot

LARGEST = 250_000  # elements of the Jacobians that are written out for a diagnosis


def number(x: float, digits: int = 10) -> str:
    """A number as people read it."""
    return f"{float(x):.{digits}g}"


class Evidence:
    """All that is known about a failure.

    Attributes
    ----------
    index : ndarray of shape (k,)
        The elements that are looked at: of the whole input if it is small, else those known to disagree.
    claimed, right : ndarray of shape (2, k)
        What the rule returned there and what it should have, for two cotangents.
    whole : bool
        Whether it is the whole input.
    undefined : bool
        Whether what the rule returned is not finite.
    jacobian : ndarray of shape (m, n) or None
        Numerical, of all outputs in all inputs, if it is small.
    """

    def __init__(
        self, function: FlatFunction, cotangents: Array, claims: Claims, slot: Slot, wrong: list[Judged]
    ) -> None:
        self.function, self.cotangents, self.slot = function, cotangents, slot
        self.z, self.second, self.bits = claims.z, claims.second, function.bits
        here = [(direction, verdict) for direction, verdict in wrong if direction.index in slot]
        self.index = np.array([direction.index for direction, _ in here])
        self.right = np.stack([verdict.value / direction.step for direction, verdict in here], axis=1)
        self.jacobian = self._small_jacobian()
        self.whole = self.jacobian is not None and bool(np.all(np.isfinite(self.jacobian)))
        if self.whole:  # the Jacobian is of use only where it gives what a closer look found
            self.whole = self.close(cotangents @ self.jacobian[:, self.index], self.right)
            self.jacobian = self.jacobian if self.whole else None
        if self.whole:
            self.index = np.arange(slot.range.start, slot.range.stop)
            self.right = cotangents @ self.jacobian[:, slot.range]
        self.claimed = claims.gradients[:, self.index]
        known = np.all(np.isfinite(self.claimed) & np.isfinite(self.right), axis=0)
        self.whole &= bool(np.all(known))
        self.undefined = not np.any(known) and not np.all(np.isfinite(self.claimed))
        self.index, self.claimed, self.right = self.index[known], self.claimed[:, known], self.right[:, known]

    def _small_jacobian(self) -> Any:
        """The Jacobian by differences, of shape (m, n); None if it is large, or of the gradient."""
        if self.second or self.cotangents.shape[1] * self.z.size > LARGEST or self.z.size > 1024:
            return None
        directions = one_by_one(self.function, self.z)
        found = slopes(self.function.values, self.z, directions, bits=self.bits)
        return (found.value / np.array([[direction.step] for direction in directions])).T

    def outputs(self) -> Iterator[tuple[int, Any]]:
        """How many real numbers each output has, with its shape and dtype."""
        return zip(self.function.counts, self.function.outputs)

    def close(self, a: Array, b: Array) -> bool:
        """Whether two arrays are equal, beside their largest element."""
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        allowed = max(1e-5, 2.0 ** (-0.3 * self.bits)) * (np.abs(b) + 1e-3 * np.max(np.abs(b), initial=0))
        return bool(np.all(np.abs(a - b) <= allowed))

    def is_rule(self, gradient: Array) -> bool:
        """Whether this, of shape (2, k), is what the rule returned."""
        return self.close(gradient, self.claimed) and bool(np.any(self.claimed))


Answers = Iterator[str | bool]  # what is wrong, or False for a mistake that it is not


def diagnose(evidence: Evidence) -> str:
    """The first hypothesis that explains a wrong gradient."""
    if evidence.undefined:
        return "the gradient is not finite: 0/0, ∞ − ∞ or an overflow in the rule, or in a step of it."
    if not evidence.claimed.size:
        return "several elements are wrong together, none of them alone by much."
    if not np.any(evidence.claimed):
        return "the gradient is zero: a missing path, a detached value, or an integer step in the rule."
    answers = chain.from_iterable(hypothesis(evidence) for hypothesis in _HYPOTHESES)
    return next((answer for answer in answers if isinstance(answer, str)), "") or _where(evidence)


def _cotangent(e: Evidence) -> Answers:
    """How does the gradient grow with the cotangent?"""
    if e.second:
        return
    u = e.cotangents[0]
    base, doubled, negated = (e.function.gradient(e.z, v)[e.index] for v in (u, 2 * u, -u))
    if e.close(doubled, base):
        alone = e.jacobian is not None and e.is_rule(np.stack([e.jacobian.sum(axis=0)[e.index]] * 2))
        yield f"the rule ignores g, the gradient of the output{'; it returns f′ alone' if alone else ''}."
    yield e.close(doubled, 4 * base) and "the rule is quadratic in g: g is multiplied in twice."
    yield e.close(negated, base) and "the rule takes the magnitude of g: its sign is lost."
    yield not e.close(doubled, 2 * base) and "the rule is not linear in g."


def _factor(e: Evidence) -> Answers:
    """A constant factor, and where it may come from."""
    big = np.abs(e.right) > 1e-3 * np.max(np.abs(e.right), initial=0)
    if not np.any(big):
        return
    c = float(np.median(e.claimed[big] / e.right[big]))
    if not e.close(e.claimed, c * e.right) or abs(c - 1) < 1e-6:
        return
    slack, size = max(1e-4, 2.0 ** (-0.3 * e.bits)), abs(c)
    yield abs(c + 1) < slack and "the sign is wrong."
    said = f"{number(c, 4 if e.bits > 30 else 2)} times what it should be."
    for n, name in _lengths(e):
        missing = "a division by n is missing, or a batch is counted n times"
        yield abs(size - n) < slack * n and f"{said} {n} is {name}: {missing}."
        yield abs(size * n - 1) < slack and f"{said} {n} is {name}: divided by n once too often."
    yield abs(size - 2) < slack and f"{said} A factor 2 is one too many."
    yield abs(size - 0.5) < slack and f"{said} A factor 2 is missing."
    yield said


def _lengths(e: Evidence) -> Iterator[tuple[int, str]]:
    """The lengths of all axes of the input and the outputs, then their sizes, with names."""
    shapes = [("the input", e.slot.shape), *(("the output", shape) for shape, _ in e.function.outputs)]
    for name, shape in shapes:
        yield from ((n, f"the length of axis {axis} of {name}") for axis, n in enumerate(shape) if n > 1)
    for name, shape in shapes:
        if (n := int(np.prod(shape))) > 1:
            yield n, f"the size of {name}"


def _conjugate(e: Evidence) -> Answers:
    """A conjugate too many or too few, of the gradient or of what stands in the rule."""
    if not e.slot.is_complex or not np.any(e.claimed):
        return
    mine, u = np.where((e.index - e.slot.range.start) % 2, -1, 1), e.cotangents
    if not np.any(e.right[:, mine < 0]):
        return
    its = "gradients conjugate nothing: a rule is the transposed product, g · f′"
    yield e.is_rule(e.right * mine) and f"it is the conjugate of what it should be; inside a rule, {its}."
    if e.jacobian is None:
        return
    turned = np.concatenate([np.resize([1, -1] if d.kind == "c" else [1], n) for n, (_, d) in e.outputs()])
    by_turned = (u * turned) @ e.jacobian[:, e.index]
    yield e.is_rule(by_turned * mine) and f"f′ stands in the rule as its conjugate; {its}."
    yield e.is_rule(by_turned) and f"g stands in the rule as its conjugate; {its}."


def _signs(e: Evidence) -> Answers:
    """Right magnitudes, but some signs wrong."""
    flipped = np.flatnonzero(np.any(e.claimed * e.right < 0, axis=0))
    if flipped.size and e.close(np.abs(e.claimed), np.abs(e.right)):
        how_many = f"{flipped.size} of {e.index.size}" if e.whole else f"{flipped.size}"
        first = e.slot.element(e.index[flipped[0]])
        yield f"the sign is wrong in {how_many} elements, the first at {first}."


def _other_argument(e: Evidence) -> Answers:
    """The gradient of another argument."""
    for slot in e.function.slots if e.jacobian is not None else ():
        swapped = slot is not e.slot and e.is_rule(e.cotangents @ e.jacobian[:, slot.range])
        yield swapped and f"it is the gradient of {slot.name}: two arguments are swapped."


def _rearranged(e: Evidence) -> Answers:
    """Right values in the wrong places."""
    if not e.whole or e.index.size < 2:
        return
    shape = e.slot.parts
    dims = range(len(shape))
    right, claimed = (a.reshape(2, *shape) for a in (e.right, e.claimed))
    for axis in dims:
        yield e.close(np.flip(right, axis + 1), claimed) and f"it is reversed along axis {axis}."
    for axes in permutations(dims) if 2 <= len(shape) <= 4 else ():
        turned = np.transpose(right, (0, *(axis + 1 for axis in axes)))
        how = "it is transposed." if len(shape) == 2 else f"its axes are permuted: {axes}."
        yield e.close(turned, claimed) and how
        how = "it is transposed, and then reshaped: the wrong order of axes in a reshape."
        yield e.close(turned.reshape(right.shape), claimed) and how
    for axis, shift in product(dims, (1, -1)):
        rolled = np.roll(right, shift, axis + 1)
        yield e.close(rolled, claimed) and f"it is shifted by {shift} along axis {axis}."
    permuted = e.close(np.sort(e.right, axis=1), np.sort(e.claimed, axis=1))
    yield permuted and "it has the right values in the wrong places: a permutation, or its inverse."


def _transposed_jacobian(e: Evidence) -> Answers:
    """J u in the place of Jᵀ u."""
    if e.whole:
        part = e.jacobian[:, e.slot.range]
        mistaken = part.shape[0] == part.shape[1] and e.is_rule(e.cotangents @ part.T)
        yield mistaken and "a matrix in the rule is not transposed: it is J g, and should be Jᵀ g."


def _elementwise(e: Evidence) -> Answers:
    """A rule of an elementwise function, for one that mixes elements."""
    start, outputs = e.slot.range.start, e.function.outputs
    alike = len(outputs) == 1 and (outputs[0][0], outputs[0][1].kind) == (e.slot.shape, e.slot.dtype.kind)
    if e.second or not alike or not e.index.size:
        return
    u = e.cotangents[:, e.index - start]
    if not e.close(e.claimed[0] * u[1], e.claimed[1] * u[0]):  # then it is not g, times something
        return
    i, moved = int(e.index[0]), e.z.copy()
    moved[i] += 2.0**-6 * (abs(moved[i]) or 1.0)
    changed = np.flatnonzero(e.function.values(moved) != e.function.values(e.z))
    others = changed[changed != i - start]
    if others.size:
        here, there = e.slot.element(i), e.slot.element(start + int(others[0]))
        yield (
            "the rule is elementwise, g times something, but f mixes elements: "
            f"the input at {here} changes the output at {there} too. "
            "A rule adds up g over all the outputs that an element changes (gᵀ times the whole Jacobian, not "
            "its diagonal alone)."
        )


def _one_of_many(e: Evidence) -> Answers:
    """One contribution in the place of the sum of several."""
    if not e.whole or e.jacobian.shape[0] < 2:
        return
    part = e.jacobian[:, e.slot.range]
    terms = e.cotangents[:, :, None] * part  # (2, m, n)
    there = np.abs(part) > 1e-6 * np.max(np.abs(part), initial=0)
    last, first = part.shape[0] - 1 - np.argmax(there[::-1], axis=0), np.argmax(there, axis=0)
    axes = _broadcast_axes(e)
    for which, place in (("last", last), ("first", first)):
        mistaken = e.is_rule(np.take_along_axis(terms, place[None, None, :], axis=1)[:, 0])
        what = f"it is not summed over {axes}, along which the input is broadcast"
        yield mistaken and bool(axes) and f"{what}: only the {which} slice counts."
        what = f"of several contributions to an element only the {which} counts"
        yield mistaken and f"{what}: repeated indices must be added up ({which} write wins)."


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


def _known_factor(e: Evidence) -> Answers:
    """A factor that is the argument, the output, or the inverse of one."""
    x = e.z[e.index]
    named = [("its own argument", x), ("the square of its own argument", x * x)]
    if not e.second and (out := e.function.values(e.z)).size == e.index.size:
        named.append(("the output", out))
    for name, factor in named:
        yield e.close(e.right * factor, e.claimed) and f"it is multiplied by {name} once too often."
        divided = e.close(e.right, e.claimed * factor)
        yield divided and f"it is divided by {name} once too often, or not multiplied by it."


_HYPOTHESES: list[Callable[[Evidence], Answers]] = [
    _cotangent, _conjugate, _factor, _signs, _other_argument, _rearranged, _transposed_jacobian, _elementwise,
    _one_of_many, _known_factor,
]  # fmt: skip


def _where(e: Evidence) -> str:
    """No mistake that is known here; then at least where it is wrong."""
    allowed = 1e-5 * np.abs(e.right) + 1e-9 * np.max(np.abs(e.right), initial=0)
    wrong = np.any(np.abs(e.claimed - e.right) > allowed, axis=0)
    text, size, wrongs = "no simple relation to the right gradient", e.index.size, int(np.sum(wrong))
    if not e.whole or not wrongs:
        return f"{text}."
    text += f"; wrong in {wrongs} of {size} elements"
    places = np.argwhere(wrong.reshape(e.slot.parts))
    for axis, n in enumerate(e.slot.shape if wrongs < size else ()):
        if n > 1 and np.all(places[:, axis] == places[0, axis]):
            return f"{text}, all at index {places[0, axis]} of axis {axis}."
    return f"{text}."
