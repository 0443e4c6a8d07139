"""A step of a training as a compiled function: the same batches, the same bits, in less time."""

from typing import Any

import numpy as np

from ..optim.clip import clip_grad_norm
from ..tensor import Tensor
from .batches import loss_of, no_tensor
from .settings import StepSettings


def compiled_step(model: Any, loss: Any, optimizer: Any, settings: StepSettings) -> Any:
    """A function of a batch that makes a step, and returns the loss and the outputs; it is compiled.

    Where the loss is not finite it stops before anything is changed, unless ``on_nan`` is "ignore".
    """
    from ..compiler import compile

    norm, looks = settings.clip_norm, settings.on_nan != "ignore"

    def step(batch: Any) -> Any:
        optimizer.zero_grad()
        outputs = model(batch[0])
        value, _ = loss_of(loss, outputs, batch)
        if not isinstance(value, Tensor):
            raise no_tensor(value)
        if looks and not np.isfinite(value):
            return value, outputs
        value.backward()
        if norm is not None:
            clip_grad_norm(optimizer.params, norm)
        optimizer.step()
        return value, outputs

    return compile(step)
