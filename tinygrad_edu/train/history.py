"""History: what a training reported after each epoch, as columns.

It prints as a table, draws its curves and saves as CSV.
"""

import os
from collections.abc import Iterator, KeysView, Mapping
from typing import Any

from ..errors import ArgumentError, StateError
from ..markup import box, curves, details, heading, table

NO_HISTORY = "History.load_state_dict: this is not a history"


class History:
    """Columns of numbers by name, a row for each complete epoch.

    Attributes
    ----------
    columns : dict of str to list of float
        ``history["loss"]`` is short for ``history.columns["loss"]``, and
        ``pandas.DataFrame(history.columns)`` is a table.
    steps : int
        The number of the optimizer's steps, with those of an epoch that was not completed.
    stopped : {None, "early", "interrupted", "nan", "callback"}
        What ended the training before its last epoch, if anything did.
    reason : str
        The same as a sentence, with the number of the step; empty if nothing did.
    best_epoch : int or None
        The number, from 1, of the epoch with the best monitored value, where something was monitored (see
        `EarlyStopping`).
    compiled : str
        Of a training with ``compile=``: how many steps were made in compiled code, and why others were not.

    Examples
    --------
    >>> history = History()
    >>> history.append({"loss": 0.7, "val_loss": 0.8})
    >>> history.append({"loss": 0.5, "val_loss": 0.6})
    >>> history["val_loss"], history.last["loss"], len(history)
    ([0.8, 0.6], 0.5, 2)
    >>> print(history)
    epoch  loss  val_loss
        1   0.7       0.8
        2   0.5       0.6
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.steps = 0
        self.stopped: str | None = None
        self.reason = ""
        self.best_epoch: int | None = None
        self.compiled = ""
        self._epochs = 0

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch.

        Parameters
        ----------
        row : mapping of str to float
            The same names in every epoch.

        Raises
        ------
        ArgumentError
            If the names are not those of the epochs before; nothing was added.
        """
        if self._epochs == 0:
            self.columns = {name: [] for name in row}
        if row.keys() != self.columns.keys():
            expected, got = ", ".join(self.columns), ", ".join(row)
            raise ArgumentError(f"History.append: expected the columns {expected}; got {got}.")
        for name, value in row.items():
            self.columns[name].append(value)
        self._epochs += 1

    def extend(self, columns: Mapping[str, list[float]]) -> None:
        """Add several epochs: for each of the columns, which are there already, as many numbers."""
        for name, values in columns.items():
            self.columns[name] += values
        self._epochs += len(values)

    def stop(self, stopped: str, reason: str) -> None:
        """Note what ended the training before its last epoch."""
        self.stopped, self.reason = stopped, reason

    def count_step(self, steps: int = 1) -> None:
        """Note another step of the optimizer, or several."""
        self.steps += steps

    def mark_best(self, epoch: int | None) -> None:
        """Note which epoch is the best so far, counted from 1."""
        self.best_epoch = epoch

    def __len__(self) -> int:
        return self._epochs

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.columns:
            found = ", ".join(self.columns) or "none yet: no epoch is complete"
            raise ArgumentError(f"History has no column {name!r}; its columns are {found}.")
        return self.columns[name]

    def keys(self) -> KeysView[str]:
        """The names of the columns: dict(history) has them with their numbers."""
        return self.columns.keys()

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    @property
    def last(self) -> dict[str, float]:
        """The values of the last complete epoch by name; empty before the first."""
        return {name: column[-1] for name, column in self.columns.items()}

    # ---- for people ----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = self._table() if self._epochs else ["no epoch is complete"]
        if self.best_epoch is not None:
            lines.append(f"best epoch: {self.best_epoch}")
        if self.reason:
            lines.append(self.reason)
        return "\n".join(lines)

    def _table(self) -> list[str]:
        rows = self._rows()
        lines = aligned([["epoch", *self.columns], *rows])
        if len(rows) < self._epochs:
            lines.insert(6, "…".rjust(len("epoch")))
        return lines

    def _rows(self) -> list[list[str]]:
        """The cells of each epoch; of many, those at the beginning and at the end."""
        shown = list(range(self._epochs))
        if self._epochs > 20:
            shown[5:-10] = []
        return [[str(i + 1), *(f"{column[i]:.4g}" for column in self.columns.values())] for i in shown]

    def _repr_html_(self) -> str:
        """What a notebook shows: the curves of losses, of metrics, and the table, which opens if it is
        long.
        """
        epochs = f"{self._epochs} epoch{'s' * (self._epochs != 1)}"
        told = [f"{epochs}, {self.steps} step{'s' * (self.steps != 1)}"]
        told += [f"best epoch: {self.best_epoch}"] if self.best_epoch is not None else []
        told += [self.reason] if self.reason else []
        drawn = {name: column for name, column in self.columns.items() if name not in ("lr", "seconds")}
        losses = {name: column for name, column in drawn.items() if name in ("loss", "val_loss")}
        others = {name: column for name, column in drawn.items() if name not in losses}
        rows, few = self._rows(), self._epochs <= 5
        if len(rows) < self._epochs:
            rows.insert(5, ["…"])
        return box(
            heading("History", ", ".join(told)),
            curves(losses, x="epoch"),
            curves(others, x="epoch"),
            details("table", table(rows, ["epoch", *self.columns]), opened=few) if rows else "",
        )

    def plot(self, *names: str, ax: Any = None, log: bool = False) -> Any:
        """Draw columns against the epoch; matplotlib is needed.

        Parameters
        ----------
        *names : str
            The columns to draw, by default the losses.  ``history.plot("accuracy")`` draws the validation's,
            val_accuracy, too.
        ax : matplotlib Axes, optional
        log : bool, default=False
            Whether the values are on a logarithmic scale.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ArgumentError
            If there is no such column.
        """
        from ..plot import loss_curve

        asked = names or ("loss",)
        drawn = {name: self[name] for name in asked}
        drawn |= {f"val_{name}": self[f"val_{name}"] for name in asked if f"val_{name}" in self}
        return loss_curve(drawn, ax=ax, ylabel=", ".join(asked), log=log)

    def save_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a file, whole or not at all: a header, and a line for each epoch.

        Numbers have every digit.

        Parameters
        ----------
        path : str or path-like
        """
        from ..io import atomic_write

        lines = [",".join(["epoch", *map(_quoted, self.columns)])]
        for i, row in enumerate(zip(*self.columns.values()), 1):
            lines.append(",".join([str(i), *map(repr, row)]))
        with atomic_write(path) as file:
            file.write(("\n".join(lines) + "\n").encode())

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The columns and the number of steps, as copies: what a resumed training goes on from."""
        return {"columns": {name: list(column) for name, column in self.columns.items()}, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            If it is something else; nothing was changed.
        """
        try:
            columns = {str(name): list(map(float, column)) for name, column in state["columns"].items()}
            steps = int(state["steps"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StateError(f"{NO_HISTORY} ({type(error).__name__}: {error}).") from None
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1 or steps < 0:
            raise StateError(f"{NO_HISTORY}: its columns have different lengths, or its steps are negative.")
        self.columns, self.steps, self._epochs = columns, steps, max(lengths, default=0)


def aligned(rows: list[list[str]]) -> list[str]:
    """The lines of a table: each column as wide as its widest cell, and flush right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]


def _quoted(name: str) -> str:
    """A name as CSV holds it (RFC 4180)."""
    return '"' + name.replace('"', '""') + '"' if any(sign in name for sign in ',"\r\n') else name
