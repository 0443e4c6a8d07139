"""A layered layout: where the boxes of a picture stand, and how its edges run between them.

Boxes stand in layers, each right above the first that uses it (the longest path counts).  An edge over
several layers runs through a point in each.  In a layer, boxes are ordered by the mean places of their
neighbours, some times down and up, and then moved as near to these as their widths allow.

References
----------
K. Sugiyama, S. Tagawa, M. Toda (1981). Methods for visual understanding of hierarchical system structures.
IEEE Transactions on Systems, Man, and Cybernetics 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP, ROW, SWEEPS = 26.0, 34.0, 8
TINY = 1e-5  # what a step to the right of a box's middle counts, beside a step to the next box

Edge = tuple[int, int, float]


@dataclass
class Spot:
    """The place of a box, or, without a width, of a point of an edge: the middle of its upper side, and how
    far down its layer reaches.
    """

    width: float
    height: float
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    bottom: float = 0.0
    above: "list[Near]" = field(default_factory=list, repr=False)
    below: "list[Near]" = field(default_factory=list, repr=False)


Near = tuple[Spot, float]
"""A spot in the layer above or below, and how far right of its middle the edge meets it."""


@dataclass
class Layout:
    """Places of boxes by their numbers, routes of edges as points from the upper to the lower, and the size.

    Examples
    --------
    >>> layout = placed([(50, 20), (50, 20), (50, 20)], [(0, 2, -9.0), (1, 2, 9.0)])
    >>> [(spot.x, spot.layer) for spot in layout.spots]
    [(25.0, 0), (101.0, 0), (63.0, 1)]
    """

    spots: list[Spot]
    routes: list[list[Spot]]
    width: float
    height: float


def placed(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """Lay out boxes of these (width, height), of which each edge (i, j, x) says that j stands below i, and
    that the edge ends x to the right of the middle of j.

    The edges make no circle, and i < j in each.
    """
    spots = [Spot(width, height) for width, height in sizes]
    _set_layers(spots, edges)
    layers: list[list[Spot]] = [[] for _ in range(max((s.layer for s in spots), default=-1) + 1)]
    for spot in spots:
        layers[spot.layer].append(spot)
    routes = [_route(spots[i], spots[j], port, layers) for i, j, port in edges]
    for sweep in range(SWEEPS):
        _order(layers, downwards=sweep % 2 == 0)
    for layer in layers:
        _spread(layer, [0.0] * len(layer))
    for sweep in range(3 * SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _spread(layer, [_wanted(spot, sweep % 2 == 0) for spot in layer])
    left = min((s.x - s.width / 2 for layer in layers for s in layer), default=0.0)
    right = max((s.x + s.width / 2 for layer in layers for s in layer), default=0.0)
    y = 0.0
    for layer in layers:
        bottom = y + max(spot.height for spot in layer)
        for spot in layer:
            spot.x, spot.y, spot.bottom = spot.x - left, y, bottom
        y = bottom + ROW
    return Layout(spots, routes, right - left, max(0.0, y - ROW))


def _set_layers(spots: list[Spot], edges: Sequence[Edge]) -> None:
    """As few layers above the lowest as the longest path downwards has edges."""
    for i, j, _ in sorted(edges, key=lambda edge: -edge[0]):
        spots[i].layer = min(spots[i].layer, spots[j].layer - 1)
    first = min((spot.layer for spot in spots), default=0)
    for spot in spots:
        spot.layer -= first


def _route(upper: Spot, lower: Spot, port: float, layers: list[list[Spot]]) -> list[Spot]:
    """The points of an edge, a new one in each layer between its ends."""
    between = [Spot(0.0, 0.0, layer) for layer in range(upper.layer + 1, lower.layer)]
    for spot in between:
        layers[spot.layer].append(spot)
    route = [upper, *between, lower]
    for a, b in pairwise(route):
        a.below.append((b, port if b is lower else 0.0))
        b.above.append((a, -port if b is lower else 0.0))
    return route


def _order(layers: list[list[Spot]], downwards: bool) -> None:
    """Sort each layer by the mean places of the neighbours in the layer before."""
    place: dict[int, float] = {}
    for layer in layers if downwards else reversed(layers):
        means = {}
        for i, spot in enumerate(layer):
            near = [place[id(s)] + x * TINY for s, x in (spot.above if downwards else spot.below)]
            means[id(spot)] = sum(near) / len(near) if near else i / max(1, len(layer) - 1)
        layer.sort(key=lambda spot: means[id(spot)])
        place |= {id(spot): i / max(1, len(layer) - 1) for i, spot in enumerate(layer)}


def _wanted(spot: Spot, downwards: bool) -> float:
    """Where a spot would like to be: at the mean of its neighbours in the layer that was moved before."""
    near = (spot.above if downwards else spot.below) or spot.above + spot.below
    return sum(s.x + x for s, x in near) / len(near) if near else spot.x


def _spread(layer: list[Spot], wanted: list[float]) -> None:
    """Move the spots of a layer as near to where they want to be as their widths and order allow.

    In places counted without the room that the spots before it take, a spot must not stand before its
    predecessor: the least squares are the means of blocks (pool adjacent violators).
    """
    room, blocks = 0.0, []
    for i, (spot, x) in enumerate(zip(layer, wanted)):
        if i:
            room += _apart(layer[i - 1], spot)
        blocks.append((x - room, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks.pop(), blocks.pop()
            blocks.append(((a * n + b * m) / (n + m), n + m))
    room, free = 0.0, [x for x, n in blocks for _ in range(n)]
    for i, (spot, x) in enumerate(zip(layer, free)):
        if i:
            room += _apart(layer[i - 1], spot)
        spot.x = x + room


def _apart(left: Spot, right: Spot) -> float:
    """How far the middles of neighbours are apart at least."""
    return (left.width + right.width) / 2 + (GAP if left.width and right.width else GAP / 2)
