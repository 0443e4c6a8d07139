"""Parameters in half precision: two bytes a number, which compute as float32."""

from typing import TypeVar

from ..errors import DTypeError, names_itself
from ..half import store as narrow
from .module import Module

M = TypeVar("M", bound=Module)


@names_itself
def store(module: M, kind: str = "bfloat16") -> M:
    """Keep the parameters of a module in two bytes each; returns the module.

    Layers compute with them in float32, and their gradients are float32.  Elementwise optimizers made
    afterwards step from the rounded values to rounded values: a step below about 1/512 of a number (bfloat16;
    1/4096 for float16) is lost, so it is for models in use, and for the last turns of a training.

    Parameters
    ----------
    module : Module
        Its parameters are float32; buffers stay as they are.
    kind : {"bfloat16", "float16"}, default="bfloat16"
        See `tinygrad_edu.stored`.

    Returns
    -------
    Module
        The same; ``state_dict()`` has float32 arrays of the rounded values, and ``to(np.float32)`` ends it.

    Raises
    ------
    DTypeError
        If a parameter is of another dtype; nothing was changed.
    ArgumentError
        For another kind.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> model = nn.store(nn.Linear(2, 1, rng=0))
    >>> model.weight.data.held.nbytes, model(np.ones((1, 2))).dtype
    (4, dtype('float32'))
    """
    parameters = list(module.named_parameters())
    for name, p in parameters:
        if p.dtype != "f4":
            raise DTypeError(f"{name} is {p.dtype}, and float32 is stored so. First: module.to(np.float32).")
    narrowed = [narrow(p._array, kind) for _, p in parameters]
    for (_, p), held in zip(parameters, narrowed):
        p.data = held
    return module
