"""Where in a model an error arose."""

from ..errors import TinygradError
from .walk import Nested, walk


def locate(error: TinygradError, module: Nested) -> None:
    """Name the layer in which an error arose by its path, from this module on its way out to the caller."""
    if error.origin is None:
        error.origin = module, str(error)
    layer, text = error.origin
    if path := next((path for path, inner in walk("", module, refuse=False) if inner is layer), ""):
        kind = type(layer).__name__
        path = path if path.strip("0123456789.") else f"layer {path}"
        error.args = (path + text.removeprefix(kind) if text.startswith(f"{kind} ") else f"{path}: {text}",)
