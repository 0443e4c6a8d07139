"""What is said of a derivative that is wrong, that does not exist, or that cannot be judged."""

from typing import Any

import numpy as np

from .adapter import DOUBLE, FlatFunction
from .claims import Claims, Judged
from .diagnosis import Evidence, diagnose, number
from .differences import Direction
from .ladder import Ladder
from .leaves import Array


def short(x: float) -> str:
    """A number of few digits, in a sentence."""
    return number(x, 4).replace("-", "−")


def _place(function: FlatFunction, direction: Direction) -> tuple[str, str]:
    """What a direction moves, in words; and how a sentence about it ends."""
    index = direction.index
    slot = function.slot(index if direction.single else index[0])
    what = slot.place(index) if direction.single else f"{slot}, {index.size} elements together"
    return what, slot.way_out()


def disagreement(
    function: FlatFunction, cotangents: Array, claims: Claims, wrong: list[Judged], total: int
) -> str:
    """Which of the elements that are wrong is the worst, both its values, and a diagnosis."""
    directions = [direction for direction, _ in wrong]
    claimed, value = claims.slopes(directions), np.stack([verdict.value for _, verdict in wrong])
    size = np.max(np.abs(value), axis=1, keepdims=True) + np.abs(claimed)
    badness = np.abs(claimed - value) * np.sqrt(size)
    worst = 0 if np.all(np.isnan(badness)) else int(np.nanargmax(badness))
    k, c = np.unravel_index(worst, badness.shape)
    (index, step), error = directions[k], wrong[k][1].error
    slot = function.slot(index)
    ours, theirs, bound = claimed[k, c] / step, value[k, c] / step, error[c] / step
    values = f"{number(ours)}, numerically {number(theirs)} ± {bound:.1e}"
    outputs = ", ".join(f"shape {shape}, {dtype}" for shape, dtype in function.outputs)
    lines = [
        f"{slot.place(index)}: {claims.what} is {values}.",
        f"  output: {outputs}; wrong in {len(wrong)} of {total} elements.",
    ]
    if cotangents.shape[1] <= 6 and slot.size <= 12 and not claims.second:
        given, cotangent = slot.of(claims.z).tolist(), cotangents[c].tolist()
        lines.append(f"  at the input {given} with the cotangent {cotangent}.")
    diagnosis = diagnose(Evidence(function, cotangents, claims, slot, wrong))
    return "\n".join([*lines, f"  Diagnosis: {diagnosis}"])


def non_smoothness(
    function: FlatFunction, claims: Claims, ladder: Ladder, direction: Direction, error: float | None = None
) -> str | None:
    """What is to be said where f has a kink, jumps, or is not defined nearby; None where it is smooth."""
    place, end = _place(function, direction)
    if side := ladder.undefined():
        where = f"f is not finite just {side} {claims.z[direction.index]}"
        return f"{place}: not differentiable here: {where}. Choose a point inside its domain{end}."
    if jump := ladder.jump(claims.terms):
        j, height, side = jump
        where = f"f jumps by {short(height)} just {side} (output element {j})"
        return f"{place}: not differentiable here: {where}.\n  Choose a point that is not at a step{end}."
    if kink := ladder.kink(claims.terms, error):
        j, left, right = kink
        left, right = left / direction.unit, right / direction.unit
        where = f"one-sided slopes {short(left)} and {short(right)} (of output element {j})"
        g = claims.pull(np.eye(1, claims.base.size, j).repeat(2, axis=0))[0, direction.index]
        claim = float(np.sum(g * (direction.step / direction.unit)))
        low, high = sorted((left, right))
        margin = 1e-4 * (high - low)
        lies = "lies" if low - margin <= claim <= high + margin else "does not even lie"
        return (
            f"{place}: not differentiable here: {where}.\n"
            f"  The gradient, {short(claim)}, {lies} between them. At a kink it is a convention, which no "
            f"numerical derivative can confirm: choose another point{end}."
        )
    return None


def cannot_judge(
    function: FlatFunction, claims: Claims, direction: Direction, value: Array | None, error: Any
) -> str:
    """Why an element can be called neither right nor wrong; ``value`` is None where no slope was found."""
    place, end = _place(function, direction)
    hint = "" if function.bits == DOUBLE else " (it computes with few digits: give float64 inputs)"
    if value is None:
        why = (
            "the numerical derivative is another one at each step. f changes too wildly here, or its changes "
            "are lost in its rounding errors"
        )
    else:
        claimed = direction.along(claims.gradients)
        c = int(np.argmax(np.abs(claimed)))
        ours, theirs, bound = (slopes[c] / direction.unit for slopes in (claimed, value, error))
        values = f"it is {number(ours, 4)}, numerically {number(theirs, 4)} ± {bound:.1e}"
        why = f"{values}: what it changes in f is lost in the rounding errors of f"
    return f"{place}: {claims.what} cannot be judged at this scale: {why}{hint}{end}."
