"""The judge: are claimed slopes the numerical ones, and if not, where is it worst?

Small inputs are moved element by element.  Large ones are moved in blocks, along random directions, and a
block that disagrees is split until the wrong element is found.  What disagrees, and what the usual steps
cannot resolve, is looked at more closely (`ladder`); then the judge says what it saw (`wording`), and what
the mistake looks like (`diagnosis`).
"""

from typing import Any

import numpy as np

from ..errors import GradcheckError, UndecidedError
from .adapter import FlatFunction, step_sizes
from .claims import Claims, Judged, Verdict
from .differences import Direction, Slopes, one_by_one, slopes
from .ladder import Ladder
from .leaves import Array
from .wording import cannot_judge, disagreement, non_smoothness

SINGLY = 2000  # up to so many elements each is moved alone
_LOOSE = 0.01  # a slope is looked at more closely if more than this part of it could be an error
# An element is looked at more closely if larger, or if smaller than 1/2¹¹ and moving nothing.
_USUAL = 2.0**11
_UNDECIDED = 0.1  # and cannot be judged if more than this part of it could be one even then
_POOR = 0.05  # a slope of which more than this part could be an error is not trusted to contradict by little
_EXAMPLES = 3  # so many of the slopes that are clearly wrong are looked at more closely


class Judge:
    """Compares slopes, keeps a tally, and raises GradcheckError where they disagree.

    Parameters
    ----------
    function : FlatFunction
    rtol : float
    rng : numpy.random.Generator
    outputs : int
        How many values the function returns.

    Attributes
    ----------
    bits : int
        Of the fraction of the dtype that the function computes in.
    cotangents : ndarray of shape (2, outputs)
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

    def __init__(self, function: FlatFunction, rtol: float, rng: "np.random.Generator", outputs: int) -> None:
        self.function, self.rng, self.bits = function, rng, function.bits
        self.rtol = max(rtol, 2.0 ** (-0.6 * self.bits))
        self.compared, self.largest, self.lenient, self.flat = 0, 0.0, False, True
        self.undecided: dict[int, str] = {}
        self.cotangents = self.random_signed((2, outputs))

    # ---- directions ----------------------------------------------------------------------------------------

    def random_signed(self, shape: tuple[int, ...]) -> Array:
        """Numbers of both signs and of few digits, from 0.25 to 2.5 in magnitude, none of them ±1."""
        magnitude = self.rng.integers(16, 160, shape) / 64
        return np.where(magnitude == 1, 1.25, magnitude) * self.rng.choice([-1.0, 1.0], shape)

    def blocks(self, z: Array, most: int) -> list[Direction]:
        """Directions that together move every element: singly, or in at most so many blocks of like sizes."""
        if z.size <= most:
            return one_by_one(self.function, z)
        directions, sizes = [], self.function.sizes(z)
        for slot in self.function.slots:
            parts = max(1, most * slot.size // z.size // (8 if most == SINGLY else 1))
            ordered = slot.range.start + np.argsort(sizes[slot.range], kind="stable")
            directions += [self.block(z, part) for part in np.array_split(ordered, parts) if part.size]
        return directions

    def few_blocks(self, z: Array) -> list[Direction]:
        """Directions for a second look: up to eight elements singly, more in four blocks."""
        return self.blocks(z, 8 if z.size <= 8 else 4)

    def block(self, z: Array, index: Array) -> Direction:
        """A random direction that moves these elements, each by about its own size."""
        return Direction(index, step_sizes(z[index]) * self.random_signed(index.shape) / 2)

    def split(self, z: Array, block: Direction) -> list[Direction]:
        """A block in up to eight pieces."""
        parts = np.array_split(block.index, min(8, block.index.size))
        return [
            self.block(z, part) if part.size > 1 else Direction(int(part[0]), float(step_sizes(z[part])[0]))
            for part in parts
        ]

    # ---- the first look ------------------------------------------------------------------------------------

    def compare(
        self, claims: Claims, directions: list[Direction], *, found: Slopes | None = None, refuse: bool = True
    ) -> set[str]:
        """Compare claimed slopes with numerical ones, found already or not; split a block that fails.

        A kink is refused, and an element that cannot be judged is written down; or else both are let pass,
        and the kinds of such verdicts are returned.
        """
        if found is None:
            found = self.slopes(claims, directions)
        wrong, loose = self.suspects(found, claims, directions)
        clear = wrong & ~loose & found.sound
        doubtful = np.flatnonzero(wrong | loose | ~found.sound)
        kinds, pieces = set[str](), list[Direction]()
        for block in [i for i in doubtful if not directions[i].single]:
            kind = "wrong" if clear[block] else self.look(claims, directions[block]).kind
            if kind != "right":
                kinds.add(kind)
                pieces += self.split(claims.z, directions[block]) if refuse or kind == "wrong" else []
        if pieces:
            kinds |= self.compare(claims._replace(oracle=None), pieces, refuse=refuse)
        if singles := [int(i) for i in doubtful if directions[i].single]:
            chosen = [directions[i] for i in singles]
            verdicts = self.verdicts(claims, chosen, found.where(singles), clear[singles])
            kinds |= self.settle(claims, list(zip(chosen, verdicts)), len(directions), refuse)
        self.tally(found, claims, directions, found.sound & ~wrong)
        return kinds

    def slopes(self, claims: Claims, directions: list[Direction]) -> Slopes:
        """The numerical slopes, at the usual steps; sharpened by exact ones, if there are any."""
        how = {"weights": claims.weights, "terms": claims.terms, "bits": self.bits, "rtol": self.rtol}
        found = slopes(claims.values, claims.z, directions, **how)
        exact = claims.exact(directions)
        if exact is None:
            return found
        agrees = (np.abs(exact - found.value) <= 3 * found.error) & (np.abs(found.value) > 10 * found.error)
        error = np.ldexp(8 * np.abs(exact), -self.bits)
        value, error = np.where(agrees, exact, found.value), np.where(agrees, error, found.error)
        return found._replace(value=value, error=error)

    def suspects(self, found: Slopes, claims: Claims, directions: list[Direction]) -> tuple[Any, Any]:
        """Which directions disagree, and which elements the numerical slopes leave almost free."""
        claimed = claims.slopes(directions)
        rounding = claims.rounding(np.array([[d.distance] for d in directions]), self.bits)
        scale = np.max(np.abs(found.value), axis=1, keepdims=True)
        tolerance = self.rtol * scale + 3 * found.error + rounding + np.ldexp(64 * claims.size(), -self.bits)
        difference = np.abs(claimed - found.value)
        wrong = ~(difference <= tolerance)
        if self.lenient:  # f is not finite here: a NaN gradient agrees with that
            wrong &= ~np.isnan(difference)
        steps = np.array([[np.max(np.abs(d.step))] for d in directions])
        vague = tolerance > _LOOSE * np.maximum(np.abs(claimed), np.abs(found.value))
        unused = (np.abs(claimed) <= rounding) & found.still[:, None] & (steps >= 1 / _USUAL)  # by f
        loose = (vague & ~unused) | (steps > _USUAL)
        return np.any(wrong, axis=1), np.any(loose, axis=1)

    def tally(self, found: Slopes, claims: Claims, directions: list[Direction], agreed: Array) -> None:
        """Count slopes, and note the largest error of those on which both sides agreed at first sight."""
        claimed, value, error = claims.slopes(directions), found.value, found.error
        self.compared += value.size
        tiny = np.maximum(np.abs(value), np.abs(claimed)) <= 4 * error
        self.flat &= bool(np.all(tiny | ~found.sound[:, None]))
        difference, scale = np.abs(claimed - value), np.max(np.abs(value), axis=1, keepdims=True)
        resolved = (scale > 1e3 * error) & np.isfinite(difference) & agreed[:, None]
        relative = np.where(resolved, difference / np.where(scale > 0, scale, 1), 0)
        self.largest = max(self.largest, float(np.max(relative, initial=0)))

    # ---- the closer look -----------------------------------------------------------------------------------

    def verdicts(
        self, claims: Claims, singles: list[Direction], found: Slopes, clear: Array
    ) -> list[Verdict]:
        """Verdicts on single elements; of those that are clearly wrong only the worst are looked at again."""
        distance = np.max(np.abs(claims.slopes(singles) - found.value), axis=1)
        worst_first = sorted(np.flatnonzero(clear), key=lambda i: -distance[i])
        verdicts = [Verdict("wrong", value, error) for value, error in zip(found.value, found.error)]
        for i in np.flatnonzero(~clear):
            verdicts[i] = self.look(claims, singles[i])
        certain = True  # so far, what looked clearly wrong was
        for seen, i in enumerate(worst_first):
            if seen < _EXAMPLES or not certain:
                verdicts[i] = self.look(claims, singles[i])
                certain &= verdicts[i].kind == "wrong"
        return verdicts

    def settle(self, claims: Claims, verdicts: list[Judged], total: int, refuse: bool) -> set[str]:
        """Raise for elements that are wrong, and for kinks; return the kinds of the other verdicts."""
        kinks = [verdict.text for _, verdict in verdicts if verdict.kind == "kink"]
        if kinks and refuse:
            raise GradcheckError(kinks[0])
        if wrong := [pair for pair in verdicts if pair[1].kind == "wrong"]:
            raise GradcheckError(disagreement(self.function, self.cotangents, claims, wrong, total))
        if refuse:
            self.undecided |= {int(d.index): v.text for d, v in verdicts if v.kind == "undecided"}
        return {verdict.kind for _, verdict in verdicts} - {"right"}

    def look(self, claims: Claims, direction: Direction) -> Verdict:
        """Judge one direction, with steps of every size, and beside the outputs that it moves only."""
        function = self.function
        ladder = Ladder(claims.values, claims.z, claims.base, direction, self.bits)
        if kink := non_smoothness(function, claims, ladder, direction):
            return Verdict("kink", text=kink)
        claims = claims.restricted(ladder.moved, direction, self.rtol)
        value, error = ladder.slope(claims.weights, claims.terms) or (None, np.inf)
        known_to = float(np.max(error))  # in that, a kink may hide
        if direction.single and (kink := non_smoothness(function, claims, ladder, direction, known_to)):
            return Verdict("kink", text=kink)
        kind = "undecided" if value is None else self.weigh(claims, direction, value, error)
        if kind != "undecided":
            return Verdict(kind, value, error)
        return Verdict(kind, text=cannot_judge(function, claims, direction, value, error))

    def weigh(self, claims: Claims, direction: Direction, value: Array, error: Any) -> str:
        """Whether a claimed slope is right, given the numerical one and its error; or undecided."""
        claimed, rounding = direction.along(claims.gradients), claims.rounding(direction.distance, self.bits)
        if self.lenient and np.any(np.isnan(claimed)):
            return "right"
        scale, difference = np.maximum(np.abs(claimed), np.abs(value)), np.abs(claimed - value)
        allowed = self.rtol * np.max(np.abs(value)) + rounding
        if not np.all(difference <= allowed + np.where(error > _POOR * scale, 10, 3) * error):
            return "wrong"
        self.flat &= bool(np.all(np.abs(value) <= 4 * error))
        tolerance = allowed + 3 * error
        vague = (difference > tolerance) | (tolerance > _UNDECIDED * scale)
        if not (direction.single and np.any(vague)):
            return "right"
        exact = claims.exact([direction])
        if exact is None:
            return "undecided" if np.any(vague & (np.abs(claimed) > rounding)) else "right"
        self.flat &= not np.any(exact)
        close = np.all(np.abs(exact[0] - claimed) <= 1e-6 * np.abs(claimed) + rounding)
        return "right" if close else "undecided"

    def demand_decisions(self) -> list[str]:
        """Raise if less than half of an input could be judged; else say what could not be."""
        notes = []
        for slot in self.function.slots:
            unknown = sorted(i for i in self.undecided if i in slot)
            part = f"{len(unknown)} of {slot.size} elements"
            if 2 * len(unknown) > slot.size:
                so_it_is = f"\n  So it is with {part}." if slot.size > 1 else ""
                raise UndecidedError(self.undecided[unknown[0]] + so_it_is)
            if unknown:
                places = ", ".join(str(slot.element(i)) for i in unknown[:4])
                more = " …" if len(unknown) > 4 else ""
                notes.append(f"{part} of {slot} could not be judged at this scale: {places}{more}")
        return notes
