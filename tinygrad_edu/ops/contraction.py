"""Products with sums: matmul and its relatives, einsum, and the linear layer's x Wᵀ + b."""

import operator
from typing import Any

import numpy as np
from numpy import ndarray

from ..errors import ArgumentError, ShapeError
from ..foreign import beside
from ..table import composite, derivative, elementwise, primitive
from .complex import conjugated
from .elementwise import as_arrays
from .sums import sum_of_rows

# in the order by which NumPy sorts an implicit output
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LARGE = 1 << 14  # elements of a W from which it matters which of BLAS's kernels multiplies by it


def left(g: Any, x2: Any, x1_shape: tuple[int, ...]) -> Any:
    """g x2ᵀ, a matmul's gradient in x1.  A vector x1 is a row, and a vector x2 a column, of which the product
    has lost the axis.
    """
    if x2.ndim == 1:
        return g * x2 if len(x1_shape) == 1 else g[..., None] * x2  # (..., n, k)
    if len(x1_shape) == 1:
        return np.matmul(x2, g) if x2.ndim == 2 else np.matmul(x2, g[..., None])[..., 0]  # (..., k)
    return np.matmul(g, np.matrix_transpose(x2))  # (..., n, k)


def right(g: Any, x1: Any, x2_shape: tuple[int, ...]) -> Any:
    """x1ᵀ g, a matmul's gradient in x2, with vectors as in `left`."""
    if x1.ndim == 1:
        return g * x1 if len(x2_shape) == 1 else x1[:, None] * g[..., None, :]  # (..., k, m)
    if len(x2_shape) == 1:
        return np.matmul(g, x1) if x1.ndim == 2 else np.matmul(g[..., None, :], x1)[..., 0, :]  # (..., k)
    return np.matmul(np.matrix_transpose(x1), g)  # (..., k, m)


# fmt: off
elementwise(np.matmul,      x1=lambda g, x2, x1_shape: left(g, x2, x1_shape),
                            x2=lambda g, x1, x2_shape: right(g, x1, x2_shape))
if hasattr(np, "matvec"):  # NumPy 2.2
    elementwise(np.matvec,  x1=lambda g, x2: np.expand_dims(g, -1) * np.expand_dims(x2, -2),
                            x2=lambda g, x1: np.squeeze(np.matmul(np.expand_dims(g, -2), x1), -2))
    elementwise(np.vecmat,  x1=lambda g, x2: conjugated(np.squeeze(np.matmul(x2, np.expand_dims(g, -1)), -1)),  # whose x1 is conjugated
                            x2=lambda g, x1: np.expand_dims(conjugated(x1), -1) * np.expand_dims(g, -2))

derivative(np.vdot, lambda a, b: np.vdot(a, b),  # whose a is conjugated
           a=lambda g, a_shape, b: np.reshape(conjugated(g * b), a_shape),
           b=lambda g, b_shape, a: np.reshape(g * conjugated(a), b_shape))
derivative(np.tensordot, lambda a, b, axes=2: np.tensordot(a, b, axes),
               a=lambda g, a_shape, b, axes: tensordot_gradient(g, b, *paired(axes, len(a_shape), np.ndim(b)), first=True),
               b=lambda g, b_shape, a, axes: tensordot_gradient(g, a, *paired(axes, np.ndim(a), len(b_shape))[::-1], first=False))
derivative(np.linalg.tensordot, lambda x1, x2, *, axes=2: np.tensordot(x1, x2, axes),
               x1=lambda g, x1_shape, x2, axes: tensordot_gradient(g, x2, *paired(axes, len(x1_shape), np.ndim(x2)), first=True),
               x2=lambda g, x2_shape, x1, axes: tensordot_gradient(g, x1, *paired(axes, np.ndim(x1), len(x2_shape))[::-1], first=False))

