"""Benches: networks with a compiled step, kept in this process for the next fit of the same kind.

A step is traced before it is compiled, which takes as long as a hundred steps of a small network.
`cross_val_score` and `GridSearchCV` fit the same layers again and again; the first fit traces, and the others
put their weights on its bench, train there, and take them back.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ..train.compiled import Kept
from . import parts

MOST = 8  # benches that are kept
LARGEST = 2**18  # parameters of a network that is kept: a larger one needs memory, and gains little
TRACES = 4  # of a step that is kept: with those of another fit they are not more than a step may have

# The one thing of this process that changes: a cache of computations, none of which depends on it.
_KEPT: dict[Any, "Bench"] = {}
_LOCK = Lock()


class Bench:
    """A network of its own, its loss and its optimizer, with the step that was compiled of them.

    Parameters
    ----------
    module : Module
    loss : callable
    optimizer : Optimizer
        The bench has copies of all three.
    """

    def __init__(self, module: Any, loss: Any, optimizer: Any) -> None:
        made = copy.deepcopy({"module": module, "optimizer": optimizer})
        self.module, self.optimizer, self.loss = made["module"], made["optimizer"], loss
        self.optimizer._kept = self.kept = Kept()

    @contextmanager
    def holding(self, module: Any, optimizer: Any) -> Iterator[None]:
        """What was learned elsewhere comes here, and goes back afterwards, whatever happens."""
        self.module.load_state_dict(module.state_dict())
        self.optimizer.load_state_dict(optimizer.state_dict())
        self.kept.again()
        try:
            yield
        finally:
            self.module.zero_grad()
            module.load_state_dict(self.module.state_dict())
            optimizer.load_state_dict(self.optimizer.state_dict())


def key_of(estimator: Any, x: Any, y: Any, weighted: bool, settings: dict[str, Any]) -> Any:
    """What the bench of a training is called: all that its step depends on but weights and the rate.

    It is None where parts are the user's own, which may hold anything.
    """
    model, named = estimator.model, (estimator.activation, estimator.optimizer)
    if callable(model) or any(map(callable, named)) or estimator.loss is not None:
        return None
    sizes = x.shape[1], *parts.hidden_sizes(model), estimator._targets.width
    in_rows = parts.is_sparse(x) or x.flags.c_contiguous, y.flags.c_contiguous
    forms = x.dtype, y.shape[1:], y.dtype, in_rows, weighted
    step = settings["compile"], settings.get("clip_norm"), settings.get("accumulate", 1)
    return type(estimator._targets), sizes, *map(str.lower, named), estimator.weight_decay, forms, step


def forget() -> None:
    """Forget all benches: the next fits trace their steps."""
    with _LOCK:
        _KEPT.clear()


@contextmanager
def bench_of(key: Any, module: Any, loss: Any, optimizer: Any) -> Iterator[Bench]:
    """The bench for trainings with this key, which nobody else has meanwhile; with what is to be trained.

    Parameters
    ----------
    key : hashable
        As `key_of` says it.
    """
    with _LOCK:
        bench = _KEPT.pop(key, None)
    bench = bench or Bench(module, loss, optimizer)
    with bench.holding(module, optimizer):
        yield bench
    if (
        sum(p.size for p in bench.module.parameters()) <= LARGEST
        and len(bench.kept.met | bench.kept.known) <= TRACES
    ):
        with _LOCK:
            _KEPT[key] = bench
            while len(_KEPT) > MOST:
                del _KEPT[next(iter(_KEPT))]
