"""What the statements of a random program may compute: each operation as Python for this package (and NumPy),
and for PyTorch.

An operation is drawn for arguments that are there already, so a draw of its settings sees the arrays; where
NumPy refuses the call, or a guard finds a kink, a tie or a singular point near, another one is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MARGIN = 0.05  # how far the arguments keep from a kink or a tie: much more than the steps of differences


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes
    ----------
    ours, torch : str
        Templates: {0}, {1} … are the arguments, other names the settings.  Without ``torch``, it has no
        counterpart there.
    arity : int
    settings : callable, optional
        Of a random.Random and the arrays: the settings by name, as text; ``t_name`` is that of PyTorch where
        it differs.
    guard : callable, optional
        Of the arrays: whether the operation is smooth here.
    outputs : int, default=1
    """

    ours: str
    torch: str
    arity: int
    settings: Callable[..., dict[str, str] | None] | None = None
    guard: Callable[..., Any] | None = None
    outputs: int = 1


# ---- draws of settings -------------------------------------------------------------------------------------


def an_axis(rng: Any, x: Any, *rest: Any) -> dict[str, str] | None:
    return {"axis": str(rng.randrange(-x.ndim, x.ndim))} if x.ndim else None


def axes(rng: Any, x: Any) -> dict[str, str]:
    chosen = tuple(rng.sample(range(x.ndim), rng.randint(0, x.ndim)))
    axis = rng.choice([None, chosen, *range(-x.ndim, x.ndim)])
    torch = tuple(range(x.ndim)) if axis is None else axis
    if axis == ():  # to NumPy nothing is summed, to PyTorch everything
        axis, torch = (None, tuple(range(x.ndim)))
    return {"axis": str(axis), "t_axis": str(torch), "keep": str(rng.random() < 0.4)}


def a_permutation(rng: Any, x: Any) -> dict[str, str]:
    return {"axes": str(tuple(rng.sample(range(x.ndim), x.ndim)))}


def two_axes(rng: Any, x: Any) -> dict[str, str] | None:
    return {"a": str(rng.randrange(x.ndim)), "b": str(rng.randrange(-x.ndim, 0))} if x.ndim else None