@primitive(x=lambda g, weight: times(g, weight),
           weight=lambda g, x: outer_products(g, x),
           bias=lambda g: sum_of_rows(g if g.ndim == 2 else flat(g)))
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b, the map of a fully connected layer, as one operation.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., n_in)
    weight : Tensor or ndarray of shape (n_out, n_in)
    bias : Tensor or ndarray of shape (n_out,), optional

    Returns
    -------
    Tensor or ndarray of shape (..., n_out)
    """
    y = times(x, weight.T) if weight.size < LARGE else times_transpose(x, weight)  # (..., n_out)
    if bias is None:
        return y
    if bias.dtype is not y.dtype and bias.dtype != y.dtype:
        return y + bias
    y += bias
    return y

@primitive(broadcasts=True, operands=lambda g, index, subscripts, operands: einsum_gradient(g, index, subscripts, operands))
def einsum(subscripts: str, *operands: Any) -> Any:
    return np.einsum(subscripts, *operands)
# fmt: on


def outer_products(g: Any, x: Any) -> Any:
    """Σ over all rows of their outer products, gᵀ x; of one row without BLAS, which is slow at it."""
    if g.ndim != 2:
        g, x = flat(g), flat(x)
    return g.T * x if g.shape[0] == 1 else times(g.T, x)


def paired(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    """The axes of a and of b over which a tensordot sums, as numbers from 0.

    An int means so many of the last axes of a, and so many of the first axes of b.
    """
    over_a, over_b = axes if np.iterable(axes) else (range(-axes, 0), range(axes))
    over_a, over_b = np.atleast_1d(over_a).tolist(), np.atleast_1d(over_b).tolist()
    return [i % a_ndim for i in over_a], [i % b_ndim for i in over_b]


def tensordot_gradient(g: Any, other: Any, mine: list[int], others: list[int], *, first: bool) -> Any:
    """The gradient of a tensordot in one argument: g and the other, summed over the axes that it has not."""
    kept = [i for i in range(np.ndim(other)) if i not in others]
    n = g.ndim - len(kept)  # axes that g has from this argument
    out = np.tensordot(g, other, (range(n, g.ndim) if first else range(len(kept)), kept))
    order = [i for i in range(n + len(mine)) if i not in mine] + [mine[k] for k in np.argsort(others)]
    return np.transpose(out, np.argsort(order).tolist())


def flat(x: Any) -> Any:
    """All axes but the last as one: (..., n) to (rows, n)."""
    return x if x.ndim == 2 else np.reshape(x, (-1, x.shape[-1]))


def times(x: Any, matrix: Any) -> Any:
    """x times a matrix, all rows of x in one product; NumPy would call BLAS for each of x's first axis.

    If both are of one dtype and their numbers lie side by side, `ndarray.dot` hands BLAS the same as `matmul`
    does, unless sums have one term, and begins sooner.
    """
    shape = x.shape
    if len(shape) > 2:
        return np.reshape(times(flat(x), matrix), (*shape[:-1], matrix.shape[-1]))
    plain = type(x) is ndarray is type(matrix) and x.dtype is matrix.dtype
    if plain and len(shape) == 2 and shape[1] > 1 and x.flags.forc and matrix.flags.forc:
        return x.dot(matrix)
    return np.matmul(x, matrix)


def times_transpose(x: Any, weight: Any) -> Any:
    """x Wᵀ: of a large W and few rows as (W xᵀ)ᵀ, for which BLAS has a kernel up to twice as fast."""
    if x.ndim == 2 and 1 < x.shape[0] <= 64:
        return np.matmul(weight, x.T).T.copy()
    return times(x, weight.T)


def einsum_gradient(g: Any, index: int, subscripts: str, operands: tuple[Any, ...]) -> Any:
    """The gradient of an explicit einsum in one operand: the einsum of g and the others, to its own letters.

    A letter that has its full length in this operand alone was summed over, or broadcast: ones bring it back.
    A letter that this operand repeats is a diagonal: an identity matrix puts the gradient on it.
    """
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands):
        for letter, n in zip(term, np.shape(operand)):
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    spare = iter(set(LETTERS) - set(sizes))
    factors = [(output, g), *((t, o) for i, (t, o) in enumerate(zip(terms, operands)) if i != index)]
    target = ""
    for letter in terms[index]:
        if letter in target:  # the second one becomes a letter of its own, tied to the first
            fresh = next(spare)
            factors.append((letter + fresh, beside(np.eye(sizes[letter], dtype=g.dtype), g)))
            target += fresh
        else:
            target += letter
    for letter in terms[index]:
        lengths = [np.shape(operand)[t.index(letter)] for t, operand in factors if letter in t]
        if sizes[letter] not in lengths:
            factors.append((letter, beside(np.ones(sizes[letter], dtype=g.dtype), g)))
    return np.einsum(",".join(t for t, _ in factors) + "->" + target, *(o for _, o in factors))


@composite(np.einsum)
def _einsum(*operands: Any, out: None = None, optimize: Any = False) -> Any:
    if optimize is not False:
        np.einsum_path(*operands, optimize=optimize)  # NumPy's own word on it; the order of the sums is ours
    if not isinstance(operands[0], (str, bytes)):
        operands = _from_sublists(operands)
    subscripts, *arrays = operands
    subscripts = subscripts.decode() if isinstance(subscripts, bytes) else subscripts
    return einsum(_explicit(subscripts.replace(" ", ""), [np.ndim(a) for a in arrays]), *arrays)


def _from_sublists(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """``einsum(a, [0, 1], b, [1, 2], [0, 2])`` in the form with letters."""
    pairs, last = len(operands) // 2, operands[-1] if len(operands) % 2 else None
    if not pairs:
        forms = "subscripts and their operands, or each operand with a list of numbers from 0 to 51"
        raise ArgumentError(f"einsum takes {forms}.")
    subscripts = ",".join(map(_spelled, operands[1::2]))
    return (subscripts if last is None else f"{subscripts}->{_spelled(last)}", *operands[: 2 * pairs : 2])


def _spelled(sublist: Any) -> str:
    """A list of numbers as letters."""
    numbers = [s if s is Ellipsis else operator.index(s) for s in sublist]
    if wrong := [s for s in numbers if s is not Ellipsis and not 0 <= s <= 51]:
        raise ArgumentError(
            f"einsum: the axes of an operand are named by numbers from 0 to 51; got {wrong[0]}."
        )
    return "".join("..." if s is Ellipsis else LETTERS[s] for s in numbers)


def _explicit(subscripts: str, ndims: list[int]) -> str:
    """Subscripts with their output written out and letters in the place of every ellipsis."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if any("." in part.replace("...", "", 1) for part in (*terms, output)):
        raise ArgumentError(f"einsum: {subscripts!r} has dots that are no ellipsis, or several in one term.")
    if len(terms) != len(ndims):
        message = f"{subscripts!r} is about {len(terms)} operands; it was given {len(ndims)}."
        raise ArgumentError(f"einsum: {message}")
    free = [c for c in LETTERS if c not in subscripts]
    widths = [n - len(t.replace("...", "")) for t, n in zip(terms, ndims)]
    most = max((w for w, t in zip(widths, terms) if "..." in t), default=0)
    if most and arrow and "..." not in output:
        raise ValueError(
            f"einsum: {subscripts!r} broadcasts {most} axes by its ellipsis, and has none in its output to "
            "put them."
        )
    terms = [t.replace("...", "".join(free[most - w : most])) for t, w in zip(terms, widths)]
    if not arrow:
        letters = sorted({c for c in inputs if c.isalpha()})
        output = ("..." if "..." in subscripts else "") + "".join(c for c in letters if inputs.count(c) == 1)
    return ",".join(terms) + "->" + output.replace("...", "".join(free[:most]))


