"""What is learned of a column of a table, by which it becomes columns of numbers: the parts of `Features`."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import printable
from .categories import categories_of, hot, warmest
from .columns import DAY, KINDS, Column, absent

SCALES = ("standard", "minmax", None)
FILLS = ("mean", "median", "most_frequent", None)
MANY = 20  # texts of a column, above which they may be too many
CYCLES = {"year": 365.2425, "week": 7.0, "day": 1.0}  # in days


@dataclass
class Learned:
    """A column as the training part has it.

    Attributes
    ----------
    name, kind : str
    shift, scale : float
        A number, a truth value, or a date in days, becomes ``(x - shift) / scale``.
    fill : float, str or None
        What stands for a missing value; None, that it is refused, or, of text, that it has no category.
    indicator : bool
        Whether a column tells where a value was missing.
    cycles : list of str
        Of a date: those in whose course it is placed, by a sine and a cosine.
    categories : list of str
        Of text.
    """

    name: str
    kind: str
    shift: float
    scale: float
    fill: float | str | None
    indicator: bool
    cycles: list[str]
    categories: list[str]

    @property
    def names(self) -> list[str]:
        """What the columns are called that come out."""
        names = [self.name] if self.kind != "text" else [f"{self.name}={c}" for c in self.categories]
        names += [f"{self.name} {wave} {cycle}" for cycle in self.cycles for wave in ("sin", "cos")]
        return names + [f"{self.name} missing"] * self.indicator

    def transform(self, column: Column, ignore: bool, refuse_missing: bool) -> NDArray[np.float64]:
        """The columns that a column becomes, shape (n, k)."""
        missing = column.missing
        if refuse_missing and missing.any():
            advice = 'missing="mean", "median" or "most_frequent" fills it in'
            column.refuse(f"row {int(missing.argmax())} lacks a value; {advice}")
        if self.kind == "text":
            texts = column.as_texts()
            texts[missing] = self.fill
            blank = absent(texts)
            parts = [self._hot(texts, blank, ignore)]
        else:
            floats = column.as_floats(self.kind)
            floats = np.where(missing, np.nan if self.fill is None else self.fill, floats)
            parts = [((floats - self.shift) / self.scale)[:, None]]
            turns = [2 * np.pi * (floats % CYCLES[cycle]) / CYCLES[cycle] for cycle in self.cycles]
            parts += [wave(turn)[:, None] for turn in turns for wave in (np.sin, np.cos)]
        return np.concatenate([*parts, missing[:, None]] if self.indicator else parts, axis=1)

    def _hot(self, texts: NDArray[Any], blank: NDArray[np.bool], ignore: bool) -> NDArray[np.float64]:
        """Zeros and ones; missing texts that nothing stands for are all zeros if that was learned."""
        rows = np.zeros((len(texts), len(self.categories)))
        present = ~blank if self.indicator else np.ones(len(texts), bool)
        chosen = np.flatnonzero(present)
        if len(chosen):
            rows[chosen] = self._checked(texts, chosen, ignore)
        return rows

    def _checked(self, texts: NDArray[Any], chosen: NDArray[np.int64], ignore: bool) -> NDArray[np.float64]:
        column = Column(self.name, texts)
        known = set(self.categories)
        if not ignore and any(texts[row] not in known for row in chosen):
            hot(column, self.categories, ignore)  # raises, and names the row
        return hot(Column(self.name, texts[chosen]), self.categories, True)

    def inverse(self, rows: NDArray[np.float64]) -> NDArray[Any]:
        """The column that its columns (n, k) mean: numbers, truth values, dates or texts."""
        if self.kind == "text":
            return warmest(rows[:, : len(self.categories)], self.categories)
        values = rows[:, 0] * self.scale + self.shift
        if self.kind == "boolean":
            return values > 0.5
        return values if self.kind == "number" else np.rint(values * DAY).astype("datetime64[us]")

    def state(self) -> dict[str, Any]:
        """All of it, as a dict of plain values."""
        return {name: list(v) if isinstance(v, list) else v for name, v in asdict(self).items()}


def learn(
    column: Column,
    kind: str,
    *,
    scale: str | None,
    missing: str | None,
    indicator: bool,
    cycles: tuple[str, ...],
) -> Learned:
    """What the training part tells of a column."""
    lost = column.missing
    if lost.all():
        column.refuse("it has no value at all; leave it out")
    if missing is None and lost.any():
        advice = 'missing="mean", "median" or "most_frequent" fills it in'
        column.refuse(f"row {int(lost.argmax())} lacks a value; {advice}")
    if kind == "text":
        texts = Column(column.name, column.as_texts())
        fill = most_frequent(texts.values[~lost]) if missing == "most_frequent" else None
        told = bool(lost.any()) and (indicator or fill is None)
        categories = categories_of(texts)
        if len(categories) > max(MANY, (~lost).sum() / 2):
            _warn_of_names(column.name, categories, int((~lost).sum()))
        return Learned(column.name, kind, 0.0, 1.0, fill, told, [], categories)
    floats = column.as_floats(kind)
    present = floats[~lost]
    middle: Callable[[NDArray[Any]], Any] = most_frequent
    if kind != "boolean" and missing in ("mean", "median"):
        middle = np.mean if missing == "mean" else np.median
    filler = None if missing is None else float(middle(present))
    shift, width = 0.0, 1.0
    if kind != "boolean":
        shift, width = _scaled(floats if filler is None else np.where(lost, filler, floats), scale)
    told, waves = indicator and bool(lost.any()), list(cycles) if kind == "date" else []
    return Learned(column.name, kind, shift, width, filler, told, waves, [])


def _warn_of_names(name: str, categories: list[str], rows: int) -> None:
    """Warn of a text for nearly every row: names of rows, or numbers and dates in a form that is not read."""
    found = f"{len(categories)} different ones in {rows} rows, such as {printable(categories[0], 40)!r}"
    warnings.warn(
        f"column {printable(name, 80)!r} is text, {found}, and becomes as many columns. Leave it out, "
        "Features(columns); or, if these are numbers, read them as such: read_csv(…, decimal=',', "
        "thousands='.').",
        stacklevel=6,  # of the call of fit
    )


def most_frequent(values: NDArray[Any]) -> Any:
    """The value that comes most often; of several the smallest."""
    found, counts = np.unique(values, return_counts=True)
    return found[counts.argmax()]


def _scaled(x: NDArray[np.float64], scale: str | None) -> tuple[float, float]:
    """What is subtracted of a column, and by what it is divided then."""
    from .scale import MinMaxScaler, StandardScaler

    if scale == "standard":
        fitted = StandardScaler().fit(x)
        return float(fitted.mean), float(fitted.scale)
    if scale == "minmax":
        limits = MinMaxScaler().fit(x)
        return float(limits.minimum), float(limits.maximum - limits.minimum) or 1.0
    return 0.0, 1.0


def from_state(given: Any) -> Learned:
    """What `state` returned, if it is that.

    Raises
    ------
    ValueError
        If it is something else.
    """
    names = [field.name for field in fields(Learned)]
    if not isinstance(given, Mapping) or set(given) != set(names):
        raise ValueError(f"a column has {', '.join(names)}; got {given!r:.120}")
    one = Learned(**given)
    numbers = all(isinstance(v, float) and np.isfinite(v) for v in (one.shift, one.scale)) and one.scale > 0
    texts = all(
        isinstance(v, list) and all(isinstance(t, str) for t in v) for v in (one.cycles, one.categories)
    )
    fill = one.fill is None or isinstance(one.fill, str if one.kind == "text" else float)
    known = one.kind in KINDS and isinstance(one.name, str) and isinstance(one.indicator, bool)
    if not (numbers and texts and fill and known and set(one.cycles) <= set(CYCLES)):
        raise ValueError(f"no column of a table: {given!r:.200}")
    if sorted(set(one.categories)) != one.categories or (one.kind == "text") != bool(one.categories):
        raise ValueError(f"categories of {one.name!r:.80} are texts in increasing order")
    return one
