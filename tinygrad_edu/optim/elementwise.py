"""Optimizers that update each element by itself.

Each states its step twice: as the equations of its paper, in `equations`, and as a dozen NumPy calls that
compute the same in place, in `update`.  Parameters are updated in packs, which `pack` makes: several small
ones as one vector, and large ones in portions.  Either way a step allocates nothing, and gives the same bits.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from numpy import add, multiply

from .group import Group, Params
from .optimizer import Optimizer
from .pack import packed

Step = tuple[Any, dict[str, Any]]  # what is subtracted from a parameter, and what is remembered from now on


class Elementwise(Optimizer):
    """Base of the optimizers whose update of an element needs that element alone.

    Subclasses write `equations` and, where speed matters, `update` with its `coefficients`.  Weight decay and
    an L1 penalty are applied here, the same for all of them: coupled, as terms of the gradient, g ← g +
    weight_decay · p + l1 · sign(p); or decoupled, where ``decoupled`` is set, p ← p (1 - lr · weight_decay)
    before the update.  L1 is always coupled.  With ``maximize`` the sign of g is turned around before.

    Notes
    -----
    A complex parameter is a pair of real ones: of each element the real and the imaginary part are updated as
    two elements are, as in PyTorch.

    Parameters stay where they are in memory, whoever shares it: a step writes into their arrays.  It is made
    as a whole or, if a parameter or gradient does not fit, not at all.  Only floating-point events that are
    made errors, by ``np.errstate`` or a filter of warnings, can break it off in the middle.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> class SignSGD(Elementwise):
    ...     @staticmethod
    ...     def equations(group, t, g):
    ...         return group.lr * np.sign(g), {}
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = SignSGD([p], lr=0.25)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    Tensor([0.75, 1.25])

    The same in place:

    >>> class InPlace(SignSGD):
    ...     def coefficients(self, group, t):
    ...         return [group.lr]
    ...     def update(self, group, t, g, d, state, scratch, numbers):
    ...         (lr,) = numbers
    ...         np.sign(g, d)
    ...         np.multiply(d, lr, d)
    >>> InPlace([p], lr=0.25).step()
    >>> p.detach()
    Tensor([0.5, 1.5])
    """

    decoupled = False
    takes_complex = True

    def __init__(self, params: Params, **settings: Any) -> None:
        super().__init__(params, **settings)
        self._packs = packed(self.groups, self)

    def step(self) -> None:
        """Update every parameter that has a gradient; the others, and what is remembered of them, stay."""
        found, complete = [], True
        for pack in self._packs:  # all of them are checked before one is changed
            found.append((pack, pack.find(self)))
            complete = complete and pack.complete
        self._watch.step(self, complete)
        for pack, gradients in found:
            pack.update(self, gradients)

    @classmethod
    def slots(cls, group: Group) -> dict[str, float]:
        """What is remembered of each element: by default what `equations` need beside g, 0 at first."""
        return dict.fromkeys(_needed(cls.equations), 0.0)

    @staticmethod
    def equations(group: Group, t: int, g: Any, *_: Any, **slots: Any) -> Step:
        """The t-th step of a parameter, from 1, as the paper writes it.

        Parameters
        ----------
        group : Group
            Its attributes are the settings.
        t : int
        g : ndarray
            The gradient, with the coupled terms.
        **slots : ndarray
            What is remembered, each under the name that `slots` gives it.

        Returns
        -------
        step : ndarray
            What is subtracted from the parameter.
        slots : dict of ndarray
            What is remembered from now on.
        """
        raise NotImplementedError

    def coefficients(self, group: Group, t: int) -> list[float]:
        """The numbers that `update` needs in the t-th step of a parameter, from 1."""
        return []

    def phase(self, group: Group, t: int) -> Any:
        """Which of several ways `update` takes in the t-th step, if that depends on t: none comes twice."""
        return None

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """Write into d the t-th step, which is subtracted from the parameters, given the gradient g.

        ``state`` are the vectors that `slots` names; ``scratch`` is another to compute in; ``numbers`` are
        the `coefficients` for t, as 0-d arrays of the dtype of the parameters.  g must not be changed.  By
        default this evaluates the `equations`.
        """
        slots = self.slots(group)
        d[...], after = self.equations(group, t, g, **dict(zip(slots, state)))
        for name, remembered in zip(slots, state):
            remembered[...] = after[name]

    # ---- state ---------------------------------------------------------------------------------------------

    def _state(self) -> list[dict[str, Any]]:
        """For each parameter its count of steps, and its slots in its shape."""
        found = {id(p): pack.state_of(i) for pack in self._packs for i, p in enumerate(pack.params)}
        return [found[id(p)] for p in self.params]

    def _restore(self, restored: list[dict[str, Any]]) -> None:
        by_parameter = {id(p): one for p, one in zip(self.params, restored)}
        for pack in self._packs:
            pack.restore(self.slots(pack.group), [by_parameter[id(p)] for p in pack.params])


@cache
def _needed(equations: Callable[..., Step]) -> list[str]:
    """The names of the arguments after g that have no default."""
    after = list(inspect.signature(equations).parameters.values())[3:]
    return [p.name for p in after if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]


def average(mean: Any, decay: Any, rest: Any, new: Any, scratch: Any) -> None:
    """In place mean ← decay · mean + rest · new, a running mean; ``scratch`` may be ``new`` itself."""
    add(multiply(mean, decay, mean), multiply(new, rest, scratch), mean)
