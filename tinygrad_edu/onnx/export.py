"""Export: a function or module, traced at two batch sizes, as a file of ONNX."""

import inspect
from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np

from ..arrays import plain
from ..compiler.program import Check, Live, Program, Ref
from ..compiler.tracing import names_of_arguments
from ..entry import name_of
from ..errors import ArgumentError, ExportError, ShapeError, names_itself
from ..io.atomic import atomic_write
from ..nn.module import Module
from ..tensor import Tensor
from . import elementwise, layers, losses, places, recurrent, reductions, shapes
from .file import content, package
from .graph import Graph, Node, Value
from .sizes import Pair, Size
from .table import CONVERTERS, SIZED
from .trace import Trace

CONVERTERS_OF = (elementwise, layers, losses, places, recurrent, reductions, shapes)  # which file them
BatchAxis = int | None | tuple[int | None, ...]


@names_itself
def export(
    function: Callable[..., Any], example: Any, path: str | PathLike[str], *, batch_axis: BatchAxis = 0
) -> None:
    """Write a function or a module as a file of ONNX, which other programs run without this package.

    Parameters
    ----------
    function : Module or callable
        A module is exported as it is in use, ``eval()``, and left in the mode that it is in.  A function is
        one of arrays; the modules that it reaches are in use, too.
    example : array_like, or tuple of them
        What to call it with: shapes and dtypes count, and the values do not.
    path : path
        The file, which is written as a whole or not at all.  Its weights have the paths of the parameters as
        names, its inputs those of the function's arguments, its outputs ``output``, ``output.0``, ….
    batch_axis : int, None or tuple of these, default=0
        Which axis of the inputs counts examples: its length is left open, and named ``batch``.  A tuple gives
        an axis for each input, None one that is fixed; None alone fixes all.

    Raises
    ------
    ExportError
        If ONNX lacks an operation, with the operation, the layer and what to do; if a value depends on the
        batch otherwise than by its length; if the shape of a result depends on values.
    TraceError
        If a value of an array decides what is computed, or becomes a Python number.

    Notes
    -----
    The function is traced with the example, and again with one example more.  A number that grew in
    proportion follows the batch in the file, and one that changed otherwise is refused.  Branches of Python
    that depend on shapes are those of the example, which is what a file can hold.

    Operators are those of opset 20.  Results agree with onnxruntime's to the rounding of float32; of float64
    onnxruntime lacks some kernels, convolutions among them: export ``model.to(np.float32)``.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> model = tg.nn.Sequential(tg.nn.Linear(4, 8, rng=0), tg.nn.ReLU(), tg.nn.Linear(8, 3, rng=0))
    >>> tg.onnx.export(model, np.zeros((1, 4), np.float32), "model.onnx")  # doctest: +SKIP
    """
    package()  # before any work
    graph, inputs, outputs, title = written(function, example, batch_axis)
    text = content(graph, inputs, outputs, title)
    with atomic_write(path) as file:
        file.write(text)


def written(
    function: Callable[..., Any], example: Any, batch_axis: BatchAxis
) -> tuple[Graph, list[Value], list[Value], str]:
    """The graph of a function or module, its inputs and outputs, and its title."""
    if not callable(function):
        raise ArgumentError(f"a module or function is expected; got a {type(function).__name__}.")
    args = tuple(map(array_of, example if isinstance(example, tuple) else (example,)))
    axes = batch_axis if isinstance(batch_axis, tuple) else (batch_axis,) * len(args)
    batch = batch_of(args, axes)
    names = argument_names(function, len(args))
    first = Trace(function, args, names)
    second = first if batch is None else Trace(function, tuple(map(with_one_more, args, axes)), names)
    writer = Writer(first, second, Pair((batch or 1, 1 if batch is None else batch + 1)))
    title = type(function).__name__ if isinstance(function, Module) else name_of(function)
    inputs, outputs = writer.write(axes)
    return writer.graph, inputs, outputs, title if title.isidentifier() else "function"


def array_of(value: Any) -> Any:
    """An input as a plain array."""
    return value.detach().numpy() if isinstance(value, Tensor) else plain(value, "example")


def batch_of(args: tuple[Any, ...], axes: tuple[int | None, ...]) -> int | None:
    """The number of examples, which is the same for all inputs; None if it is fixed."""
    if len(axes) != len(args):
        raise ArgumentError(f"batch_axis has {len(axes)} entries, for {len(args)} inputs.")
    lengths = []
    for i, (array, axis) in enumerate(zip(args, axes)):
        if axis is None:
            continue
        if not -array.ndim <= axis < array.ndim:
            raise ShapeError(
                f"batch_axis {axis} is none of input {i}, of shape {array.shape}. None fixes its shape."
            )
        lengths.append(array.shape[axis])
    if lengths and (min(lengths) < 1 or len(set(lengths)) > 1):
        raise ShapeError(f"inputs of one number of examples, at least 1, are expected; got {lengths}.")
    return lengths[0] if lengths else None


def with_one_more(array: Any, axis: int | None) -> Any:
    """An array with its first example once more at the end."""
    if axis is None:
        return array
    return np.concatenate([array, np.take(array, [0], axis)], axis)


def argument_names(function: Any, count: int) -> tuple[str, ...]:
    """What the inputs are called: as the function's arguments."""
    known = names_of_arguments(function.forward if isinstance(function, Module) else function)
    return tuple(known[i] if i < len(known) else f"x{i}" for i in range(count))


