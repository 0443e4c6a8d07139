"""Parameter groups: parameters that share settings, and what a setting may be."""

import math
import weakref
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ..errors import ArgumentError
from ..tensor import Tensor

Check = Callable[[str, str, Any], Any]


class Group:
    """Parameters that an optimizer treats alike.  Every setting is an attribute, checked when it is assigned to.

    Attributes
    ----------
    params : tuple of Tensor
    lr, weight_decay, … : the settings of the optimizer, by the names that it takes them by

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> w, b = (tg.Tensor([1.0], requires_grad=True) for _ in range(2))
    >>> optimizer = tg.optim.SGD([{"params": [w], "weight_decay": 0.1}, {"params": [b]}], lr=0.5)
    >>> optimizer.groups[1].lr = 0.25
    >>> optimizer.groups
    (Group(1 parameter, lr=0.5, momentum=0.0, dampening=0.0, weight_decay=0.1, l1=0.0, nesterov=False, classical=False),
     Group(1 parameter, lr=0.25, momentum=0.0, dampening=0.0, weight_decay=0.0, l1=0.0, nesterov=False,
     classical=False))
    """

    # What a step reads of every group, for optimizers that have no such setting.
    weight_decay: ClassVar[float] = 0.0
    l1: ClassVar[float] = 0.0
    decoupled_weight_decay: ClassVar[bool] = False

    def __init__(
        self, kind: Any, params: Iterable[Tensor], settings: dict[str, Any], owner: Any = None
    ) -> None:
        own = vars(self)
        own["params"], own["_kind"], own["_names"] = tuple(params), kind, list(settings)
        own["_owner"] = owner
        for name, value in settings.items():
            own[name] = self._checked(name, value)
        kind.check(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy looks for methods on a group that has no attributes yet
            raise AttributeError(name)
        raise AttributeError(unknown(self._kind.__name__, name, self._names))

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise ArgumentError(unknown(self._kind.__name__, name, self._names))
        own = vars(self)
        before, slots = own[name], self._kind.slots(self)
        own[name] = self._checked(name, value)
        try:
            self._kind.check(self)
            if self._kind.slots(self).keys() != slots.keys():
                raise ArgumentError(
                    f"{self._kind.__name__}: {name}={value} takes other state than there is. Make the "
                    "optimizer with it."
                )
        except ArgumentError:
            own[name] = before
            raise

    def _checked(self, name: str, value: Any) -> Any:
        check = CHECKS.get(name)
        return check(self._kind.__name__, name, value) if check else value

    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: vars(self)[name] for name in self._names}

    def __repr__(self) -> str:
        count = f"{len(self.params)} parameter{'s' * (len(self.params) != 1)}"
        return (
            f"Group({', '.join([count, *(f'{name}={value!r}' for name, value in self.settings().items())])})"
        )


class Owner:
    """The module whose parameters a group has; held weakly, as a model may hold its optimizer."""

    def __init__(self, module: Any) -> None:
        self.module = weakref.ref(module)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Owner | None":
        twin = memo.get(id(self.module()))  # that of the copy is the copy, if both are copied
        return None if twin is None else Owner(twin)


def owner_of(params: Any) -> Owner | None:
    """Whose parameters these are, if they came from ``module.parameters()``."""
    module = getattr(params, "module", None)
    return None if module is None else Owner(module)


def groups_of(kind: Any, params: Iterable[Any], settings: dict[str, Any]) -> list[Group]:
    """The groups of a list of parameters, which is one group, or of a list of dicts, with what each says of its settings.

    Parameters
    ----------
    kind : type of Optimizer
    params : iterable of Tensor, or iterable of dict
        A dict has ``params`` and any of the settings.
    settings : dict
        Those of a group that says nothing else.

    Raises
    ------
    ArgumentError
        If there are no parameters, one comes twice, one is not a floating leaf, or a setting is unknown or
        out of range.
    """
    name = kind.__name__
    if isinstance(params, (Tensor, dict)) or callable(getattr(params, "parameters", None)):
        raise ArgumentError(
            f"{name}: expected parameters in a list, model.parameters(), or a list of groups; got "
            f"{type(params).__name__}."
        )
    given = listed_parameters(name, params)
    if not any(isinstance(item, dict) for item in given):
        given = [{"params": given}]
        owners = [owner_of(params)]
    else:
        owners = [owner_of(item.get("params")) if isinstance(item, dict) else None for item in given]
    groups = []
    for item, owner in zip(given, owners):
        if not isinstance(item, dict) or "params" not in item:
            raise ArgumentError(
                f'{name}: a group is a dict such as {{"params": [w, b], "lr": 0.1}}; got {item!r:.80}.'
            )
        if strange := sorted(set(item) - {"params", *settings}):
            may = f"it may have {', '.join(settings)}.{nearest(strange[0], settings)}"
            raise ArgumentError(f"{name}: a group has the unknown setting {strange[0]!r}; {may}")
        members = (
            [item["params"]]
            if isinstance(item["params"], Tensor)
            else listed_parameters(name, item["params"])
        )
        if not members:
            raise ArgumentError(
                f"{name}: there are no parameters to optimize. Was the generator used up, or the model empty?"
            )
        own = {key: value for key, value in item.items() if key != "params"}
        groups.append(Group(kind, members, {**settings, **own}, owner))
    everyone = [p for group in groups for p in group.params]
    for p in everyone:
        if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind != "f":
            pair = isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Tensor)
            instead = (
                " Of named_parameters() take the second of each pair, or model.parameters()." if pair else ""
            )
            raise ArgumentError(f"{name}: parameters are floating leaf tensors; got {p!r:.80}.{instead}")
    if len({id(p) for p in everyone}) < len(everyone):
        raise ArgumentError(
            f"{name}: a parameter was given twice, and would be updated twice. Module.parameters() lists "
            "shared ones once."
        )
    return groups


