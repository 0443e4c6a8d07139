"""An array as HTML: its values if they are few, a part of them and statistics if they are many."""

from typing import Any

import numpy as np

from .elements import Html, details, escape, table

FEW = 10  # rows and columns that are shown whole
SHOWN = 4  # at the beginning and at the end of longer ones
WRONG = "color:#e0523f;font-weight:600"  # of a NaN or an infinity, readable on light and dark


def array(values: Any) -> Html:
    """The values of an array: a table of a vector or a matrix, and of a larger one its statistics with a
    part.
    """
    values = np.asarray(values)
    if values.ndim == 0:
        return Html(f"<div>{_number(values[()])}</div>")
    if values.size == 0:
        return Html("<div>no elements</div>")
    if values.ndim <= 2 and max(values.shape) <= FEW:
        return _grid(values)
    whole = values.ndim == 1 and values.size <= FEW
    shown = values if values.ndim <= 2 else values.reshape(-1, *values.shape[-2:])[0]
    where = f"the first of {values.size // max(shown.size, 1)} matrices" if values.ndim > 2 else "values"
    return Html(f"{statistics(values)}{details(where, _grid(shown), opened=whole)}")


def statistics(values: Any) -> Html:
    """The least, the largest and the mean value, the deviation, and how many are 0, NaN or infinite."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiubc" or values.size == 0:
        return Html("")
    seen = np.absolute(values) if values.dtype.kind == "c" else values
    finite = seen[np.isfinite(seen)].astype(float)
    cells: list[Any] = (
        [np.min(finite), np.max(finite), np.mean(finite), np.std(finite)] if finite.size else ["–"] * 4
    )
    head = ["min", "max", "mean", "std"]
    counts = {
        "zeros": values.size - np.count_nonzero(values),
        "NaN": int(np.sum(np.isnan(seen))),
        "infinite": int(np.sum(np.isinf(seen))),
    }
    for name, count in counts.items():
        if count:
            head.append(name)
            cells.append(count if name == "zeros" else Html(f'<span style="{WRONG}">{count:,}</span>'))
    if values.dtype.kind == "c":
        head[:4] = [f"{name} |z|" for name in head[:4]]
    return table([[_number(c) if isinstance(c, float) else c for c in cells]], head)


def _grid(values: Any) -> Html:
    """A table of a vector or a matrix, with its middle left out where it is long."""
    rows = [values] if values.ndim == 1 else list(_ends(values))
    return table(
        [["…" if v is None else _number(v) for v in _ends(row)] if row is not None else ["⋮"] for row in rows]
    )


def _ends(values: Any) -> Any:
    """All items of a sequence, or the first and the last, and None between them."""
    if len(values) <= FEW:
        return values
    return [*values[:SHOWN], None, *values[-SHOWN:]]


def _number(value: Any) -> Html:
    if isinstance(value, (float, np.floating)):
        text = f"{value:.5g}"
        return escape(text) if np.isfinite(value) else Html(f'<span style="{WRONG}">{text}</span>')
    if isinstance(value, (complex, np.complexfloating)):
        return escape(f"{value:.4g}")
    return escape(value)
