"""What all optimizers share: groups of parameters, the learning rate, and a state that can be saved."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, StateError, names_itself
from ..tensor import Tensor
from ..versions import SETTINGS
from .group import Group, Params, groups_of
from .ownership import Watch
from .setting import nearest, unknown


class _Complete(type):
    """Notes that an object is made: from then on attributes that it does not have are misspelt settings."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            made = super().__call__(*args, **kwargs)
        except TypeError as error:
            if "unexpected keyword argument" in str(error):
                named = inspect.signature(cls.__init__).parameters  # type: ignore[misc]  # of this very class
                meant = [nearest(name, named) for name in kwargs if name not in named]
                error.args = (f"{error}{''.join(meant)}",)
            raise
        made._complete = True
        return made

    @property
    def __signature__(cls) -> inspect.Signature:
        """That of ``__init__``, for `help` and editors, which would show ``__call__``'s."""
        _, *settings = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]  # as above
        return inspect.Signature(settings)


class Optimizer(metaclass=_Complete):
    """Base of the optimizers: parameters in groups, each group with settings of its own.

    Most optimizers update each element by itself: they derive from `Elementwise`, which knows in what
    portions to do that.

    Parameters
    ----------
    params : iterable of Tensor, or iterable of dict
        Floating leaves, each once; or groups of them, ``{"params": [w, b], "lr": 0.1}``, which say what
        differs from the settings given to the optimizer.
    **settings : the settings of a group that says nothing else

    Attributes
    ----------
    groups : tuple of Group
        Their settings are attributes: ``optimizer.groups[0].lr = 0.01``.
    params : tuple of Tensor
        The parameters of all groups.  They stay the same: for others, make another optimizer.

    Raises
    ------
    ArgumentError
        If there are no parameters, one comes twice, one is not a floating leaf, or a setting is unknown or
        out of range; if an attribute is assigned to that there is not (subclasses make theirs in
        ``__init__``); and in a step, or within eight where ``model.zero_grad()`` forgets the gradients, if
        parameters that came from ``model.parameters()`` are no longer the model's, and others are in their
        place.

    Notes
    -----
    Differences from PyTorch: the groups are `groups` and their settings attributes, not dicts; a parameter
    that comes twice, an unknown setting and an empty group are errors.

    ``maximize=`` turns the sign of the gradients around where PyTorch's optimizer of the name does, as the
    first thing of a step, so that weight decay and an L1 penalty shrink all the same.  The others, `LBFGS`,
    `Muon` and `Lion`, maximize a function by minimizing its negative: ``(-score).backward()``, and the
    closure of `LBFGS` returns ``-score``.
    """

    takes_complex = False  # whether a complex parameter may be among them

    @names_itself
    def __init__(self, params: Params, **settings: Any) -> None:
        self.groups = tuple(groups_of(type(self), params, settings))
        self.params = tuple(p for group in self.groups for p in group.params)
        self._watch = Watch()

    def __setattr__(self, name: str, value: Any) -> None:
        if "_complete" in vars(self) and not name.startswith("_"):
            who, settings = type(self).__name__, self.groups[0].settings()
            if name in ("groups", "params"):
                raise ArgumentError(
                    f"{who}: its {name} are those that it was made with. Make the optimizer again."
                )
            if name not in vars(self) and not hasattr(type(self), name):
                if name in settings:
                    line = f"optimizer.groups[0].{name} = {value!r:.40}"
                    raise ArgumentError(f"{who}: {name} is a setting of its groups: {line}")
                raise ArgumentError(unknown(who, name, settings))
        object.__setattr__(self, name, value)

    @staticmethod
    def check(group: Group) -> None:
        """Raise an ArgumentError if settings of a group, each of them valid, contradict each other."""

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        """What is remembered for each element of a parameter: names, and the values at first."""
        return {}

    @property
    def lr(self) -> float:
        """The learning rate; assigning sets that of all groups, and reading raises if they differ."""
        rates = [group.lr for group in self.groups]
        if rates.count(rates[0]) < len(rates):
            who = type(self).__name__
            raise ArgumentError(
                f"{who}: the groups have different learning rates, {rates}; read groups[i].lr."
            )
        return rates[0]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.groups:
            group.lr = value

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, before the next backward pass; they are None then."""
        if not set_to_none:
            raise ArgumentError(
                f"{type(self).__name__}.zero_grad: gradients are forgotten, and not set to zero, which would "
                "count as one."
            )
        self._watch.kept = 0
        for p in self.params:
            if p._node is not None:
                p._leaf.grad = None  # as p.grad = None does, in a third of the time
            else:
                p.grad = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.groups))})"

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed training needs beside the parameters: settings, counts of steps, and slots.

        Returns
        -------
        dict
            ``optimizer``, the name of the class; ``groups``, a list of dicts of settings, with ``params``,
            the number of parameters; ``state``, whose form is that of the class.  Nested dicts and lists of
            numbers, strings, None and ndarrays.
        """
        groups = [{"params": len(group.params), **group.settings()} for group in self.groups]
        for settings in groups:
            settings.update({name: list(v) for name, v in settings.items() if isinstance(v, tuple)})
        return {"optimizer": type(self).__name__, "groups": groups, "state": self._state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the settings and the state of another optimizer of the same class.

        If anything does not fit, nothing is taken over.

        Parameters
        ----------
        state : mapping
            As `state_dict` returned it.

        Raises
        ------
        StateError
            It lists what differs: the class, groups, parameters, settings' names and values, shapes and
            dtypes; nothing was changed.
        """
        problems: list[str] = []
        try:
            groups = self._loaded_groups(state, problems)
            restored = self._check_state(state["state"], groups, problems) if not problems else None
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            problems.append(f"it is not what state_dict() returns ({type(error).__name__}: {error})")
        if problems:
            raise StateError(
                f"{type(self).__name__}.load_state_dict: the state does not fit, and nothing was loaded:\n  "
                + "\n  ".join(problems)
            )
        for group, loaded in zip(self.groups, groups):
            vars(group).update(loaded.settings())
        self._restore(restored)

    def _loaded_groups(self, state: Mapping[str, Any], problems: list[str]) -> list[Group]:
        """New groups, of the parameters that there are and the settings that are loaded."""
        if state["optimizer"] != type(self).__name__:
            problems.append(f"it is of a {state['optimizer']}")
            return []
        if len(state["groups"]) != len(self.groups):
            problems.append(f"groups: expected {len(self.groups)}, got {len(state['groups'])}")
            return []
        groups = []
        for i, (group, saved) in enumerate(zip(self.groups, state["groups"])):
            where, known = f"groups[{i}]", group.settings()
            settings = {name: value for name, value in saved.items() if name != "params"}
            if saved["params"] != len(group.params):
                problems.append(f"{where}: expected {len(group.params)} parameters, got {saved['params']}")
                continue
            problems += [f"{where}: missing setting {name}" for name in sorted(known.keys() - settings)]
            problems += [f"{where}: unexpected setting {name}" for name in sorted(settings.keys() - known)]
            if settings.keys() == known.keys():
                try:
                    groups.append(Group(type(self), group.params, settings))
                except ArgumentError as error:
                    problems.append(f"{where}: {error}")
        return groups

    def _state(self) -> Any:
        """The state beside the settings; `_check_state` expects of each parameter its steps and slots."""
        raise NotImplementedError

    def _check_state(self, state: Any, groups: list[Group], problems: list[str]) -> Any:
        """Copies for `_restore`; what does not fit is added to the problems, and nothing is changed."""
        if len(state) != len(self.params):
            problems.append(f"state: expected {len(self.params)} parameters, got {len(state)}")
            return []
        restored = []
        slots = [self.slots(group) for group in groups for _ in group.params]
        for i, (p, saved, names) in enumerate(zip(self.params, state, slots)):
            where, expected = f"state[{i}]", ["steps", *names]
            problems += [f"{where}: missing {name}" for name in expected if name not in saved]
            problems += [f"{where}: unexpected {name}" for name in saved if name not in expected]
            found = {name: np.array(saved[name]) for name in names if name in saved}
            for name, array in found.items():
                problems += misfit(f"{where}.{name}", array, p.shape, p.dtype)
            steps = saved.get("steps", 0)
            if isinstance(steps, (int, np.integer)) and steps >= 0:
                restored.append({"steps": int(steps), **found})
            else:
                problems.append(f"{where}.steps: expected a count, got {steps!r:.40}")
        return restored

    def _restore(self, restored: Any) -> None:
        """Take over a state that was found to fit."""
        raise NotImplementedError


def misfit(where: str, array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> list[str]:
    """What to say of an array of a saved state that is not of this shape and dtype; nothing, if it is."""
    if array.shape == shape and array.dtype == dtype:
        return []
    return [f"{where}: expected shape {shape}, {dtype}, got {array.shape}, {array.dtype}"]


def check_fits(optimizer: Optimizer, p: Tensor, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise a ShapeError unless a parameter and its gradient are as they were when the optimizer was made.

    A parameter whose memory is read-only gets memory of its own.
    """
    who, array, gradient = type(optimizer).__name__, p._array, p.grad
    if array.shape != shape or array.dtype != dtype:
        raise ShapeError(
            f"{who}: a parameter of shape {shape}, {dtype}, became {array.shape}, {array.dtype}.\n"
            "  No parameter was changed. Make the optimizer again."
        )
    if gradient is not None and (gradient.shape != shape or gradient.dtype != dtype):
        raise ShapeError(
            f"{who}: the gradient of a parameter of shape {shape}, {dtype}, has {gradient.shape}, "
            f"{gradient.dtype}.\n"
            "  No parameter was changed. Assign one that fits to p.grad, or forget it: zero_grad()."
        )
    if not array.flags.writeable:
        p._array = array.copy()
        SETTINGS.count += 1