def listed_parameters(who: str, params: Any) -> list[Any]:
    """What was given as parameters, as a list, or an ArgumentError that names what was meant."""
    if isinstance(params, (set, frozenset)):
        raise ArgumentError(
            f"{who}: a {type(params).__name__} has no order, and a saved state is of parameters in theirs. "
            "Give a list."
        )
    model = hasattr(params, "parameters")
    if isinstance(params, Iterable) and not model:
        return list(params)
    meant = " Call it: model.parameters()." if callable(params) else ""
    meant = " Give its parameters: model.parameters()." if model else meant
    raise ArgumentError(f"{who}: expected parameters in a list; got {type(params).__name__}.{meant}")


def unknown(who: str, name: str, names: Iterable[str]) -> str:
    """What to say of a name that an optimizer has no setting for."""
    return f"{who} has no setting {name!r}; its settings are {', '.join(names)}.{nearest(name, names)}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The question whether another name was meant, if one of these is near."""
    import difflib

    habit = HABITS.get(name)
    near = [habit] if habit in [*names, "groups"] else difflib.get_close_matches(name, names, 1)
    return f" Did you mean {near[0]}?" if near else ""


def at_least_zero(who: str, name: str, value: Any) -> float:
    """The setting as a Python float, which takes on the dtype of the parameters, or an error."""
    if not 0 <= (number := _float(who, name, value)) < math.inf:
        raise ArgumentError(f"{who}: {name} is at least 0 and finite; got {value}.")
    return number


def any_number(who: str, name: str, value: Any) -> float:
    """The setting as a finite Python float, or an error."""
    if not math.isfinite(number := _float(who, name, value)):
        raise ArgumentError(f"{who}: {name} is finite; got {value}.")
    return number


def below_one(who: str, name: str, value: Any) -> float:
    """The setting as a Python float in [0, 1), or an error."""
    if not 0 <= (number := _float(who, name, value)) < 1:
        raise ArgumentError(f"{who}: {name} is in [0, 1); got {value}.")
    return number


def pair_below_one(who: str, name: str, value: Any) -> tuple[float, float]:
    """The setting as two Python floats in [0, 1), or an error."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(pair) != 2:
        raise ArgumentError(f"{who}: {name} are two numbers in [0, 1); got {value!r}.")
    return below_one(who, f"{name}[0]", pair[0]), below_one(who, f"{name}[1]", pair[1])


def count(who: str, name: str, value: Any) -> int:
    """The setting as a whole number from 1, or an error."""
    number = _float(who, name, value)
    if not (number >= 1 and number.is_integer()):
        raise ArgumentError(f"{who}: {name} is a whole number, 1 or more; got {value}.")
    return int(number)


def yes_or_no(who: str, name: str, value: Any) -> bool:
    """The setting as True or False, or an error."""
    if value not in (True, False):
        raise ArgumentError(f"{who}: {name} is True or False; got {value!r}.")
    return bool(value)


def one_of(*choices: Any) -> Check:
    """A check for settings that are one of a few words."""

    def check(who: str, name: str, value: Any) -> Any:
        if value not in choices:
            raise ArgumentError(f"{who}: {name} is one of {', '.join(map(repr, choices))}; got {value!r}.")
        return value

    return check


def _float(who: str, name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{who}: {name} is a number; got {value!r:.80}.") from None


# What others call the settings, or what holds them.
HABITS = {
    "learning_rate": "lr",
    "rate": "lr",
    "param_groups": "groups",
    "decay": "weight_decay",
    "epsilon": "eps",
}

# What a setting may be, in whatever optimizer it occurs.
CHECKS: dict[str, Check] = {
    **dict.fromkeys(
        [
            "lr",
            "weight_decay",
            "l1",
            "eps",
            "momentum",
            "lr_decay",
            "initial_accumulator_value",
            "momentum_decay",
        ],
        at_least_zero,
    ),
    **dict.fromkeys(["tolerance_grad", "tolerance_change"], at_least_zero),
    **dict.fromkeys(["rho", "alpha"], below_one),
    **dict.fromkeys(["nesterov", "classical", "centered", "amsgrad", "decoupled_weight_decay"], yes_or_no),
    **dict.fromkeys(["ns_steps", "history_size", "max_iter", "max_eval"], count),
    "betas": pair_below_one,
    "dampening": any_number,
    "line_search_fn": one_of("strong_wolfe", None),
    "adjust_lr_fn": one_of("original", "match_rms_adamw"),
}