def a_shape(rng: Any, x: Any) -> dict[str, str]:
    n = x.size
    shapes = [(n,), (1, n), (n, 1), (-1,), *((d, n // d) for d in range(2, n) if n % d == 0)]
    shapes += [(d, e, n // d // e) for d in range(1, n) for e in range(2, n) if n % (d * e) == 0]
    return {"shape": str(rng.choice(shapes))}


def a_wider_shape(rng: Any, x: Any) -> dict[str, str]:
    shape = tuple(rng.randint(2, 3) if n == 1 else n for n in x.shape)
    return {"shape": str((rng.randint(1, 3), *shape) if rng.random() < 0.5 else shape)}


def a_shift(rng: Any, x: Any) -> dict[str, str] | None:
    return {"axis": str(rng.randrange(x.ndim)), "n": str(rng.randint(-2, 3))} if x.ndim else None


def a_mask(rng: Any, *arrays: Any) -> dict[str, str] | None:
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        return None
    mask = np.array([rng.random() < 0.5 for _ in range(int(np.prod(shape)))], bool).reshape(shape).tolist()
    return {"mask": f"np.array({mask})", "t_mask": f"torch.tensor({mask})"}


def indices(rng: Any, x: Any) -> dict[str, str] | None:
    if not x.ndim or not x.shape[axis := rng.randrange(x.ndim)]:
        return None
    n = x.shape[axis]
    chosen = [rng.randrange(-n, n) for _ in range(rng.randint(1, 4))]
    return {"axis": str(axis), "indices": str(chosen), "t_indices": str([i % n for i in chosen])}


def a_split(rng: Any, x: Any) -> dict[str, str] | None:
    even = [i for i, n in enumerate(x.shape) if n % 2 == 0 and n]
    if not even:
        return None
    axis = rng.choice(even)
    return {"axis": str(axis), "half": str(x.shape[axis] // 2)}


def subscripts(rng: Any, *arrays: Any) -> dict[str, str] | None:
    """An einsum over letters whose lengths agree: each axis takes a known letter of its length,
    or a new one.
    """
    lengths: dict[str, int] = {}
    terms = []
    for a in arrays:
        term = ""
        for n in a.shape:
            known = [c for c, m in lengths.items() if m == n]
            letter = rng.choice(known) if known and rng.random() < 0.6 else "abcdefghijkl"[len(lengths)]
            lengths.setdefault(letter, n)
            term += letter
        terms.append(term)
    out = "".join(rng.sample(sorted(lengths), rng.randint(0, min(3, len(lengths)))))
    return {"terms": f"{','.join(terms)}->{out}"}


def labels(rng: Any, x: Any) -> dict[str, str] | None:
    if x.ndim != 2 or x.shape[1] < 2:
        return None
    chosen = [rng.randrange(x.shape[1]) for _ in range(x.shape[0])]
    return {"labels": f"np.array({chosen})", "t_labels": f"torch.tensor({chosen})"}


def a_key(rng: Any, x: Any, *, write: bool = False) -> dict[str, str]:
    """An index: basic, advanced or mixed; a write names no element twice: PyTorch leaves open what stays."""
    keys, torch = [], []
    advanced = 0
    for n in x.shape[: rng.randint(0, x.ndim)]:
        kind = rng.choice(["integer", "slice", "slice", "all", "array", "mask"])
        if kind in ("array", "mask") and advanced:
            kind = "all"  # several arrays must broadcast; one is drawn apart, below
        advanced += kind in ("array", "mask")
        if kind == "integer" and n:
            text = pair = str(rng.randrange(-n, n))
        elif kind == "array" and n:
            several = [rng.randrange(n) for _ in range(rng.randint(1, 3))]
            chosen = rng.sample(range(n), rng.randint(1, n)) if write else several
            text, pair = f"np.array({chosen})", f"torch.tensor({chosen})"
        elif kind == "mask":
            chosen = [rng.random() < 0.6 for _ in range(n)]
            text, pair = f"np.array({chosen}, bool)", f"torch.tensor({chosen}, dtype=torch.bool)"
        elif kind == "slice":
            start, step = rng.choice([None, 0, 1, -1]), rng.choice([None, 1, 2, -1])
            text = f"{'' if start is None else start}::{'' if step is None else step}"
            pair = text if step != -1 else "OTHERWISE"  # which PyTorch refuses
        else:
            text = pair = ":"
        keys.append(text)
        torch.append(pair)
    if x.ndim >= 2 and not write and rng.random() < 0.15 and x.size:
        pairs = [[rng.randrange(n) for _ in range(3)] for n in x.shape[:2]]
        keys, torch = [f"np.array({p})" for p in pairs], [f"torch.tensor({p})" for p in pairs]
    if rng.random() < 0.3:
        at = rng.choice([0, len(keys)])
        extra = rng.choice(["None", "..."])
        keys.insert(at, extra)
        torch.insert(at, extra)
    if advanced and any(key.lstrip("-").isdigit() for key in keys):
        torch.append("OTHERWISE")  # where an integer stands beside an array, axes go elsewhere in PyTorch
    text = ", ".join(keys) or "..."
    pair = ", ".join(torch) or "..."
    return {"key": text, "t_key": pair}


# ---- guards ------------------------------------------------------------------------------------------------


def away_from(*points: float) -> Callable[[Any], Any]:
    return lambda x: all(np.all(np.abs(x - p) > MARGIN) for p in points)


def between(low: float, high: float) -> Callable[[Any], Any]:
    return lambda x: np.all(x > low) and np.all(x < high)


def apart(x: Any, y: Any) -> Any:
    return np.all(np.abs(x - y) > MARGIN)


def no_ties(x: Any) -> Any:
    """No two elements near each other, whichever axis is looked along."""
    return x.size < 2 or np.min(np.diff(np.sort(np.ravel(x)))) > MARGIN


def away_from_origin(x: Any, y: Any) -> Any:
    return np.all(x * x + y * y > 0.2)


def off_the_cut(y: Any, x: Any) -> Any:
    return away_from_origin(x, y) and np.all((x > 0) | (np.abs(y) > MARGIN))


# ---- the operations ----------------------------------------------------------------------------------------

# fmt: off
OPERATIONS = [
    # one argument, element by element
    *(Operation(f"np.{f}({{0}})", f"torch.{f}({{0}})", 1) for f in ("sin", "cos", "tanh", "arctan", "arcsinh", "square", "negative")),
    Operation("np.positive({0})", "{0}.clone()", 1),
    *(Operation(f"np.{f}({{0}})", f"torch.{f}({{0}})", 1, guard=between(-9, 2)) for f in ("exp", "expm1", "exp2", "sinh", "cosh")),
    Operation("np.log({0})", "torch.log({0})", 1, guard=between(0.2, 99)),
    Operation("np.log10({0})", "torch.log10({0})", 1, guard=between(0.2, 99)),
    Operation("np.tan({0})", "torch.tan({0})", 1, guard=between(-1.2, 1.2)),
    Operation("np.log1p({0})", "torch.log1p({0})", 1, guard=between(-0.7, 99)),
    Operation("np.sqrt({0})", "torch.sqrt({0})", 1, guard=between(0.2, 99)),
    Operation("np.arcsin({0})", "torch.arcsin({0})", 1, guard=between(-0.8, 0.8)),
    Operation("np.reciprocal({0})", "torch.reciprocal({0})", 1, guard=lambda x: np.all(np.abs(x) > 0.3)),
    Operation("np.abs({0})", "torch.abs({0})", 1, guard=away_from(0)),
    Operation("np.sign({0})", "torch.sign({0})", 1, guard=away_from(0)),
    Operation("np.floor({0})", "torch.floor({0})", 1, guard=lambda x: np.all(np.abs(x - np.round(x)) > MARGIN)),
    Operation("np.clip({0}, -1.0, 1.5)", "torch.clip({0}, -1.0, 1.5)", 1, guard=away_from(-1, 1.5)),
    Operation("np.cbrt({0})", "", 1, guard=lambda x: np.all(np.abs(x) > 0.2)),
    Operation("{0} ** 2", "{0} ** 2", 1),
    Operation("{0} ** 3", "{0} ** 3", 1),
    Operation("2.5 * {0}", "2.5 * {0}", 1),
    Operation("1.5 - {0}", "1.5 - {0}", 1),
    Operation("2.0 / {0}", "2.0 / {0}", 1, guard=lambda x: np.all(np.abs(x) > 0.3)),
    Operation("-{0}", "-{0}", 1),
    Operation("{0}.astype(f32)", "{0} * 1", 1),
    Operation("{0}.astype(f64)", "{0} * 1", 1),
    Operation("{0}.copy()", "{0}.clone()", 1),
    # two arguments
    *(Operation(f"{{0}} {o} {{1}}", f"{{0}} {o} {{1}}", 2) for o in "++--**"),
    Operation("{0} / {1}", "{0} / {1}", 2, guard=lambda x, y: np.all(np.abs(y) > 0.3)),
    Operation("{0} ** {1}", "{0} ** {1}", 2, guard=lambda x, y: np.all(x > 0.3) and np.all(np.abs(y) < 3)),
    Operation("np.maximum({0}, {1})", "torch.maximum({0}, {1})", 2, guard=apart),
    Operation("np.minimum({0}, {1})", "torch.minimum({0}, {1})", 2, guard=apart),
    Operation("np.logaddexp({0}, {1})", "torch.logaddexp({0}, {1})", 2),
    Operation("np.hypot({0}, {1})", "torch.hypot({0}, {1})", 2, guard=away_from_origin),
    Operation("np.arctan2({0}, {1})", "torch.arctan2({0}, {1})", 2, guard=off_the_cut),
    Operation("np.where({mask}, {0}, {1})", "torch.where({mask}, {0}, {1})", 2, a_mask),
    # along axes
    Operation("np.sum({0}, axis={axis}, keepdims={keep})", "torch.sum({0}, dim={axis}, keepdim={keep})", 1, axes),
    Operation("{0}.sum({axis})", "torch.sum({0}, dim={axis})", 1, axes),
    Operation("np.mean({0}, axis={axis}, keepdims={keep})", "torch.mean({0}, dim={axis}, keepdim={keep})", 1, axes),
    Operation("np.var({0}, axis={axis}, keepdims={keep})", "torch.var({0}, dim={axis}, keepdim={keep}, correction=0)", 1, axes),
    Operation("np.std({0}, axis={axis})", "torch.std({0}, dim={axis}, correction=0)", 1, axes, lambda x: x.size > 1 and no_ties(x)),
    Operation("np.maximum.reduce({0}, axis={axis})", "torch.amax({0}, dim={axis})", 1, an_axis, no_ties),
    Operation("np.ptp({0})", "torch.max({0}) - torch.min({0})", 1, guard=lambda x: x.size and no_ties(x)),
    Operation("np.prod({0}, axis={axis})", "torch.prod({0}, dim={axis})", 1, an_axis),
    Operation("np.max({0}, axis={axis}, keepdims={keep})", "torch.amax({0}, dim={axis}, keepdim={keep})", 1, axes, no_ties),
    Operation("np.min({0}, axis={axis}, keepdims={keep})", "torch.amin({0}, dim={axis}, keepdim={keep})", 1, axes, no_ties),
    Operation("np.cumsum({0}, axis={axis})", "torch.cumsum({0}, dim={axis})", 1, an_axis),
    Operation("np.cumprod({0}, axis={axis})", "torch.cumprod({0}, dim={axis})", 1, an_axis),
    # products
    *(Operation("{0} @ {1}", "{0} @ {1}", 2) for _ in range(4)),
    Operation("np.dot({0}, {1})", "", 2),
    Operation("np.inner({0}, {1})", "torch.inner({0}, {1})", 2),
    Operation("np.outer({0}, {1})", "torch.outer(torch.ravel({0}), torch.ravel({1}))", 2),
    Operation("np.add.outer({0}, {1})", "{0}.reshape({0}.shape + (1,) * {1}.ndim) + {1}", 2),
    Operation("np.vecdot({0}, {1})", "torch.linalg.vecdot({0}, {1})", 2, guard=lambda x, y: x.shape == y.shape),
    Operation("np.tensordot({0}, {1}, 1)", "torch.tensordot({0}, {1}, 1)", 2),
    Operation("np.einsum('{terms}', {0})", "torch.einsum('{terms}', {0})", 1, subscripts),
    *(Operation("np.einsum('{terms}', {0}, {1})", "torch.einsum('{terms}', {0}, {1})", 2, subscripts) for _ in range(3)),
    Operation("np.einsum('{terms}', {0}, {1}, {2})", "torch.einsum('{terms}', {0}, {1}, {2})", 3, subscripts),
    # shapes
    *(Operation("{0}.reshape({shape})", "{0}.reshape({shape})", 1, a_shape) for _ in range(3)),
    Operation("np.ravel({0})", "1.0 * torch.ravel({0})", 1),
    Operation("np.transpose({0}, {axes})", "torch.permute({0}, {axes})", 1, a_permutation),
    Operation("{0}.T", "torch.permute({0}, tuple(range({0}.ndim))[::-1])", 1),
    Operation("np.swapaxes({0}, {a}, {b})", "torch.swapaxes({0}, {a}, {b})", 1, two_axes),
    Operation("np.moveaxis({0}, {a}, {b})", "torch.moveaxis({0}, {a}, {b})", 1, two_axes),
    Operation("np.squeeze({0})", "torch.squeeze({0})", 1),
    Operation("np.expand_dims({0}, {axis})", "torch.unsqueeze({0}, {axis})", 1, an_axis),
    Operation("np.broadcast_to({0}, {shape})", "torch.broadcast_to({0}, {shape})", 1, a_wider_shape),
    Operation("np.flip({0}, axis={axis})", "torch.flip({0}, ({axis},))", 1, an_axis),
    Operation("np.roll({0}, {n}, axis={axis})", "torch.roll({0}, {n}, {axis})", 1, a_shift),
    Operation("np.tile({0}, (2, 1))", "torch.tile({0}, (2, 1))", 1, guard=lambda x: x.ndim < 3),
    Operation("np.repeat({0}, 2, axis={axis})", "torch.repeat_interleave({0}, 2, dim={axis})", 1, an_axis),
    Operation("np.pad({0}, 1)", "torch.nn.functional.pad({0}, (1, 1) * {0}.ndim)", 1, guard=lambda x: 0 < x.ndim < 3),
    Operation("np.rot90({0})", "torch.rot90({0})", 1, guard=lambda x: x.ndim >= 2),
    Operation("np.atleast_2d({0})", "1.0 * torch.atleast_2d({0})", 1),
    Operation("np.append({0}, {1})", "torch.concatenate([torch.ravel({0}), torch.ravel({1})])", 2),
    Operation("1.0 * np.diagonal({0})", "1.0 * torch.diagonal({0})", 1, guard=lambda x: x.ndim >= 2),
    Operation("np.tril({0})", "torch.tril({0})", 1, guard=lambda x: x.ndim >= 2),
    Operation("np.trace({0})", "torch.trace({0})", 1, guard=lambda x: x.ndim == 2),
    Operation("np.concatenate([{0}, {1}], axis={axis})", "torch.concatenate([{0}, {1}], dim={axis})", 2, an_axis),
    Operation("np.concatenate([{0}, {1}, {0}])", "torch.concatenate([{0}, {1}, {0}])", 2),
    Operation("np.stack([{0}, {1}], axis={axis})", "torch.stack([{0}, {1}], dim={axis})", 2, an_axis),
    Operation("np.vstack([{0}, {1}])", "torch.vstack([{0}, {1}])", 2),
    Operation("np.hstack([{0}, {1}])", "torch.hstack([{0}, {1}])", 2),
    Operation("np.split({0}, 2, axis={axis})", "torch.split({0}, {half}, dim={axis})", 1, a_split, outputs=2),
    Operation("np.unstack({0}[:2])", "torch.unbind({0}[:2])", 1, guard=lambda x: x.ndim > 1 and len(x) >= 2, outputs=2),
    # items
    *(Operation("{0}[{key}]", "{0}[{key}]", 1, a_key) for _ in range(8)),
    Operation("np.take({0}, {indices}, axis={axis})", "torch.index_select({0}, {axis}, torch.tensor({indices}))", 1, indices),
    # our own
    Operation("tg.relu({0})", "torch.relu({0})", 1, guard=away_from(0)),
    Operation("tg.leaky_relu({0}, 0.2)", "F.leaky_relu({0}, 0.2)", 1, guard=away_from(0)),
    Operation("tg.elu({0})", "F.elu({0})", 1, guard=away_from(0)),
    Operation("tg.softsign({0})", "F.softsign({0})", 1, guard=away_from(0)),
    Operation("tg.sigmoid({0})", "torch.sigmoid({0})", 1),
    Operation("tg.silu({0})", "F.silu({0})", 1),
    Operation("tg.softplus({0})", "F.softplus({0}, threshold=99)", 1),
    Operation("tg.gelu({0}, approximate='tanh')", "F.gelu({0}, approximate='tanh')", 1),
    Operation("tg.softmax({0}, axis={axis})", "torch.softmax({0}, dim={axis})", 1, an_axis),
    Operation("tg.log_softmax({0}, axis={axis})", "torch.log_softmax({0}, dim={axis})", 1, an_axis),
    Operation("tg.logsumexp({0}, axis={axis}, keepdims={keep})", "torch.logsumexp({0}, dim={axis}, keepdim={keep})", 1, axes),
    Operation("tg.softmax_cross_entropy({0}, {labels})", "F.cross_entropy({0}, {labels})", 1, labels),
    Operation("tg.mse_loss({0}, {1})", "F.mse_loss({0}, {1})", 2, guard=lambda x, y: (x.shape, x.dtype) == (y.shape, y.dtype) and x.size),
    Operation("tg.linear({0}, {1})", "F.linear({0}, {1})", 2, guard=lambda x, w: w.ndim == 2),
    Operation("tg.layer_norm({0}, eps=0.1)", "F.layer_norm({0}, {0}.shape[-1:], eps=0.1)", 1, guard=lambda x: x.ndim),
]
# fmt: on
DETACH = Operation("{0}.detach()", "{0}.detach()", 1)
