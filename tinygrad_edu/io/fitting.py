"""A state under the names that a model has: prefixes stripped, parts renamed, and a report of all of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, names_itself
from .values import Array, Arrays

PREFIXES = ("module.", "_orig_mod.")  # of torch.nn.DataParallel and DistributedDataParallel, of torch.compile
SHOWN = 10  # names of a kind that a report lists
Rename = Mapping[str, str] | Callable[[str], str | None]


@dataclass(frozen=True)
class FittedState:
    """What `fit_state` has made; as a text, a report.

    Attributes
    ----------
    state : dict of str to ndarray
        All that the model has, so that ``model.load_state_dict(fitted.state)`` loads it: the values that were
        given, where they fit, and the model's own elsewhere.
    taken : dict of str to str
        What was given and fits: the names that the model has for it, with the names under which it came.
    kept : list of str
        What the model has and was not given.
    unused : list of str
        What was given and has no place in the model, by the names under which it came.
    misfits : dict of str to str
        What was given under a name of the model's and does not fit, each with what is wrong.
    complete : bool
        Whether all was taken: nothing kept, nothing unused, no misfits.
    """

    state: Arrays
    taken: dict[str, str]
    kept: list[str]
    unused: list[str]
    misfits: dict[str, str]

    @property
    def complete(self) -> bool:
        return not (self.kept or self.unused or self.misfits)

    def __str__(self) -> str:
        """The report: how many values were taken, and the names of all others."""
        renamed = sum(own != given for own, given in self.taken.items())
        lines = [f"{len(self.taken)} of {len(self.state)} values taken, {renamed} of them under other names"]
        for title, names in (
            ("kept, for they were not given", self.kept),
            ("not used, for the model has no such name", self.unused),
            ("kept, for what was given does not fit", [f"{n}: {why}" for n, why in self.misfits.items()]),
        ):
            if names:
                lines.append(f"{title} ({len(names)}):")
                lines += [f"  {name}" for name in names[:SHOWN]]
                lines += [f"  … and {len(names) - SHOWN} more"] * (len(names) > SHOWN)
        return "\n".join(lines)


@names_itself
def fit_state(
    state: Mapping[str, Any],
    model: Any,
    *,
    strip: str | Sequence[str] = PREFIXES,
    rename: Rename | None = None,
) -> FittedState:
    """Give a state, from PyTorch for instance, the names that a model has, and say what does not fit.

    Parameters
    ----------
    state : mapping of str to array_like
        As `load_torch` or `load_safetensors` return it.
    model : Module
        It is left as it is.
    strip : str or sequence of str, default=("module.", "_orig_mod.")
        Prefixes to take off names that the model does not have as they are, over and over; those that
        DataParallel and ``torch.compile`` put there by default.
    rename : mapping of str to str, or callable, optional
        Beginnings of names, with what they become, ``{"fc.": "head."}``, the longest that fits; or a function
        from a name, already stripped, to the name in the model, or to None for what is to be left out.

    Returns
    -------
    FittedState
        Its ``state`` is complete, whatever was given, and loads; ``print`` shows the report.

    Raises
    ------
    ArgumentError
        If ``state`` is no dict of arrays by name, or has two values for one name of the model.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> model = tg.nn.Sequential(tg.nn.Linear(3, 2, rng=0), tg.nn.Linear(2, 5, rng=0))
    >>> given = {"module.0.weight": np.ones((2, 3)), "module.0.bias": np.zeros(2), "head.bias": np.ones(9)}
    >>> fitted = tg.io.fit_state(given, model, rename={"head.": "1."})
    >>> print(fitted)
    2 of 4 values taken, 2 of them under other names
    kept, for they were not given (1):
      1.weight
    kept, for what was given does not fit (1):
      1.bias: expected shape (5,), got (9,)
    >>> model.load_state_dict(fitted.state)
    Loaded(missing_keys=[], unexpected_keys=[])
    """
    own: Arrays = model.state_dict()
    prefixes = (strip,) if isinstance(strip, str) else tuple(strip)
    taken, unused, misfits, values = dict[str, str](), list[str](), dict[str, str](), dict[str, Array]()
    came: dict[str, str] = {}
    for given, value in _checked(state).items():
        name = _renamed(_stripped(given, own, prefixes), rename)
        if name is None or name not in own:
            unused.append(given)
            continue
        if name in came:
            both = f"{came[name]!r:.80} and {given!r:.80}"
            raise ArgumentError(f"two values are given for {name!r:.80}: {both}. Rename one of them.")
        came[name] = given
        array = plain(value, name)
        if problem := _misfit(array, own[name]):
            misfits[name] = problem
        else:
            taken[name], values[name] = given, array
    kept = [name for name in own if name not in came]
    return FittedState({**own, **values}, taken, kept, unused, misfits)


def _checked(state: Any) -> Mapping[str, Any]:
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise ArgumentError(f"a state is a dict of arrays by name; got {state!r:.80}.")
    inside = [name for name, value in state.items() if isinstance(value, Mapping)]
    if inside:
        found = f"{inside[0]!r:.40} is a dict itself"
        raise ArgumentError(f"a state is a dict of arrays by name; {found}. Is it state[{inside[0]!r:.40}]?")
    return state


def _stripped(name: str, own: Arrays, prefixes: tuple[str, ...]) -> str:
    """The name without prefixes, unless the model has such a name."""
    while name not in own and (prefix := next((p for p in prefixes if p and name.startswith(p)), "")):
        name = name.removeprefix(prefix)
    return name


def _renamed(name: str, rename: Rename | None) -> str | None:
    if rename is None:
        return name
    if not isinstance(rename, Mapping):
        return rename(name)
    beginning = max((b for b in rename if name.startswith(b)), key=len, default=None)
    return name if beginning is None else rename[beginning] + name[len(beginning) :]


def _misfit(array: Array, own: Array) -> str:
    """What is wrong with a value, beside the model's; empty if nothing is."""
    if array.shape != own.shape:
        return f"expected shape {own.shape}, got {array.shape}"
    if not np.can_cast(array.dtype, own.dtype, "same_kind"):
        return f"expected values of {own.dtype}, got {array.dtype}"
    return ""
