"""What the reprs of layers show of their settings."""

from collections.abc import Iterator, Mapping
from typing import Any


def unusual(layer: Any, usual: Mapping[str, Any]) -> Iterator[str]:
    """The settings of a layer that differ from the usual ones, as ``name=value``."""
    for name, value in usual.items():
        if (own := getattr(layer, name, value)) != value:
            yield f"{name}={own}"
