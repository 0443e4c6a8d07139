"""A line search: how far to go until the value has fallen and the slope flattened enough."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

Along = Callable[[float], "Point"]
Condition = Callable[["Point"], bool]


class Point(NamedTuple):
    """A point of the line: how far along it lies, the value and the slope there, and what came with them."""

    t: float
    value: float
    slope: float
    gradient: Any = None


def strong_wolfe(
    along: Along, start: Point, t: float, *, c1: float = 1e-4, c2: float = 0.9, evaluations: int = 25
) -> Point:
    """A point that meets the strong Wolfe conditions, or the best that was found.

        value(t) ≤ value(0) + c₁ t slope(0)        it falls enough
        |slope(t)| ≤ c₂ |slope(0)|                 and it has gone far enough

    Parameters
    ----------
    along : callable
        The point at t.
    start : Point
        At t = 0, with a slope below 0.
    t : float, above 0
        The first to try.
    c1, c2 : float, 0 < c1 < c2 < 1
    evaluations : int
        How often ``along`` may be called.

    Returns
    -------
    Point
        ``start`` itself, if nothing was found to be lower.

    References
    ----------
    J. Nocedal, S. Wright (2006). Numerical optimization, 2nd edition, algorithms 3.5 and 3.6.
    """

    def falls(point: Point) -> bool:
        return point.value <= start.value + c1 * point.t * start.slope

    def flattens(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    before = start
    while evaluations:
        point, evaluations = along(t), evaluations - 1
        if not math.isfinite(point.value + point.slope):
            t = (before.t + t) / 2  # beyond the domain, or an overflow
        elif not falls(point) or (before is not start and point.value >= before.value):
            return _zoom(along, before, point, falls, flattens, evaluations)
        elif flattens(point):
            return point
        elif point.slope >= 0:
            return _zoom(along, point, before, falls, flattens, evaluations)
        else:
            t = _lowest_of_cubic(before, point, point.t + 0.01 * (point.t - before.t), 10 * point.t)
            before = point
    return before


def _zoom(
    along: Along, low: Point, high: Point, falls: Condition, flattens: Condition, evaluations: int
) -> Point:
    """Narrow an interval that has a point to accept inside.

    ``low`` is the best point so far, and slopes down towards ``high``.
    """
    for _ in range(evaluations):
        left, right = sorted((low.t, high.t))
        margin = 0.1 * (right - left)  # every step takes at least a tenth off
        t = _lowest_of_cubic(low, high, left + margin, right - margin)
        if not left < t < right:
            break  # the interval is as short as numbers can tell
        point = along(t)
        if not falls(point) or point.value >= low.value:
            high = point
        elif flattens(point):
            return point
        else:
            high = low if point.slope * (high.t - low.t) >= 0 else high
            low = point
    return low


def _lowest_of_cubic(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points with these slopes is lowest, held between low and high.

    It is the middle if there is no such place.
    """
    d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return (low + high) / 2
    d2 = math.copysign(math.sqrt(square), b.t - a.t)
    divisor = b.slope - a.slope + 2 * d2
    t = b.t - (b.t - a.t) * (b.slope + d2 - d1) / divisor if divisor else math.nan
    return min(max(t, low), high) if math.isfinite(t) else (low + high) / 2
