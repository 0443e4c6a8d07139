"""What to say when a tensor that needs a gradient is about to become a plain array or number, and what to
write instead.

No protocol tells us why NumPy asks for an array: it asks alike for ``out[i] = t`` and for ``np.array([t,
t])``.  So the message is chosen by the expression in the user's program that was running.
"""

import dis
import linecache
import os
import re
import sys
from typing import Any

import numpy as np

from .errors import CoercionError

PACKAGE, NUMPY, STANDARD = (
    os.path.dirname(__file__),
    os.path.dirname(np.__file__),
    os.path.dirname(os.__file__),
)
LIBRARIES = ("site-packages", "dist-packages")

INSTEAD = {
    "store": "out[i] = t into a plain array: make out a tensor first, out = tg.Tensor(np.zeros(…)); then "
    "out[i] = t is recorded",
    "stack": "np.array([t, u]), or a list of tensors: np.stack([t, u]) or np.concatenate([t, u])",
    "beside": "np.r_[t, u]: np.concatenate([t, u]), np.hstack([t, 1.0]) with numbers; np.c_[t, u]: "
    "np.column_stack([t, u])",
    "initial": "np.sum(a, initial=t) of a plain a, and its kin: np.sum(tg.Tensor(a), initial=t)",
    "dot": "a.dot(t) of a plain array: np.dot(a, t) or a @ t",
    "full": "np.full(shape, t): np.broadcast_to(t, shape)",
    "rule": "a function that computes with plain arrays: give it a rule by @tg.primitive (see "
    "examples/define_an_op.py)",
    "constant": "a constant, whose gradient is dropped knowingly: t.detach().numpy(), or t.item() for one "
    "number",
}
PATTERNS = [
    (r"\bfull(_like)?\(", "full"), (r"\.dot\(", "dot"), (r"\b[rc]_\[", "beside"),
    (r"\binitial\s*=", "initial"), (r"\(\s*[\[(]", "stack"),
]  # fmt: skip


def lost(tensor: Any, what: str) -> CoercionError:
    """The error for a tensor that cannot become ``what``, an array or a number."""
    expression, kind = _asked_for()
    where = f" in {expression}" if expression else ""
    unknown = [] if what != "a plain array" else [hint for hint in INSTEAD if hint != "constant"]
    hints = [INSTEAD[hint] for hint in (*([kind] if kind else unknown), "constant")]
    return CoercionError(
        f"A tensor of shape {tensor.shape} that needs a gradient cannot become {what}{where}: its gradient "
        "would be lost.\n  " + "\n  ".join(hints)
    )


def _asked_for() -> tuple[str, str]:
    """The expression of the user's program that is being computed, and what kind of thing it does; empty
    where that cannot be told.
    """
    frame: Any = sys._getframe(2)
    into_tensor = foreign = (
        False  # whether a tensor is assigned to, and whether a library other than NumPy asks
    )
    while frame is not None and (file := frame.f_code.co_filename).startswith(
        (PACKAGE, NUMPY, STANDARD)
    ) | any(part in file for part in LIBRARIES):
        into_tensor = into_tensor or frame.f_code.co_name == "__setitem__"
        foreign = foreign or not file.startswith((PACKAGE, NUMPY))
        frame = frame.f_back
    if frame is None:
        return "", ""
    place = frame.f_lasti // 2
    expression = _source(frame.f_code, place)
    if dis.opname[frame.f_code.co_code[frame.f_lasti]] in ("STORE_SUBSCR", "STORE_SLICE"):
        return f"{expression} = …" if expression else "", "stack" if into_tensor else "store"
    if foreign:
        return expression, "rule"
    return expression, next((kind for pattern, kind in PATTERNS if re.search(pattern, expression)), "")


def _source(code: Any, place: int) -> str:
    """The text of the expression that an instruction belongs to."""
    first, last, start, stop = list(code.co_positions())[place]
    file = code.co_filename
    # Whatever exec() runs is called "<string>", under which Python 3.13 shows the program of python -c.
    if first is None or last is None or file == "<string>" or not linecache.getline(file, first):
        return ""
    lines = [linecache.getline(file, n).encode() for n in range(first, last + 1)]
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    text = " ".join(line.decode(errors="replace").strip() for line in lines)
    return text if len(text) <= 80 else text[:79] + "…"