@composite(np.dot)
def _dot(a: Any, b: Any, out: None = None) -> Any:
    a, b = as_arrays(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if b.ndim <= 2 else np.tensordot(a, b, axes=(-1, -2))


@composite(np.inner)
def _inner(a: Any, b: Any) -> Any:
    a, b = as_arrays(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, axes=(-1, -1))


@composite(np.outer)
def _outer(a: Any, b: Any, out: None = None) -> Any:
    return np.multiply(np.reshape(a, (-1, 1)), np.reshape(b, (1, -1)))


@composite(np.linalg.outer)
def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        got = f"got shapes {np.shape(x1)} and {np.shape(x2)}"
        raise ShapeError(f"np.linalg.outer takes two vectors; {got}. np.outer flattens them first.")
    return np.outer(x1, x2)


@composite(np.vecdot, np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    empty = [np.empty(0, x.dtype) for x in as_arrays(x1, x2)]
    np.vecdot(*empty, axis=axis if isinstance(axis, bool) else -1)  # NumPy's own word on dtypes and booleans
    rows, columns = (np.moveaxis(x, operator.index(axis), -1) for x in as_arrays(x1, x2))
    return np.matmul(np.expand_dims(conjugated(rows), -2), np.expand_dims(columns, -1))[..., 0, 0]


@composite(np.linalg.matmul)
def _linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(x1, x2)
