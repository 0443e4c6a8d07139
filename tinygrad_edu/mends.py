"""What a NaN or an infinity comes of, operation by operation, and what mends it: two tables of sentences.

`FORWARD` tells of results, and is asked with the elements that went in; `SLOPES` tells of derivatives that
are infinite at a point where the function itself is finite.  `OF_MAKERS` knows better mends where what went
in was made by a certain operation: the logarithm of a softmax is no case for a clip.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Mend(NamedTuple):
    """Why a value is not finite, and what to write instead."""

    why: str
    mend: str


Case = tuple[Callable[..., bool], str, str]  # whether it is so, of the elements by position; why; the mend

SMALLER = "smaller numbers: scale the inputs, a lower learning rate, optim.clip_grad_norm, or float64"
POSITIVE = "np.log(np.maximum(x, 1e-12)), or np.log(x + 1e-12)"
INSIDE = "np.clip(x, -1 + 1e-7, 1 - 1e-7) before it"
CLIPPED = "clip before it, np.exp(np.clip(x, -80, 80)), or subtract the maximum, which a quotient cancels"
NONZERO = "np.where(x2 == 0, 1, x2) in the denominator, or x2 + 1e-12 if it is never negative"
ROOTED = "eps under the root: np.sqrt(np.maximum(x, 0) + 1e-12)"


def _zero(x: Any) -> bool:
    return bool(x == 0)


def _negative(x: Any) -> bool:
    return bool(x < 0)


# fmt: off
LOG = [(_zero,                      "the logarithm of 0 is -inf", POSITIVE),
       (_negative,                  "a negative number has no real logarithm", POSITIVE)]
EXP = [(lambda x: x > 0,            "the exponential of so large a number overflows", CLIPPED)]
ARC = [(lambda x: abs(x) > 1,       "it is defined between -1 and 1 only", INSIDE)]

FORWARD: dict[str, list[Case]] = {
    "np.log": LOG, "np.log2": LOG, "np.log10": LOG,
    "np.log1p": [(lambda x: x == -1, "the logarithm of 1 + x is that of 0",
                  "np.log1p(np.maximum(x, -1 + 1e-7))"),
                 (lambda x: x < -1,  "1 + x is negative and has no real logarithm",
                  "np.log1p(np.maximum(x, -1 + 1e-7))")],
    "np.exp": EXP, "np.exp2": EXP, "np.expm1": EXP,
    "np.cosh": [(lambda x: True, *EXP[0][1:])], "np.sinh": [(lambda x: True, *EXP[0][1:])],
    "np.sqrt": [(_negative,          "a negative number has no real root", ROOTED)],
    "np.reciprocal": [(_zero,        "it divides by 0",
                       "1 / (x + 1e-12), or np.where(x == 0, 1, x) before it")],
    "np.divide": [(lambda x1, x2: x1 == 0 == x2, "it divides 0 by 0", NONZERO),
                  (lambda x1, x2: x2 == 0,       "it divides by 0", NONZERO)],
    "np.remainder": [(lambda x1, x2: x2 == 0,    "it divides by 0", NONZERO)],
    "np.power": [(lambda x1, x2: x1 == 0 and x2 < 0, "0 to a negative power divides by 0",
                  "a base of at least eps: np.maximum(x, 1e-12)"),
                 (lambda x1, x2: x1 < 0 and x2 % 1,  "a negative number has no real power that is a fraction",
                  "np.maximum(x, 0) + 1e-12, or np.abs(x), as the base")],
    "np.arcsin": ARC, "np.arccos": ARC,
    "np.arctanh": [(lambda x: abs(x) >= 1, "it is infinite at -1 and 1, and defined between them only",
                    INSIDE)],
    "np.arccosh": [(lambda x: x < 1,       "it is defined from 1 on", "np.maximum(x, 1 + 1e-7) before it")],
    "np.astype": [(lambda x: True,         "the number is beyond the largest of the dtype that it is cast to",
                   "a wider dtype, or smaller numbers")],
}

SLOPES: dict[str, list[Case]] = {
    "np.sqrt": [(_zero,               "the slope of the root, 1 / (2 √x), is infinite at 0",
                 "eps under the root: np.sqrt(x + 1e-12)")],
    "np.cbrt": [(_zero,               "the slope of the cube root is infinite at 0",
                 "keep x away from 0: np.maximum(x, 1e-12)")],
    "np.power": [(lambda x1, x2: x1 == 0 and x2 < 1, "the slope of a power below 1 is infinite at 0",
                  "eps in the base: (x + 1e-12) ** p"),
                 (lambda x1, x2: x1 < 0,  "in the exponent, it takes the logarithm of a negative base",
                  "np.abs(x), or a constant exponent")],
    "np.arcsin": [(lambda x: abs(x) == 1, "the slope, 1 / √(1 - x²), is infinite at -1 and 1", INSIDE)],
    "np.arccos": [(lambda x: abs(x) == 1, "the slope, -1 / √(1 - x²), is infinite at -1 and 1", INSIDE)],
    "np.arccosh": [(lambda x: x == 1,     "the slope, 1 / √(x² - 1), is infinite at 1",
                    "np.maximum(x, 1 + 1e-7) before it")],
    "np.log": [(_zero,                    "the slope of the logarithm, 1 / x, is infinite at 0", POSITIVE)],
    "np.divide": [(lambda x1, x2: abs(x2) < 1e-18, "the derivatives divide by so small a denominator",
                   NONZERO)],
    "np.reciprocal": [(lambda x: abs(x) < 1e-18, "the derivative divides by the square of so small a number",
                       "np.maximum(x, 1e-12) before it")],
}

OF_MAKERS: dict[tuple[str, str], str] = {
    ("np.log", "softmax"):
        "a loss of logits: tg.log_softmax(logits), or tg.softmax_cross_entropy(logits, labels)",
    ("np.log", "sigmoid"):
        "a loss of logits: tg.binary_cross_entropy_with_logits(logits, targets); "
        "log σ(z) is -tg.softplus(-z)",
    ("np.log", "np.subtract"):
        "a loss of logits, if it is log(1 - p): tg.binary_cross_entropy_with_logits; otherwise " + POSITIVE,
    ("np.log", "np.add.reduce"):
        "tg.logsumexp(x), if it is the logarithm of a sum of exponentials; otherwise " + POSITIVE,
    ("np.log", "np.sum"):
        "tg.logsumexp(x), if it is the logarithm of a sum of exponentials; otherwise " + POSITIVE,
    ("np.exp", "np.negative"):
        "tg.sigmoid(x), if it is 1 / (1 + np.exp(-x)); otherwise " + CLIPPED,
    ("np.divide", "np.exp"):
        "tg.softmax(x), if it is an exponential over a sum of them, which subtracts the maximum",
    ("np.sqrt", "np.subtract"):
        "np.var and np.std in the place of √(E[x²] - E[x]²), which rounds below 0; otherwise " + ROOTED,
}
# fmt: on


def of_result(name: str, elements: tuple[Any, ...] | None, makers: list[str], dtype: Any) -> Mend | None:
    """What made a result that is not finite, of finite elements; None if it is none of the known cases."""
    found = _first(FORWARD.get(name, ()), elements)
    if found is None:
        return None
    better = next((OF_MAKERS[name, m] for m in makers if (name, m) in OF_MAKERS), found.mend)
    if name in ("np.exp", "np.expm1"):
        found = Mend(f"{found.why}: {dtype} ends at exp({np.log(np.finfo(dtype).max):.4g})", found.mend)
    return Mend(found.why, better)


def of_slope(name: str, elements: tuple[Any, ...] | None) -> Mend | None:
    """What makes a derivative infinite at these elements; None if it is none of the known cases."""
    return _first(SLOPES.get(name, ()), elements)


def double_where(name: str) -> str:
    """The mend where an operation is computed for elements that are then left out."""
    example = f"np.where(good, {name}(np.where(good, x, 1.0)), 0.0)"
    return f"a double where, which chooses what goes in, too: {example}"


def _first(cases: Any, elements: tuple[Any, ...] | None) -> Mend | None:
    if elements is None:
        return None
    for is_so, why, mend in cases:
        try:
            if is_so(*elements[: is_so.__code__.co_argcount]):
                return Mend(why, mend)
        except TypeError:  # an argument that is no number, such as a dtype
            continue
    return None
