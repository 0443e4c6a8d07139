"""L-BFGS: Newton's method with a Hessian guessed from the last steps, for small problems without noise."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, NonFiniteError
from ..tensor import Tensor
from ..versions import WRITES
from .group import Group, Params
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, check_fits, misfit
from .setting import arguments


class LBFGS(Optimizer):
    """Steps x ← x - t H g, where the inverse Hessian H explains the last changes of the gradient.

    With s = xₖ₊₁ - xₖ, y = gₖ₊₁ - gₖ and ρ = 1 / (s · y), each of the last pairs makes H explain it too,

        H ← (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ,    beginning from H = (s · y / y · y) of the last pair.

    H itself, n × n, is never made: two loops over the pairs give H g.

    Parameters
    ----------
    params : iterable of Tensor
        They form one group; those without a gradient stay where they are.
    lr : float, at least 0, default=1.0
        The t that is tried first; in the very first step, min(1, 1 / Σ|g|) times as much is.
    max_iter : int, at least 1, default=20
        How many iterations one call of `step` makes at most.
    max_eval : int, at least 1, optional
        No iteration begins after that many evaluations of the closure; by default 5/4 of max_iter.
    tolerance_grad : float, at least 0, default=1e-7
        A step ends where no element of the gradient is larger.
    tolerance_change : float, at least 0, default=1e-9
        A step ends after an iteration in which the value, or every parameter, changed by less.
    history_size : int, at least 1, default=100
        How many pairs are kept.
    line_search_fn : {"strong_wolfe", None}, default="strong_wolfe"
        None takes t = lr always, and may diverge.

    Raises
    ------
    ArgumentError
        If there is more than one group, beside what every optimizer raises.
    NonFiniteError
        If the value or the gradient at the start of a step is not finite.

    Notes
    -----
    Differences from PyTorch: the line search is the default; a pair is used if s · y > 1e-10 y · y, whatever
    the scale of the problem, where PyTorch has s · y > 1e-10; and an interrupted step leaves the last
    accepted point.  The optimizer keeps 2 history_size + 2 vectors of the size of all parameters together,
    and allocates five more in an iteration.

    References
    ----------
    D. Liu, J. Nocedal (1989). On the limited memory BFGS method for large scale optimization.
    J. Nocedal, S. Wright (2006). Numerical optimization, 2nd edition, algorithms 7.4 and 7.5.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = LBFGS([p], max_iter=100, tolerance_change=1e-12)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2  # Rosenbrock's valley
    ...     loss.backward()
    ...     return loss
    >>> round(optimizer.step(closure), 6)
    24.2
    >>> p.data.round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        *,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = "strong_wolfe",
    ) -> None:
        max_eval = max(1, max_iter * 5 // 4) if max_eval is None else max_eval
        super().__init__(**arguments(locals()))
        if len(self.groups) > 1:
            raise ArgumentError(
                f"LBFGS has one group, since it sees all parameters as one vector; got {len(self.groups)}."
            )
        self._kinds = [(p.shape, p.dtype) for p in self.params]
        self._active: list[bool] | None = None  # which parameters had a gradient in the last step
        self._pairs: list[tuple[Any, Any]] = []  # (s, y), the oldest first
        self._last: tuple[Any, Any] | None = None  # the step before, and the gradient before it

    def step(self, closure: Callable[[], Tensor]) -> float:
        """Make up to ``max_iter`` iterations.

        Parameters
        ----------
        closure : callable
            It forgets the gradients, computes the loss, calls its ``backward`` and returns it.  It is called
            many times, and must compute the same function each time.

        Returns
        -------
        float
            The loss at the start.
        """
        self._check_params()
        x = self._gathered([p._array for p in self.params])
        first = self._evaluate(closure)
        self._watch.step(self)
        self._begin(first)
        self._minimize(x, first, closure)
        return first.value

    def _begin(self, point: Point) -> None:
        """Check the first point of a step, and forget what was learned of a function of other parameters."""
        if all(p.grad is None for p in self.params):
            raise ArgumentError(
                "LBFGS: no parameter has a gradient after the closure. It calls loss.backward(), and the "
                "loss depends on them."
            )
        wrong = np.sum(~np.isfinite(point.gradient))
        if wrong or not np.isfinite(point.value):
            raise NonFiniteError(
                f"LBFGS: the loss is {point.value}, and {wrong} elements of its gradient not finite."
            )
        active = [gradient is not None for gradient in self._gradients()]
        if self._active not in (None, active):
            self._pairs, self._last = [], None
        self._active = active

    def _minimize(self, x: Any, point: Point, closure: Callable[[], Tensor]) -> None:
        """Iterate from x, all parameters as one vector; an error leaves the last point that was taken."""
        group, evaluations = self.groups[0], 1

        def along(t: float) -> Point:
            nonlocal evaluations
            evaluations += 1
            self._place(x + t * d)
            there = self._evaluate(closure)
            return there._replace(t=t, slope=float(there.gradient @ d))

        try:
            for iteration in range(1, group.max_iter + 1):
                if np.abs(point.gradient).max() <= group.tolerance_grad:
                    break
                self._learn(point.gradient, group)
                d = self._direction(point.gradient)
                start = point._replace(t=0.0, slope=float(point.gradient @ d))
                if start.slope > -group.tolerance_change:
                    break
                point = self._search(along, start, last=iteration == group.max_iter)
                s = point.t * d
                x, self._last = x + s, (s, start.gradient)
                still = np.abs(s).max() <= group.tolerance_change
                flat = abs(point.value - start.value) < group.tolerance_change
                if evaluations >= group.max_eval or still or flat:
                    break
        finally:
            self._place(x)

    def _search(self, along: Callable[[float], Point], start: Point, last: bool) -> Point:
        """The next point along the direction; without a line search, the last need not be evaluated."""
        group = self.groups[0]
        t = group.lr if self._last else group.lr * min(1.0, 1 / float(np.abs(start.gradient).sum()))
        if group.line_search_fn:
            return strong_wolfe(along, start, t)
        return start._replace(t=t) if last else along(t)

    def _learn(self, gradient: Any, group: Group) -> None:
        """Keep the pair of the step before, if the function curved upwards along it."""
        if self._last is None:
            return
        s, y = self._last[0], gradient - self._last[1]
        if s @ y > 1e-10 * (y @ y):
            self._pairs = [*self._pairs, (s, y)][-group.history_size :]

    def _direction(self, gradient: Any) -> Any:
        """-H g, by the two loops."""
        q, shares = -gradient, []
        for s, y in reversed(self._pairs):
            shares.append(share := (s @ q) / (s @ y))
            q -= share * y
        if self._pairs:
            s, y = self._pairs[-1]
            q *= (s @ y) / (y @ y)
        for (s, y), share in zip(self._pairs, reversed(shares)):
            q += (share - (y @ q) / (s @ y)) * s
        return q

    # ---- all parameters as one vector ----------------------------------------------------------------------

    def _check_params(self) -> None:
        for p, (shape, dtype) in zip(self.params, self._kinds):
            check_fits(self, p, shape, dtype)

    def _gathered(self, arrays: list[Any]) -> Any:
        return np.concatenate([a.reshape(-1) for a in arrays])

    def _place(self, x: Any) -> None:
        ends = np.cumsum([math.prod(shape) for shape, _ in self._kinds])
        for p, values, (shape, _) in zip(self.params, np.split(x, ends[:-1]), self._kinds):
            if p.requires_grad and p.shape == shape:
                WRITES.mark(p._array)
                p._array[...] = values.reshape(p.shape)

    def _evaluate(self, closure: Callable[[], Tensor]) -> Point:
        loss = closure()
        if not isinstance(loss, Tensor):
            raise DTypeError(
                f"LBFGS: the closure returns the loss, a Tensor; got {type(loss).__name__}. Does it end with "
                "return loss?"
            )
        self._check_params()
        gradients = [
            np.zeros(*kind) if gradient is None else gradient._array
            for gradient, kind in zip(self._gradients(), self._kinds)
        ]
        return Point(0.0, float(loss.item()), 0.0, self._gathered(gradients))

    def _gradients(self) -> list[Tensor | None]:
        """The gradients of the parameters that learn, None for others."""
        return [p.grad if p.requires_grad else None for p in self.params]

    # ---- state ---------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, list[Any]]:
        """The pairs, the oldest first, and the last step with the gradient before it, if there was one."""
        last = [self._last] if self._last else []
        return {
            "s": [s.copy() for s, _ in self._pairs],
            "y": [y.copy() for _, y in self._pairs],
            "step": [step.copy() for step, _ in last],
            "gradient": [gradient.copy() for _, gradient in last],
        }

    def _check_state(self, state: Any, groups: list[Group], problems: list[str]) -> dict[str, list[Any]]:
        like = self._gathered([np.empty(shape, dtype) for shape, dtype in self._kinds])
        restored = {name: [np.array(v) for v in state[name]] for name in ("s", "y", "step", "gradient")}
        for name, vectors in restored.items():
            for i, v in enumerate(vectors):
                problems += misfit(f"state.{name}[{i}]", v, like.shape, like.dtype)
        s, y, step, gradient = counts = [len(vectors) for vectors in restored.values()]
        if s != y or step != gradient or step > 1:
            problems.append(
                f"state: expected as many s as y, and one step with its gradient or none; got {counts}"
            )
        return restored

    def _restore(self, restored: dict[str, list[Any]]) -> None:
        self._pairs = list(zip(restored["s"], restored["y"]))
        self._active = None
        self._last = next(zip(restored["step"], restored["gradient"]), None)
