"""What samples can be taken from: arrays, datasets, and what is iterated over."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .dataset import ArrayDataset, Batches, Dataset


def prepared(data: Any, dtype: np.dtype[Any] | None, shuffled: bool) -> Any:
    """Arrays as a dataset, with floating ones of that dtype; anything else as it is, if it has samples."""
    if isinstance(data, tuple) or hasattr(data, "__array__"):
        data = ArrayDataset(*data) if isinstance(data, tuple) else ArrayDataset(data)
    if isinstance(data, Batches):
        return data if dtype is None else data.floats_as(dtype)
    check_samples(data)
    if shuffled and not has_samples(data):
        advice = "Make it a list, or give it __len__ and __getitem__."
        raise ArgumentError(f"what can only be iterated over cannot be shuffled. {advice}")
    return data


def has_samples(data: Any) -> bool:
    """Whether samples can be told by their numbers."""
    return isinstance(data, (Batches, Dataset)) and not isinstance(data, (Mapping, type))


def check_samples(data: Any) -> None:
    """Raise for what gives no single samples, and say where they are to be found."""
    kind = type(data).__name__
    if isinstance(data, Mapping):
        names = ", ".join(f"data[{name!r}]" for name in list(data)[:2])
        raise ArgumentError(f"got a {kind}; expected a tuple of its arrays: DataLoader(({names}, …)).")
    if has_samples(data):
        return
    if isinstance(size := getattr(data, "batch_size", None), int):
        what, way = "the arrays that they are made of", "(x, y)"
        if hasattr(data, "dataset"):
            what, way = "its dataset", "loader.dataset"
        found = f"a {type(data).__module__.partition('.')[0]} {kind} gives batches of {size}"
        raise ArgumentError(f"expected single samples; {found}. Give {what}: DataLoader({way}, {size}).")
    if not (isinstance(data, Iterable) or callable(data)):
        raise ArgumentError(f"expected arrays (x, y, …), a dataset or an iterable of samples; got {kind}.")
