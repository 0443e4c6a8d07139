"""Whether the parameters of an optimizer are still those of its model."""

import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import ArgumentError
from ..tensor import Tensor


class Owner:
    """The module whose parameters a group has; held weakly, as a model may hold its optimizer."""

    def __init__(self, module: Any) -> None:
        self.module = weakref.ref(module)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Owner | None":
        twin = memo.get(id(self.module()))  # that of the copy is the copy, if both are copied
        return None if twin is None else Owner(twin)

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return type(None), ()  # a pickle of the optimizer alone does not take the model along


def owner_of(params: Any) -> Owner | None:
    """Whose parameters these are, if they came from ``module.parameters()``."""
    module = getattr(params, "module", None)
    return None if module is None else Owner(module)


class Watch:
    """Notices that parameters are no longer their model's, which has others instead, and get no gradient.

    Where the optimizer itself forgets the gradients, such parameters have none at the next step.  Where
    somebody else forgets them, as ``model.zero_grad()`` does, they keep their last ones: so the models are
    looked at in every eighth step, too.
    """

    def __init__(self) -> None:
        self.kept = 0  # how many steps there were since the optimizer last forgot the gradients
        self._looked: list[int] = []  # which parameters had no gradient when the models were last looked at

    def step(self, optimizer: Any, complete: bool = False) -> None:
        """Count a step, before it is made; ``complete`` says that all parameters have gradients."""
        due = self.kept % 8 == 0 and self.kept > 0
        if due or not complete:
            self._look(optimizer, due)
        self.kept += 1

    def _look(self, optimizer: Any, due: bool) -> None:
        """Raise an ArgumentError if parameters were replaced; ``due`` if they may have gradients even so."""
        owned = [(group._owner.module(), group) for group in optimizer.groups if group._owner is not None]
        owned = [(module, group) for module, group in owned if module is not None]
        without = [id(p) for p in optimizer.params if p.requires_grad and p.grad is None] if owned else []
        if not owned or (not due and without == self._looked):
            return
        own = [(f"{type(m).__name__}.{name}", p) for m, _ in owned for name, p in m.named_parameters()]
        forgotten, _ = compared(own, optimizer.params)
        _, foreign = compared(own, [p for _, group in owned for p in group.params])
        if forgotten and any(due or id(p) in without for p in foreign):
            who = type(optimizer).__name__
            raise ArgumentError(f"{who}: {replaced(forgotten, foreign)} Make the optimizer again.")
        self._looked = without


def compared(own: list[tuple[str, Any]], params: Sequence[Tensor]) -> tuple[list[str], list[Tensor]]:
    """What a model and an optimizer have of each other's parameters.

    Parameters
    ----------
    own : list of (str, Tensor)
        The model's parameters, with their names.
    params : sequence of Tensor
        The optimizer's.

    Returns
    -------
    forgotten : list of str
        The model's that ask for gradients, and that the optimizer lacks.
    foreign : list of Tensor
        The optimizer's that the model lacks.
    """
    known, present = {id(p) for p in params}, {id(p) for _, p in own}
    forgotten = [name for name, p in own if p.requires_grad and id(p) not in known]
    return forgotten, [p for p in params if id(p) not in present]


def replaced(forgotten: list[str], foreign: list[Tensor]) -> str:
    """What to say of parameters that were replaced after the optimizer was made."""
    verb = "is" if len(forgotten) == 1 else "are"
    shapes = listed(p.shape for p in foreign)
    return (
        f"{listed(forgotten)} {verb} not among the optimizer's parameters, and it has others, of shape "
        f"{shapes}, which the model no longer has: they were replaced after it was made."
    )


def listed(things: Iterable[Any]) -> str:
    """A few of them, and how many more there are."""
    shown = [str(thing) for thing in things]
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
