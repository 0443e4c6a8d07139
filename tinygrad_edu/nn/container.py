"""Modules made of modules."""

from collections.abc import Iterator
from typing import Any

from .module import Module


class Sequential(Module):
    """Modules applied one after the other; without any, the identity.

    Parameters
    ----------
    *layers : Module
        Or any callables; those that are modules are trained and listed.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> nn.Sequential(nn.Linear(2, 4), nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=4, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *layers: Any) -> None:
        for position, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"Sequential: layer {position} is {type(layer).__name__}, which cannot be called.")
            vars(self)[str(position)] = layer

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""
        return [layer for name, layer in vars(self).items() if name.isdigit()]

    def forward(self, x: Any) -> Any:
        """Apply the layers in order."""
        for name, layer in vars(self).items():
            if name.isdigit():
                x = layer(x)
        return x

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, key: int | slice) -> Any:
        chosen = self.layers[key]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen
