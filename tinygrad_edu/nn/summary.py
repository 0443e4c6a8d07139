"""What a model consists of, as a table: layers, the shapes of what comes out, numbers of parameters."""

from typing import Any

from ..errors import ArgumentError
from ..modes import no_grad
from .module import Module
from .tree import Row, rows_as_html
from .watch import watched


class Table(str):
    """A text that shows itself as it is printed, and in a notebook as a tree that opens."""

    rows: list[Row]
    total: str
    __repr__ = str.__str__

    def _repr_html_(self) -> str:
        return rows_as_html(self.rows, self.total)


def summary(model: Module, *inputs: Any) -> Table:
    """A table of the modules of a model, in order, with their output shapes and numbers of parameters.

    Parameters
    ----------
    model : Module
    *inputs : Tensor or array_like, optional
        One batch, to run through the model for the shapes: as in use, without gradients, and without a trace
        in the model. Without it the table has no shapes.

    Returns
    -------
    str
        A module that is called several times shows the shape of its last output.  What is used in two places
        is counted once, at the first.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    >>> print(nn.summary(model, np.zeros((64, 784))))
    layer  kind        output     parameters
    ----------------------------------------
           Sequential  (64, 10)
    0      Linear      (64, 128)     100,480
    1      ReLU        (64, 128)
    2      Linear      (64, 10)        1,290
    ----------------------------------------
    parameters: 101,770 (all learned), 407,080 bytes
    """
    if not isinstance(model, Module):
        raise ArgumentError(f"summary: model is a Module; got {model!r}.")
    shapes = _output_shapes(model, inputs) if inputs else {}
    seen: set[int] = set()
    rows: list[Row] = [("layer", "kind", "output", "parameters")]
    for path, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        seen.update(map(id, own))
        count = sum(p.size for p in own)
        rows.append((path, type(module).__name__, shapes.get(id(module), ""), f"{count:,}" if count else ""))
    parameters = list(model.parameters())
    total, learned = sum(p.size for p in parameters), sum(p.size for p in parameters if p.requires_grad)
    share = "all learned" if learned == total else f"{learned:,} learned, {total - learned:,} frozen"
    size = sum(p.data.nbytes for p in parameters) + sum(b.data.nbytes for b in model.buffers())
    told = f"parameters: {total:,} ({share}), {size:,} bytes"
    table = Table(_as_table(rows, told))
    table.rows, table.total = rows[1:], told
    return table


def _output_shapes(model: Module, inputs: tuple[Any, ...]) -> dict[int, str]:
    """The shapes of what comes out of each module, by the module's id."""
    shapes: dict[int, str] = {}

    def note(module: Module, out: Any) -> None:
        shapes[id(module)] = _shape(out)

    with watched(model, note), no_grad():
        model(*inputs)
    return shapes


def _shape(out: Any) -> str:
    if isinstance(out, (tuple, list)):
        return ", ".join(_shape(o) for o in out if o is not None)
    return str(tuple(out.shape)) if hasattr(out, "shape") else type(out).__name__


def _as_table(rows: list[Row], total: str) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    aligned = [[*map(str.ljust, row[:3], widths), row[3].rjust(widths[3])] for row in rows]
    lines, rule = ["  ".join(row).rstrip() for row in aligned], "-" * (sum(widths) + 6)
    return "\n".join([lines[0], rule, *lines[1:], rule, total])
