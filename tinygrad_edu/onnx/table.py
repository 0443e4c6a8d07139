"""Which functions ONNX has, and how each is written there: a converter for each function, filed under it.

A converter is called with the graph that is written, and with the arguments of the call as the function takes
them: a `graph.Value` for each array of the program, a `sizes.Size` for a number that follows the batch, and
everything else as it was.  It returns the name of what it has written, or a tuple of names.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ..entry import Op

Converter = TypeVar("Converter", bound=Callable[..., Any])

CONVERTERS: dict[Any, Callable[..., Any]] = {}  # methods of arrays by their names
SIZED: set[Any] = set()  # those functions that know what to do with a size that follows the batch
# For functions of which ONNX has a part: a function of the arguments that gives another body, or None.
OPENED: dict[Any, Callable[..., Any]] = {}


def converts(*functions: Any, sized: bool = False) -> Callable[[Converter], Converter]:
    """Decorator of the converter of some functions, which takes sizes that follow the batch if it is
    ``sized``.
    """

    def file(converter: Converter) -> Converter:
        for function in functions:
            CONVERTERS[key_of(function)] = converter
            if sized:
                SIZED.add(key_of(function))
        return converter

    return file


def key_of(function: Any) -> Any:
    """What a function is filed under: a primitive's own function, and not what takes its calls."""
    entry = getattr(function, "entry", None)
    return entry.function if isinstance(entry, Op) else function
