"""Domains of convolution and pooling."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import convolution, pooling
from ...ops.window import Windows
from ..strategies import Draw, Shape, arrays
from .domain import Call, Domains, call, case, choice, integers

# ---- windows, and images that they lie on ------------------------------------------------------------------


def sliding(draw: Draw, *, pooling: bool = False) -> tuple[Windows, Shape]:
    """Windows, and the height and width of an image with one or two along each axis, and maybe a rest."""
    axes = [axis(draw, pooling) for _ in range(2)]
    kernel, stride, padding, dilation, sizes = (tuple(values) for values in zip(*axes))
    return Windows(kernel, stride, padding, dilation), sizes


def axis(draw: Draw, pooling: bool) -> tuple[int, int, tuple[int, int], int, int]:
    """Kernel, stride, padding, dilation and image length along one axis; pooling leaves no window empty."""
    kernel, stride, count = (draw(st.integers(1, most)) for most in (3, 3, 2))
    dilation = draw(st.integers(1, 2)) if kernel < 3 else 1
    reach = dilation * (kernel - 1) + 1
    most = kernel // 2 if pooling and dilation == 1 else 0 if pooling else 2
    before, after = draw(st.integers(0, most)), draw(st.integers(0 if pooling else -1, most))
    length = (count - 1) * stride + reach - before - after + draw(st.integers(0, stride - 1))
    return kernel, stride, (before, after), dilation, max(length, 1, reach - before - after)


def layer(draw: Draw) -> tuple[Shape, Shape, Shape, Windows, int]:
    """The shapes of images, weights and outputs, windows and groups."""
    windows, sizes = sliding(draw)
    groups, per_group, outputs, n = (draw(st.integers(1, 2)) for _ in range(4))
    x, weight = (n, groups * per_group, *sizes), (groups * outputs, per_group, *windows.kernel)
    return x, weight, (n, groups * outputs, *windows.counts(x)), windows, groups


def convolved(draw: Draw) -> Call:
    x, weight, _, windows, groups = layer(draw)
    bias = draw(arrays(weight[:1])) if draw(st.booleans()) else None
    return call(draw(arrays(x)), draw(arrays(weight)), bias, windows, groups)


def convolved_back(draw: Draw) -> Call:
    x, weight, y, windows, groups = layer(draw)
    return call(draw(arrays(y)), draw(arrays(weight)), x, windows, groups)


def correlated(draw: Draw) -> Call:
    x, weight, y, windows, groups = layer(draw)
    return call(draw(arrays(x)), draw(arrays(y)), weight, windows, groups)


def pooled(draw: Draw, *, distinct: bool = False) -> Call:
    windows, sizes = sliding(draw, pooling=True)
    several = sizes[0] * sizes[1] <= 40  # there are 97 distinct numbers to draw
    lead = draw(choice((1, 1), (2, 1), (1, 2))) if several else (1, 1)
    return call(draw(arrays((*lead, *sizes), distinct=distinct)), windows)


def picked(draw: Draw) -> Call:
    x, windows = pooled(draw).args
    shape = (*x.shape[:2], *windows.counts(x.shape))
    return call(x, draw(integers(shape, 0, windows.kernel[0] * windows.kernel[1] - 1)), windows)


def unpicked(draw: Draw) -> Call:
    x, winner, windows = picked(draw).args
    return call(draw(arrays(winner.shape)), winner, x.shape, windows)


def spread(draw: Draw) -> Call:
    x, windows = pooled(draw).args
    return call(draw(arrays((*x.shape[:2], *windows.counts(x.shape)))), x.shape, windows)


# ---- the definitions, element by element -------------------------------------------------------------------


def places(windows: Windows, shape: Shape) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Window (r, q), its element (i, j), and where on an image (..., h, w) that is, unless in the padding."""
    (sh, sw), (dh, dw), ((top, _), (left, _)) = windows.stride, windows.dilation, windows.padding
    for r, q, i, j in product(*map(range, (*windows.counts(shape), *windows.kernel))):
        a, b = sh * r + dh * i - top, sw * q + dw * j - left
        if 0 <= a < shape[-2] and 0 <= b < shape[-1]:
            yield r, q, i, j, a, b


def form(x: Any, weight: Any, y: Any, windows: Windows, groups: int, target: Any) -> Any:
    """Σ y[n, o, r, q] w[o, c, i, j] x[n, c, a, b], added up in the one of the three that is the target."""
    into = "no" if target is y else "nc" if target is x else "oc"
    o, c = weight.shape[0] // groups, weight.shape[1]
    for (r, q, i, j, a, b), group in product(list(places(windows, x.shape)), range(groups)):
        outs, ins = slice(group * o, (group + 1) * o), slice(group * c, (group + 1) * c)
        parts = {"no": y[:, outs, r, q], "oc": weight[outs, :, i, j], "nc": x[:, ins, a, b]}
        aim = parts.pop(into)
        aim += np.einsum(f"{','.join(parts)}->{into}", *parts.values())
    return target


def convolve_by_hand(x: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    y = np.zeros((x.shape[0], weight.shape[0], *windows.counts(x.shape)))
    y = form(x, weight, y, windows, groups, y)
    return y if bias is None else y + bias[:, None, None]


def convolve_transposed_by_hand(y: Any, weight: Any, shape: Shape, windows: Windows, groups: int) -> Any:
    x = np.zeros(shape)
    return form(x, weight, y, windows, groups, x)


def correlate_by_hand(x: Any, y: Any, shape: Shape, windows: Windows, groups: int) -> Any:
    weight = np.zeros(shape)
    return form(x, weight, y, windows, groups, weight)


def maximum_by_hand(x: Any, windows: Windows) -> Any:
    out = np.full((*x.shape[:2], *windows.counts(x.shape)), -np.inf)
    for r, q, _, _, a, b in places(windows, x.shape):
        out[..., r, q] = np.maximum(out[..., r, q], x[..., a, b])
    return out


def picked_by(winner: Any, windows: Windows, r: int, q: int, i: int, j: int) -> Any:
    """Where element (i, j) of window (r, q) is the winner; everywhere if there are no winners."""
    return True if winner is None else winner[..., r, q] == i * windows.kernel[1] + j


def pick_by_hand(x: Any, winner: Any, windows: Windows) -> Any:
    out = np.zeros((*x.shape[:2], *windows.counts(x.shape)))
    for r, q, i, j, a, b in places(windows, x.shape):
        out[..., r, q] += np.where(picked_by(winner, windows, r, q, i, j), x[..., a, b], 0)
    return out


def unpick_by_hand(y: Any, winner: Any, shape: Shape, windows: Windows) -> Any:
    x = np.zeros(shape)
    for r, q, i, j, a, b in places(windows, shape):
        x[..., a, b] += np.where(picked_by(winner, windows, r, q, i, j), y[..., r, q], 0)
    return x


# fmt: off
DOMAINS: Domains = {
    convolution.convolve:            case(convolved, reference=convolve_by_hand),
    convolution.convolve_transposed: case(convolved_back, reference=convolve_transposed_by_hand),
    convolution.correlate:           case(correlated, reference=correlate_by_hand),
    pooling.maximum_over:            case(lambda d: pooled(d, distinct=True), reference=maximum_by_hand),
    pooling.pick:                    case(picked, reference=pick_by_hand),
    pooling.unpick:                  case(unpicked, reference=unpick_by_hand),
    pooling.sum_over:                case(pooled, reference=lambda x, windows: pick_by_hand(x, None, windows)),
    pooling.spread:                  case(spread, reference=lambda y, shape, windows: unpick_by_hand(y, None, shape, windows)),
}
# fmt: on
