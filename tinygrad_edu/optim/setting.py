"""What a setting may be: checks by its name, and the nearest name for a misspelt one."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import ArgumentError

Check = Callable[[str, Any], Any]  # of a name and a value: the value as it is kept, or an ArgumentError


def arguments(names: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an ``__init__``, given its ``locals()``: so its signature alone lists its settings."""
    return {name: value for name, value in names.items() if name not in ("self", "__class__")}


def number(fits: Callable[[float], bool], what: str, kind: type = float) -> Check:
    """A check for numbers; they become Python's, which take on the dtype of the parameters."""

    def check(name: str, value: Any) -> Any:
        try:
            given = float(value)
        except (TypeError, ValueError):
            raise ArgumentError(f"{name} is a number; got {value!r:.80}.") from None
        if not fits(given):
            raise ArgumentError(f"{name} is {what}; got {value}.")
        return kind(given)

    return check


def one_of(*choices: Any) -> Check:
    """A check for settings that are one of a few words."""

    def check(name: str, value: Any) -> Any:
        if value not in choices:
            raise ArgumentError(f"{name} is one of {', '.join(map(repr, choices))}; got {value!r}.")
        return value

    return check


def yes_or_no(name: str, value: Any) -> bool:
    """The setting as True or False, or an error."""
    if value not in (True, False):
        raise ArgumentError(f"{name} is True or False; got {value!r}.")
    return bool(value)


def pair_below_one(name: str, value: Any) -> tuple[float, float]:
    """The setting as two Python floats in [0, 1), or an error."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(pair) != 2:
        raise ArgumentError(f"{name} are two numbers in [0, 1); got {value!r}.")
    return below_one(f"{name}[0]", pair[0]), below_one(f"{name}[1]", pair[1])


any_number = number(math.isfinite, "finite")
at_least_zero = number(lambda x: 0 <= x < math.inf, "at least 0 and finite")
below_one = number(lambda x: 0 <= x < 1, "in [0, 1)")
count = number(lambda x: x >= 1 and x.is_integer(), "a whole number, 1 or more", int)

# What a setting may be, in whatever optimizer it occurs.
CHECKS: dict[str, Check] = {
    **dict.fromkeys(["lr", "weight_decay", "l1", "eps", "momentum", "lr_decay"], at_least_zero),
    **dict.fromkeys(["initial_accumulator_value", "momentum_decay"], at_least_zero),
    **dict.fromkeys(["tolerance_grad", "tolerance_change"], at_least_zero),
    **dict.fromkeys(["rho", "alpha"], below_one),
    **dict.fromkeys(["nesterov", "classical", "centered", "amsgrad", "decoupled_weight_decay"], yes_or_no),
    "maximize": yes_or_no,
    **dict.fromkeys(["ns_steps", "history_size", "max_iter", "max_eval"], count),
    "betas": pair_below_one,
    "dampening": any_number,
    "line_search_fn": one_of("strong_wolfe", None),
    "adjust_lr_fn": one_of("original", "match_rms_adamw"),
}

# What others call the settings, or what holds them.
# fmt: off
HABITS = {
    "learning_rate": "lr", "rate": "lr", "param_groups": "groups", "decay": "weight_decay", "epsilon": "eps",
}
# fmt: on


def unknown(owner: str, name: str, names: Iterable[str]) -> str:
    """What to say of a name that the owner has no setting for."""
    return f"{owner} has no setting {name!r}; its settings are {', '.join(names)}.{nearest(name, names)}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The question whether another name was meant, if one of these is near."""
    import difflib

    habit = HABITS.get(name)
    near = [habit] if habit in [*names, "groups"] else difflib.get_close_matches(name, names, 1)
    return f" Did you mean {near[0]}?" if near else ""