class Writer:
    """Writes the calls of a program, as both traces have them, one after the other."""

    def __init__(self, first: Trace, second: Trace, pair: Pair) -> None:
        self.first, self.second, self.pair = first, second, pair
        self.program: Program = first.program
        self.graph = Graph()
        self.values: dict[Ref, Any] = {}
        self.depending = first.depends()

    def write(self, axes: Any) -> tuple[list[Value], list[Value]]:
        """Write all steps that are needed; returns the inputs and outputs."""
        inputs = []
        for ref, axis in zip(self.first.arguments, axes):
            value = self._described(ref, self.graph.unique(self.program.inputs[ref].name), "the inputs")
            inputs.append(value)
            self.values[ref] = value
            if axis is not None and self.graph.batch_of is None:
                self.graph.batch_of = value, int(axis) % value.ndim
        a, b, needed = self.program.steps, self.second.program.steps, self.first.needed()
        for i, step in enumerate(a):
            other = b[i] if i < len(b) else None
            if type(step) is not type(other) or getattr(step, "function", 0) != getattr(other, "function", 0):
                raise ExportError(f"What is computed depends on the batch, in {step_place(step)}.")
            self.graph.layer = self.first.layers[i].strip("'").replace(".", "/").removeprefix("model")
            if needed[i]:
                self._write(step, other)
        if len(a) != len(b):
            raise ExportError(f"What is computed depends on the batch, after {step_place(a[-1])}.")
        return inputs, self._outputs()

    def _described(self, ref: Ref, name: str, where: str) -> Value:
        """An array of the program, under a name."""
        a, b = self.program.values[ref.number], self.second.program.values[ref.number]
        return Value(name, self.pair.shape(np.shape(a), np.shape(b), where), a.dtype)

    def _outputs(self) -> list[Value]:
        outputs = []
        for name, ref in self.first.outputs:
            inner = self.graph.name(self._value(ref, "the results"))
            outer = self.graph.unique(name)
            self.graph.nodes.append(Node("Identity", [inner], [outer], {}))
            outputs.append(self._described(ref, outer, "the results"))
        if not outputs:
            raise ExportError("Nothing is returned that depends on the inputs.")
        return outputs

    def _write(self, step: Any, other: Any) -> None:
        where = step_place(step)
        if isinstance(step, Live):
            raise ExportError(f"An optimizer's step cannot be exported ({where}).")
        if isinstance(step, Check):
            if step.ref in self.depending:
                raise ExportError(
                    f"A value decides what is computed, or the shape of what is, in {where}: a file holds "
                    "one way.\n  Write np.where(condition, a, b) in the place of a branch."
                )
            return
        fixed = self.depending.isdisjoint((*step.outputs, *step.writes))
        if fixed and (step.writes or step.function not in CONVERTERS):
            return  # computed when it is traced: a constant
        if step.writes:
            raise ExportError(
                f"{called(step)} writes into an array, in {where}: ONNX knows no writing. Compute a new "
                "array."
            )
        converter = CONVERTERS.get(step.function)
        if converter is None:
            raise ExportError(
                f"{called(step)} has no operator in ONNX that this package knows, in {where}.\n"
                "  Compute it outside of the model, or by functions that have one."
            )
        args, kwargs = self.pair.tree((step.args, step.kwargs), (other.args, other.kwargs), where)
        self._convert(step, converter, args, kwargs, where)

    def _convert(self, step: Any, converter: Any, args: Any, kwargs: Any, where: str) -> None:
        """Write a call, and note what its outputs are called."""
        graph = self.graph
        described = [self._described(ref, "", where) for ref in step.outputs]
        graph.where, graph.outputs = where, tuple((v.shape, v.dtype) for v in described)
        args, kwargs = self._with_values((args, kwargs), where, step.function in SIZED)
        try:
            inspect.signature(converter).bind(graph, *args, **kwargs)
        except TypeError as error:
            raise graph.refuse(
                f"{called(step)} with these arguments has no operator in ONNX ({error})"
            ) from None
        names = converter(graph, *args, **kwargs)
        names = names if isinstance(names, tuple) else (names,)
        for ref, value, name in zip(step.outputs, described, names):
            self.values[ref] = value._replace(name=name)

    def _with_values(self, tree: Any, where: str, sized: bool) -> Any:
        """Arguments with the arrays of the graph in the place of references."""
        if type(tree) is Ref:
            return self._value(tree, where)
        if type(tree) is Size and not sized:
            raise ExportError(
                f"The length of the batch enters a computation in {where}, and cannot be left open there.\n"
                "  Export with batch_axis=None for a fixed batch."
            )
        if type(tree) in (list, tuple):
            return type(tree)(self._with_values(t, where, sized) for t in tree)
        if type(tree) is dict:
            return {k: self._with_values(t, where, sized) for k, t in tree.items()}
        if type(tree) is slice:
            return slice(*(self._with_values(t, where, sized) for t in (tree.start, tree.stop, tree.step)))
        return tree

    def _value(self, ref: Ref, where: str) -> Any:
        """An array of the program: one that was written, a weight, or a constant of the trace."""
        if ref not in self.values:
            source = self.program.inputs.get(ref)
            a, b = (np.asarray(t.program.values[ref.number]) for t in (self.first, self.second))
            array = self.pair.array(a, b, where)
            if source is not None and source.kind == "state":
                array = Value(self.graph.weight(source.name, array), array.shape, array.dtype)
            elif isinstance(array, np.ndarray):
                array = Value(self.graph.constant(array), array.shape, array.dtype)
            else:
                array = Value(self.graph.name(array), self.pair.shape(a.shape, b.shape, where), a.dtype)
            self.values[ref] = array
        return self.values[ref]


def called(step: Any) -> str:
    """What a user calls the function of a step."""
    return step.function if isinstance(step.function, str) else name_of(step.function)


def step_place(step: Any) -> str:
    """Where a step was made."""
    return getattr(step, "where", "") or "the function"
