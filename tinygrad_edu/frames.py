"""Frames of other libraries, taken by what they can do: pandas's, polars's and pyarrow's; none is imported.

A frame has named columns, each of which becomes an array; ours are the tables of `data.read_csv`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_frame(given: Any) -> bool:
    """Whether something is a frame, and no array, column or class."""
    if isinstance(given, (np.ndarray, type)):
        return False
    named = hasattr(given, "columns") and hasattr(given, "to_numpy")  # pandas, polars
    return named or (hasattr(given, "column_names") and hasattr(given, "column"))  # pyarrow


def columns_of_frame(frame: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """The columns of a frame with their names, in order; one may come twice."""
    names = list(frame.column_names if hasattr(frame, "column_names") else frame.columns)
    for place, name in enumerate(names):
        column = frame.iloc[:, place] if hasattr(frame, "iloc") else None  # a name may come twice there
        if column is None:
            column = frame.column(place) if hasattr(frame, "column") else frame[name]
        yield str(name), np.asarray(column.to_numpy())


def matrix_of_frame(frame: Any) -> NDArray[Any] | None:
    """The numbers and booleans of a frame as one array of shape (n, d), None if there is anything else."""
    columns = [column for _, column in columns_of_frame(frame)]
    if not columns or any(column.dtype.kind not in "biuf" for column in columns):
        return None
    return np.stack(columns, axis=1)


def rows_of_frame(frame: Any, rows: NDArray[np.int64]) -> Any:
    """A frame of the same kind, of the rows with these numbers."""
    if hasattr(frame, "iloc"):
        return frame.iloc[rows]
    return frame.take(rows) if hasattr(frame, "column") else frame[rows]
