"""The judge: are claimed slopes the numerical ones, and if not, where is it worst?

Small inputs are moved element by element.  Large ones are moved in blocks, along random directions, and a
block that disagrees is split until the wrong element is found.  What disagrees, and what the usual steps
cannot resolve, is looked at more closely (`ladder`); then the judge says what it saw, and what the mistake
looks like (`diagnosis`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GradcheckError, UndecidedError
from .arguments import Slot
from .claims import Claims, Verdict
from .diagnosis import Evidence, diagnose, number
from .differences import DOUBLE, Direction, Slopes, one_by_one, slopes
from .function import FlatFunction, step_sizes
from .ladder import Ladder

SINGLY = 2000  # up to so many elements each is moved alone
_LOOSE = 0.01  # a slope is looked at more closely if more than this part of it could be an error
_USUAL = (
    2.0**11
)  # an element is looked at more closely if it is larger, or smaller than the inverse and moves nothing
_UNDECIDED = 0.1  # and cannot be judged if more than this part of it could be one even then
_POOR = 0.05  # a slope of which more than this part could be an error is not trusted to contradict by little
_EXAMPLES = 3  # so many of the slopes that are clearly wrong are looked at more closely


class Judge:
    """Compares slopes, keeps a tally, and raises GradcheckError where they disagree.

    Parameters
    ----------
    function : FlatFunction
    rtol : float
    bits : int
        Of the fraction of the dtype that the function computes in.
    rng : numpy.random.Generator

    Attributes
    ----------
    cotangents : ndarray of shape (2, m)
    compared : int
        How many slopes have been compared.
    largest : float
        The largest difference so far, relative to the slope.
    lenient : bool
        Whether a NaN that is claimed passes, because f is not finite at the point.
    flat : bool
        Whether all slopes so far have been zero, as far as could be told.
    undecided : dict of int to str
        The elements of the flat input that could not be judged, and why.
    """

    def __init__(
        self, function: FlatFunction, rtol: float, bits: int, rng: np.random.Generator, outputs: int
    ) -> None:
        self.function, self.rtol, self.bits, self.rng = function, max(rtol, 2.0 ** (-0.6 * bits)), bits, rng
        self.compared, self.largest, self.lenient = 0, 0.0, False
        self.flat = True
        self.undecided: dict[int, str] = {}
        self.cotangents = self.random_signed((2, outputs))

    def random_signed(self, shape: tuple[int, ...]) -> Any:
        """Numbers of both signs and of few digits, from 0.25 to 2.5 in magnitude, none of them ±1."""
        magnitude = self.rng.integers(16, 160, shape) / 64
        return np.where(magnitude == 1, 1.25, magnitude) * self.rng.choice([-1.0, 1.0], shape)

    def slot(self, flat: int) -> Slot:
        """The input that an element of the flat vector belongs to."""
        return next(s for s in self.function.slots if s.range.start <= flat < s.range.stop)

    def slot_of(self, direction: Direction) -> Slot:
        """The input that a direction moves."""
        return self.slot(direction.index if np.ndim(direction.index) == 0 else direction.index[0])

    def blocks(self, z: Any, most: int) -> list[Direction]:
        """Directions that together move every element: single elements, or at most so many blocks of those alike in size."""
        if z.size <= most:
            return one_by_one(self.function, z)
        directions, sizes = [], self.function.sizes(z)
        for slot in self.function.slots:
            n = slot.range.stop - slot.range.start
            count = max(1, most * n // z.size // (8 if most == SINGLY else 1))
            ordered = slot.range.start + np.argsort(sizes[slot.range], kind="stable")
            directions += [self.block(z, part) for part in np.array_split(ordered, count) if part.size]
        return directions

    def block(self, z: Any, index: Any) -> Direction:
        """A random direction that moves these elements, each by about its own size."""
        return Direction(index, step_sizes(z[index]) * self.random_signed(index.shape) / 2)

    def split(self, z: Any, block: Direction) -> list[Direction]:
        """A block in up to eight pieces."""
        parts = np.array_split(block.index, min(8, block.index.size))
        return [
            self.block(z, part) if part.size > 1 else Direction(int(part[0]), float(step_sizes(z[part])[0]))
            for part in parts
        ]

    def compare(
        self,
        claims: Claims,
        directions: list[Direction],
        *,
        oracle: Callable[[list[Direction]], Any] | None = None,
        found: Slopes | None = None,
        refuse: bool = True,
    ) -> tuple[Slopes, set[str]]:
        """Compare claimed slopes with numerical ones, found already or not; a block that fails is split down to its worst element.

        A kink is refused, and an element that cannot be judged is written down; or else both are let pass,
        and the kinds of such verdicts are returned.
        """
        if found is None:
            how = {"weights": claims.weights, "terms": claims.terms, "bits": self.bits, "rtol": self.rtol}
            found = slopes(claims.values, claims.z, directions, **how)
        if oracle is not None:
            found = self.sharpened(found, oracle, directions)
        wrong, loose = self.suspects(found, claims, directions)
        doubtful = np.flatnonzero(wrong | loose | ~found.sound)
        singles = [int(i) for i in doubtful if np.ndim(directions[i].index) == 0]
        kinds, pieces = set[str](), list[Direction]()
        for i in doubtful:
            if np.ndim(directions[i].index) == 0:
                continue
            clear = wrong[i] and found.sound[i] and not loose[i]
            verdict = Verdict("wrong") if clear else self.look(claims, directions[i])
            if verdict.kind != "right":
                pieces += self.split(claims.z, directions[i]) if refuse or verdict.kind == "wrong" else []
                kinds.add(verdict.kind)
        if pieces:
            kinds |= self.compare(claims, pieces, refuse=refuse)[1]
        kinds |= self.settle(
            claims, [directions[i] for i in singles], found.where(singles), len(directions), oracle, refuse
        )
        self.tally(found, claims, directions, found.sound & ~wrong)
        return found, kinds

    def settle(
        self, claims: Claims, singles: list[Direction], found: Slopes, total: int, oracle: Any, refuse: bool
    ) -> set[str]:
        """Look at single elements more closely; raise for those that are wrong, and for kinks."""
        if not singles:
            return set()
        wrong, loose = self.suspects(found, claims, singles)
        clear = wrong & ~loose & found.sound
        distance = np.max(np.abs(claims.slopes(singles) - found.value), axis=1)
        order = sorted(range(len(singles)), key=lambda i: (bool(clear[i]), -distance[i] if clear[i] else 0))
        verdicts, seen = dict[int, Verdict](), 0
        for i in order:
            if (
                clear[i]
                and seen >= _EXAMPLES
                and all(verdicts[j].kind == "wrong" for j in verdicts if clear[j])
            ):
                verdicts[i] = Verdict("wrong", found.value[i], found.error[i])
            else:
                verdicts[i] = self.look(claims, singles[i], oracle)
                seen += bool(clear[i])
        at_kink = [i for i in order if verdicts[i].kind == "kink"]
        if at_kink and refuse:
            raise GradcheckError(verdicts[min(at_kink)].text)
        at_fault = sorted(i for i in order if verdicts[i].kind == "wrong")
        if at_fault:
            value, error = (np.stack([verdicts[i][k] for i in at_fault]) for k in (1, 2))
            self.fail(
                claims,
                [singles[i] for i in at_fault],
                found.where(at_fault)._replace(value=value, error=error),
                total,
            )
        if refuse:
            self.undecided |= {
                int(singles[i].index): v.text for i, v in verdicts.items() if v.kind == "undecided"
            }
        return {verdict.kind for verdict in verdicts.values()} - {"right"}

    def look(self, claims: Claims, direction: Direction, oracle: Any = None) -> Verdict:
        """Judge one direction, with steps of every size, and beside the outputs that it moves only."""
        z, single = claims.z, np.ndim(direction.index) == 0
        ladder = Ladder(claims.values, z, claims.base, direction, self.bits)
        if kink := self.at_kink(claims, ladder, direction):
            return Verdict("kink", text=kink)
        claims = self.restricted(claims, ladder.moved, direction)
        claimed, rounding = claims.slopes([direction])[0], self.rounding(claims, _distance(direction))
        best = ladder.slope(claims.weights, claims.terms)
        value, error = best or (None, np.inf)
        if single and (kink := self.at_kink(claims, ladder, direction, float(np.max(error)))):
            return Verdict("kink", text=kink)
        if value is None:
            return Verdict("undecided", text=self.cannot_judge(claims, direction, claimed, None, None))
        if self.lenient and np.any(np.isnan(claimed)):
            return Verdict("right", value, error)
        scale, allowed = (
            np.maximum(np.abs(claimed), np.abs(value)),
            self.rtol * np.max(np.abs(value)) + rounding,
        )
        difference = np.abs(claimed - value)
        if not np.all(difference <= allowed + np.where(error > _POOR * scale, 10, 3) * error):
            return Verdict("wrong", value, error)
        self.flat &= bool(np.all(np.abs(value) <= 4 * error))
        tolerance = allowed + 3 * error
        vague = (difference > tolerance) | (tolerance > _UNDECIDED * scale)
        if single and np.any(vague):
            exact = self.complex_slope(direction, oracle)
            if exact is None:
                decided = not np.any(vague & (np.abs(claimed) > rounding))
            else:
                decided = bool(np.all(np.abs(exact - claimed) <= 1e-6 * np.abs(claimed) + rounding))
                self.flat &= not np.any(exact)
            if not decided:
                return Verdict("undecided", text=self.cannot_judge(claims, direction, claimed, value, error))
        return Verdict("right", value, error)

    def restricted(self, claims: Claims, moved: Any, direction: Direction) -> Claims:
        """The same claim with the outputs that an element does not move left out, if the gradients allow it.

        What is huge elsewhere then hides nothing: neither its rounding errors nor its gradients count.
        """
        if np.all(moved) or not np.any(moved):
            return claims
        less = claims._replace(weights=claims.weights * moved)
        less = less._replace(gradients=claims.pull(less.weights))
        there, here = (c.slopes([direction])[0] for c in (claims, less))
        return less if np.all(np.abs(here - there) <= self.rtol * np.abs(there)) else claims

    def complex_slope(self, direction: Direction, oracle: Any) -> Any:
        """The slope by the complex step; None where f does not compute with complex numbers."""
        try:
            return None if oracle is None else oracle([direction])[0]
        except Exception:
            return None

    def sharpened(self, found: Slopes, oracle: Any, directions: list[Direction]) -> Slopes:
        """Numerical slopes replaced by complex-step ones where the two agree and the former are resolved."""
        try:
            exact = oracle(directions)
        except Exception:
            return found
        agrees = (np.abs(exact - found.value) <= 3 * found.error) & (np.abs(found.value) > 10 * found.error)
        error = np.ldexp(8 * np.abs(exact), -self.bits)
        return Slopes(
            np.where(agrees, exact, found.value),
            np.where(agrees, error, found.error),
            found.sound,
            found.still,
        )

    def suspects(self, found: Slopes, claims: Claims, directions: list[Direction]) -> tuple[Any, Any]:
        """Which directions disagree, and which elements the numerical slopes leave almost free."""
        claimed = claims.slopes(directions)
        rounding = self.rounding(claims, np.array([[_distance(d)] for d in directions]))
        scale = np.max(np.abs(found.value), axis=1, keepdims=True)
        tolerance = self.rtol * scale + 3 * found.error + rounding + np.ldexp(64 * claims.size(), -self.bits)
        difference = np.abs(claimed - found.value)
        wrong = ~(difference <= tolerance)
        if self.lenient:  # f is not finite here: a NaN gradient agrees with that
            wrong &= ~np.isnan(difference)
        steps = np.array([[d.step if np.ndim(d.index) == 0 else np.max(np.abs(d.step))] for d in directions])
        vague = tolerance > _LOOSE * np.maximum(np.abs(claimed), np.abs(found.value))
        seen = (
            (np.abs(claimed) <= rounding) & found.still[:, None] & (steps >= 1 / _USUAL)
        )  # an input that f does not use
        loose = (vague & ~seen) | (steps > _USUAL)
        return np.any(wrong, axis=1), np.any(loose, axis=1)

    def rounding(self, claims: Claims, distances: Any) -> Any:
        """The rounding errors of slopes claimed over distances: a gradient may be the difference of others that are larger."""
        finite = claims.gradients[np.isfinite(claims.gradients)]
        return np.ldexp(64 * np.max(np.abs(finite), initial=0) * distances, -self.bits)

    def tally(self, found: Slopes, claims: Claims, directions: list[Direction], agreed: Any) -> None:
        """Count slopes, and note the largest error of those on which both sides agreed at first sight."""
        self.compared += found.value.size
        claimed = claims.slopes(directions)
        difference = np.abs(claimed - found.value)
        self.flat &= bool(
            np.all(
                (np.maximum(np.abs(found.value), np.abs(claimed)) <= 4 * found.error) | ~found.sound[:, None]
            )
        )
        scale = np.max(np.abs(found.value), axis=1, keepdims=True)
        resolved = (scale > 1e3 * found.error) & np.isfinite(difference) & agreed[:, None]
        self.largest = max(
            self.largest,
            float(np.max(np.where(resolved, difference / np.where(scale > 0, scale, 1), 0), initial=0)),
        )

    # ---- what is said --------------------------------------------------------------------------------------

    def fail(self, claims: Claims, directions: list[Direction], found: Slopes, total: int) -> None:
        """Raise, with the worst of the directions that disagree."""
        claimed, z, what = claims.slopes(directions), claims.z, claims.what
        size = np.max(np.abs(found.value), axis=1, keepdims=True) + np.abs(claimed)
        relative = np.abs(claimed - found.value) * np.sqrt(size)
        k, c = np.unravel_index(
            int(np.nanargmax(relative)) if not np.all(np.isnan(relative)) else 0, relative.shape
        )
        index, step = directions[k]
        slot = self.slot(index)
        outputs = ", ".join(f"shape {shape}, {dtype}" for shape, dtype in self.function.outputs)
        second = "second" in what
        lines = [
            f"{slot}, element {slot.element(index)}: {what} is {number(claimed[k, c] / step)}, "
            f"numerically {number(found.value[k, c] / step)} ± {found.error[k, c] / step:.1e}.",
            f"  output: {outputs}; wrong in {len(directions)} of {total} elements.",
        ]
        if self.cotangents.shape[1] <= 6 and slot.range.stop - slot.range.start <= 12 and not second:
            lines.append(
                f"  at the input {z[slot.range].reshape(slot.shape).tolist()} with the cotangent "
                f"{self.cotangents[c].tolist()}."
            )
        evidence = Evidence(
            self.function, z, self.cotangents, claims.gradients, slot, directions, found, second
        )
        lines.append("  Diagnosis: " + diagnose(evidence))
        raise GradcheckError("\n".join(lines))

    def place(self, direction: Direction) -> str:
        """What a direction moves, in words."""
        index, slot = direction.index, self.slot_of(direction)
        return f"{slot}, " + (
            f"element {slot.element(index)}" if np.ndim(index) == 0 else f"{np.size(index)} elements together"
        )

    def at_kink(
        self, claims: Claims, ladder: Ladder, direction: Direction, error: float | None = None
    ) -> str | None:
        """What is to be said of a point where f has a kink, jumps, or is not defined nearby; None where it is smooth."""
        index, step = direction
        place, unit, end = (
            self.place(direction),
            step if np.ndim(index) == 0 else 1.0,
            self.slot_of(direction).way_out(),
        )
        if side := ladder.undefined():
            return f"{place}: not differentiable here: f is not finite just {side} {claims.z[index]}. Choose a point inside its domain{end}."
        if jump := ladder.jump(claims.terms):
            j, height, side = jump
            return (
                f"{place}: not differentiable here: f jumps by {short(height)} just {side} (output element "
                f"{j}).\n"
                f"  Choose a point that is not at a step{end}."
            )
        if kink := ladder.kink(claims.terms, error):
            j, *sides = kink
            left, right = (slope / unit for slope in sides)
            g = claims.pull(np.eye(1, claims.base.size, j).repeat(2, axis=0))[0]
            claim = float(np.sum(g[index] * (1 if np.ndim(index) == 0 else step)))
            low, high = sorted((left, right))
            margin = 1e-4 * (high - low)
            return (
                f"{place}: not differentiable here: one-sided slopes {short(left)} and {short(right)} (of "
                f"output element {j}).\n"
                f"  The gradient, {short(claim)}, "
                f"{'lies' if low - margin <= claim <= high + margin else 'does not even lie'} between them. "
                "At a kink it is a convention, which no numerical derivative can confirm: choose another "
                f"point{end}."
            )
        return None

    def cannot_judge(self, claims: Claims, direction: Direction, claimed: Any, value: Any, error: Any) -> str:
        """Why an element can be called neither right nor wrong."""
        unit = direction.step if np.ndim(direction.index) == 0 else 1.0
        hint = "" if self.bits == DOUBLE else " (it computes with few digits: give float64 inputs)"
        if value is None:
            why = "the numerical derivative is another one at each step. f changes too wildly here, or its changes are lost in its rounding errors"
        else:
            c = int(np.argmax(np.abs(claimed)))
            why = (
                f"it is {number(claimed[c] / unit, 4)}, numerically {number(value[c] / unit, 4)} ± "
                f"{error[c] / unit:.1e}: "
                "what it changes in f is lost in the rounding errors of f"
            )
        return f"{self.place(direction)}: {claims.what} cannot be judged at this scale: {why}{hint}{self.slot_of(direction).way_out()}."

    def demand_decisions(self) -> list[str]:
        """Raise if less than half of an input could be judged; else say what could not be."""
        notes = []
        for slot in self.function.slots:
            size = slot.range.stop - slot.range.start
            unknown = sorted(i for i in self.undecided if slot.range.start <= i < slot.range.stop)
            if 2 * len(unknown) > size:
                raise UndecidedError(
                    self.undecided[unknown[0]]
                    + (f"\n  So it is with {len(unknown)} of {size} elements." if size > 1 else "")
                )
            if unknown:
                places = ", ".join(str(slot.element(i)) for i in unknown[:4]) + (
                    " …" if len(unknown) > 4 else ""
                )
                notes.append(
                    f"{len(unknown)} of {size} elements of {slot} could not be judged at this scale: {places}"
                )
        return notes


def _distance(direction: Direction) -> float:
    """How far a direction goes, all its elements together."""
    return float(direction.step if np.ndim(direction.index) == 0 else np.sum(np.abs(direction.step)))


def short(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")
