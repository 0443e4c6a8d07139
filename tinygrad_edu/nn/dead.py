"""Dead units: those that are 0 whatever comes in, and so never learn again."""

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..modes import no_grad
from .activation import ReLU, ReLU6
from .module import Module
from .watch import watched


def dead_units(model: Module, *inputs: Any) -> dict[str, float]:
    """The share of units of each ReLU layer that are 0 for all inputs.

    Such a unit passes no gradient to its weights.  Too large a learning rate is the usual reason; a leaky
    relu, or He's initialization, the usual remedy.

    As a monitor of a training: ``train.fit(…, callbacks=[lambda history: print(nn.dead_units(model, x))])``.

    Parameters
    ----------
    model : Module
        Run once as in use, without gradients, and without a trace in it.
    *inputs : Tensor or array_like
        One batch; the more examples, the surer: what is 0 for all of these may not be so for others.

    Returns
    -------
    dict of str to float
        By the path of each `ReLU` and `ReLU6`, from 0 to 1.  A unit is an element of what comes out for an
        example or, of maps of shape (n, channels, height, width), a channel.  A layer that is called several
        times has the units of all calls.

    Raises
    ------
    ArgumentError
        If the model has no such layer: relu as a function, in a forward of your own, is not seen.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))
    >>> model[0].bias.data[:] = [-9.0, 9.0, 9.0, 9.0]
    >>> dead_units(model, np.random.default_rng(0).uniform(-1, 1, (100, 3)))
    {'1': 0.25}
    """
    paths = {id(module): path for path, module in model.named_modules() if isinstance(module, (ReLU, ReLU6))}
    if not paths:
        raise ArgumentError(
            f"dead_units: {type(model).__name__} has no ReLU layer. Use nn.ReLU() in place of the function "
            "relu to see its units."
        )
    dead: dict[str, list[Any]] = {path: [] for path in paths.values()}

    def note(module: Module, out: Any) -> None:
        if id(module) in paths:
            values = np.asarray(out.data)
            others = (0, 2, 3) if values.ndim == 4 else 0
            dead[paths[id(module)]].append((values == 0).all(axis=others).ravel())

    with watched(model, note), no_grad():
        model(*inputs)
    return {path: float(np.mean(np.concatenate(layers))) for path, layers in dead.items() if layers}
