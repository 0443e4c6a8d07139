"""Derivatives of what was computed, by finite differences: of one operation, and of the whole program."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..check.numerical import numerical_jvp, numerical_vjp
from ..gradients import turned
from ..graph import Leaf, Node, Part
from .known import UNKNOWN, Known, same
from .numbers import FULL, number, short

FEW = 24  # elements: of more, one random direction is tried in the place of each of them
MUCH = 1_000_000  # elements: of more, nothing is


class Check(NamedTuple):
    """What a finite difference says of a gradient: ``agrees`` is None where it says nothing."""

    agrees: bool | None
    text: str

    @property
    def mark(self) -> str:
        """The verdict in one sign."""
        return {True: "✓", False: "✗", None: "·"}[self.agrees]


def check_contribution(known: Known, node: Node, k: int, g: Any, found: Any) -> Check:
    """Compare what an operation sends to the parent at a place with the difference of its own forward."""
    arguments, place, parent = known.solved(node), node.plan.positions[k], node.parents[k]
    missing = [node.plan.op.argument(i) for i, value in enumerate(arguments) if value is UNKNOWN]
    if missing:
        lost = ", ".join(dict.fromkeys(missing))
        return Check(None, f"not checked: {lost} was not kept, see tg.drawing.watch")
    if not known.repeats(node):
        return Check(None, "not checked: computed again, the operation gives something else")
    point = arguments[place]
    fine = [_fine(value) for value in arguments]

    def forward(x: Any) -> Any:
        out = node.plan.op.forward(*fine[:place], getattr(x, "_array", x), *fine[place + 1 :])
        return out[0] if node.plan.op.keep else out

    return compare(forward, point, turned_back(node, g), turned(parent, found), parent)


def check_variable(known: Known, root: Node, leaf: Leaf, g: Any, found: Any) -> Check:
    """Compare the gradient of a variable with the difference of the whole program."""
    then = known.then.get(leaf, UNKNOWN if leaf in known.moved else known.value(leaf))
    if then is UNKNOWN:
        return Check(None, "not checked: its value then is not known any more")
    replay = Replay(known, root, leaf)
    if replay.missing:
        return Check(None, f"not checked: {replay.missing} was not kept, see tg.drawing.watch")
    if not replay.gives(then, known.value(root)):
        return Check(None, "not checked: computed again, the program gives something else")
    return compare(replay, then, turned_back(root, g), found, leaf)


def turned_back(node: Node, g: Any) -> Any:
    """A gradient that rules were given as it is known outside; of several outputs one by one."""
    if isinstance(g, tuple):
        return [turned_back(node.part(i), part) for i, part in enumerate(g)]
    return turned(node, g)


class Replay:
    """The program as a function of one variable: what hangs on it is computed again, in order."""

    def __init__(self, known: Known, root: Node, leaf: Leaf) -> None:
        self.root, self.leaf = root, leaf
        moving: set[Node] = {leaf}
        self.steps: list[tuple[Node, list[Any]]] = []
        self.missing = ""
        for node in reversed(known.nodes):
            if moving.isdisjoint(node.parents):
                continue
            moving.add(node)
            if isinstance(node, Part):
                self.steps.append((node, []))
                continue
            arguments = known.solved(node)
            fixed = {i for i, p in zip(node.plan.positions, node.parents) if p in moving}
            lost = [i for i, a in enumerate(arguments) if a is UNKNOWN and i not in fixed]
            if lost and not self.missing:
                self.missing = f"{node.plan.op.argument(lost[0])} of {node.name}"
            self.steps.append((node, [_fine(a) for a in arguments]))

    def gives(self, x: Any, value: Any) -> bool:
        """Whether the program of x gives this value."""
        try:
            with np.errstate(all="ignore"):
                return same(self(x), value)
        except Exception:
            return False

    def __call__(self, x: Any) -> Any:
        values: dict[Node, Any] = {self.leaf: getattr(x, "_array", x)}
        for node, arguments in self.steps:
            if isinstance(node, Part):
                values[node] = values[node.parents[0]][node.index]
                continue
            given = list(arguments)
            for position, parent in zip(node.plan.positions, node.parents):
                given[position] = values.get(parent, given[position])
            out = node.plan.op.forward(*given)
            values[node] = out[0] if node.plan.op.keep else out
        return values[self.root]


def compare(forward: Callable[[Any], Any], point: Any, g: Any, found: Any, node: Node) -> Check:
    """Compare a gradient with ⟨g, differences of a function around a point⟩."""
    if not found.size or found.size > MUCH or (node.dtype.kind == "c" and found.size > FEW):
        return Check(None, "not checked: it is empty or very large")
    wide = np.complex128 if node.dtype.kind == "c" else np.float64
    start, claimed = np.asarray(point, wide), np.asarray(found, wide)
    try:
        if found.size <= FEW:
            (value,), (error,) = numerical_vjp(forward, [start], g)
        else:
            direction = np.random.default_rng(0).standard_normal(start.shape)
            slopes, errors = numerical_jvp(forward, [start], [direction])
            pairs = list(zip(slopes, errors, g if isinstance(g, list) else [g]))
            value = np.asarray(sum(np.sum(slope * cotangent) for slope, _, cotangent in pairs))
            error = np.asarray(sum(np.sum(e * np.abs(cotangent)) for _, e, cotangent in pairs))
            claimed = np.asarray(np.sum(claimed * direction))
    except Exception as problem:
        return Check(None, f"not checked: {type(problem).__name__} near this point")
    return _verdict(value, error, claimed, found)


def _verdict(value: Any, error: Any, claimed: Any, found: Any) -> Check:
    """Whether the difference and the gradient agree, as far as their rounding lets one tell."""
    what = "finite difference" if found.size <= FEW else "finite difference in a random direction"
    error = np.abs(error)
    scale = max(float(np.max(np.abs(value))), float(np.max(np.abs(claimed))))
    if not np.all(np.isfinite(value)) or float(np.max(error)) > 0.05 * scale + 1e-7:
        return Check(None, f"{what} {short(value)}, which tells nothing at a kink or a jump")
    tolerance = 64 * float(np.finfo(found.dtype).eps) ** 0.75 * max(1.0, found.size**0.5)
    agrees = bool(np.all(np.abs(value - claimed) <= tolerance * scale + 10 * error + 1e-12))
    if FULL < found.size <= FEW:
        worst = number(float(np.max(np.abs(value - claimed))), 2)
        return Check(agrees, f"{what}s differ by at most {worst}")
    against = "" if found.size <= FEW else f" against {short(claimed)}"
    return Check(agrees, f"{what} {short(value)}{against}")


def _fine(value: Any) -> Any:
    """An argument in the precision in which differences are taken."""
    if not isinstance(value, np.ndarray):
        return value
    return value.astype({"f": np.float64, "c": np.complex128}.get(value.dtype.kind, value.dtype))
