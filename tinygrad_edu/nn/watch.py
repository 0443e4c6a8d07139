"""A look at what comes out of the modules of a model while it runs, without a trace in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .module import Module


@contextmanager
def watched(model: Module, note: Callable[[Module, Any], None]) -> Iterator[None]:
    """A block in which the model is in use, and ``note(module, out)`` gets what each module returns.

    A module is noted after those inside it, each time that it is called.  At the end of the block every
    module has the attributes that it had, whatever happened; running statistics do not move, for nothing is
    in training.

    Parameters
    ----------
    model : Module
    note : callable
    """
    modules = list(model.modules())
    before = [dict(vars(module)) for module in modules]

    def noting(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            out = forward(*args, **kwargs)
            note(module, out)
            return out

        return run

    try:
        model.eval()
        for module in modules:
            vars(module)["forward"] = noting(module, module.forward)
        yield
    finally:
        for module, attributes in zip(modules, before):
            vars(module).clear()
            vars(module).update(attributes)
