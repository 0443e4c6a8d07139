"""Parameter groups: parameters that share settings."""

from collections.abc import Iterable
from typing import Any, ClassVar

from ..errors import ArgumentError, told_by
from ..tensor import Tensor
from ..versions import SETTINGS
from .ownership import Owner, owner_of
from .setting import CHECKS, nearest, unknown

Params = Iterable[Tensor] | Iterable[dict[str, Any]]  # what an optimizer takes: parameters, or groups of them


class Group:
    """Parameters that an optimizer treats alike; every setting is an attribute, checked when assigned to.

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
    (Group(1 parameter, lr=0.5, momentum=0.0, dampening=0.0, weight_decay=0.1, l1=0.0, nesterov=False,
     classical=False, maximize=False), Group(1 parameter, lr=0.25, momentum=0.0, dampening=0.0,
     weight_decay=0.0, l1=0.0, nesterov=False, classical=False, maximize=False))
    """

    # What a step reads of every group, for optimizers that have no such setting.
    weight_decay: ClassVar[float] = 0.0
    l1: ClassVar[float] = 0.0
    decoupled_weight_decay: ClassVar[bool] = False
    maximize: ClassVar[bool] = False

    def __init__(
        self, kind: Any, params: Iterable[Tensor], settings: dict[str, Any], owner: Owner | None = None
    ) -> None:
        vars(self).update(params=tuple(params), _kind=kind, _names=list(settings), _owner=owner)
        self._take(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy looks for methods on a group that has no attributes yet
            raise AttributeError(name)
        raise AttributeError(unknown(self._kind.__name__, name, self._names))

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise ArgumentError(unknown(self._kind.__name__, name, self._names))
        before, slots = vars(self)[name], self._kind.slots(self)
        SETTINGS.rates += name == "lr"
        try:
            self._take({name: value})
            SETTINGS.count += name != "lr"  # which every step reads anew
            if self._kind.slots(self).keys() != slots.keys():
                raise ArgumentError(
                    f"{self._kind.__name__}: {name}={value} takes other state than there is. Make the "
                    "optimizer with it."
                )
        except ArgumentError:
            vars(self)[name] = before
            raise

    def _take(self, settings: dict[str, Any]) -> None:
        """Take these settings; an error, about one of them or their combination, names the optimizer."""
        try:
            for name, value in settings.items():
                vars(self)[name] = CHECKS[name](name, value) if name in CHECKS else value
            self._kind.check(self)
        except ArgumentError as error:
            told_by(error, self._kind.__name__)
            raise

    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: vars(self)[name] for name in self._names}

    def __repr__(self) -> str:
        count = f"{len(self.params)} parameter{'s' * (len(self.params) != 1)}"
        return (
            f"Group({', '.join([count, *(f'{name}={value!r}' for name, value in self.settings().items())])})"
        )


def groups_of(kind: Any, params: Iterable[Any], settings: dict[str, Any]) -> list[Group]:
    """The groups of a list of parameters, which is one group, or of a list of dicts, of which each is one.

    Parameters
    ----------
    kind : type of Optimizer
    params : iterable of Tensor, or iterable of dict
        A dict has ``params`` and any of the settings.
    settings : dict
        The settings of a group that says nothing else.

    Raises
    ------
    ArgumentError
        If there are no parameters, one comes twice, one is not a floating leaf, or a setting is unknown or
        out of range.
    """
    if isinstance(params, (Tensor, dict)) or callable(getattr(params, "parameters", None)):
        raise ArgumentError(
            "expected parameters in a list, model.parameters(), or a list of groups; got "
            f"{type(params).__name__}."
        )
    given = listed_parameters(params)
    if any(isinstance(item, dict) for item in given):
        groups = [_group(kind, item, settings) for item in given]
    else:
        groups = [Group(kind, _some(given), settings, owner_of(params))]
    _check_parameters([p for group in groups for p in group.params], kind)
    return groups


def _group(kind: Any, given: Any, settings: dict[str, Any]) -> Group:
    """The group that a dict describes."""
    if not isinstance(given, dict) or "params" not in given:
        raise ArgumentError(f'a group is a dict such as {{"params": [w, b], "lr": 0.1}}; got {given!r:.80}.')
    own = {name: value for name, value in given.items() if name != "params"}
    if strange := sorted(own.keys() - settings.keys()):
        may = f"it may have {', '.join(settings)}.{nearest(strange[0], settings)}"
        raise ArgumentError(f"a group has the unknown setting {strange[0]!r}; {may}")
    params = given["params"]
    members = [params] if isinstance(params, Tensor) else listed_parameters(params)
    return Group(kind, _some(members), {**settings, **own}, owner_of(params))


def _some(params: list[Any]) -> list[Any]:
    if not params:
        raise ArgumentError(
            "there are no parameters to optimize. Was the generator used up, or the model empty?"
        )
    return params


def _check_parameters(params: list[Any], kind: Any) -> None:
    """Raise if these, those of all groups, cannot be optimized."""
    for p in params:
        if isinstance(p, Tensor) and p.dtype.kind == "c" and not kind.takes_complex:
            parts = "two real ones, z = re + 1j * im, or use Adam"
            raise ArgumentError(f"it takes real parameters; got one of {p.dtype}. Make {parts}.")
        if not isinstance(p, Tensor) or not p.is_leaf or p.dtype.kind not in "fc":
            pair = isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Tensor)
            instead = " Of named_parameters() take the second of each pair, or model.parameters()."
            raise ArgumentError(
                f"parameters are floating leaf tensors; got {p!r:.80}.{instead if pair else ''}"
            )
    if len({id(p) for p in params}) < len(params):
        raise ArgumentError(
            "a parameter was given twice, and would be updated twice. Module.parameters() lists shared ones "
            "once."
        )


def listed_parameters(params: Any) -> list[Any]:
    """What was given as parameters, as a list, or an ArgumentError that names what was meant."""
    kind = type(params).__name__
    if isinstance(params, (set, frozenset)):
        raise ArgumentError(
            f"a {kind} has no order, and a saved state is of parameters in theirs. Give a list."
        )
    if hasattr(params, "parameters"):
        meant = " Give its parameters: model.parameters()."
    elif isinstance(params, Iterable):
        return list(params)
    else:
        meant = " Call it: model.parameters()." if callable(params) else ""
    raise ArgumentError(f"expected parameters in a list; got {kind}.{meant}")
