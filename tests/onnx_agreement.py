"""Every layer's export beside onnxruntime: ``python -m tests.onnx_agreement`` prints a table.

The configurations are those of ``tests/oracle``, in float32 and in use.  Each is exported with its batch left
open where it has one, and run by onnxruntime with other numbers than it was traced with, and another batch.
"""

import inspect
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as tg
from tests.oracle.cases import Part, leaves
from tests.oracle.configurations import CASES
from tests.oracle.test_oracle import RENAMED
from tinygrad_edu import nn

FAMILIES = "layers", "sequences", "activations", "losses"
SEQUENCES = ("RNN", "LSTM", "GRU", "MultiheadAttention", "Transformer")
TOLERANCE = 1e-5  # of the output's scale


class Agreement(NamedTuple):
    """The difference of a configuration over its output's scale, and whether its batch is open."""

    difference: float
    is_open: bool


def made(kind: str, args: Any, settings: dict[str, Any]) -> Any:
    """A layer in float32."""
    parts = [made(a.kind, a.args, a.settings) if isinstance(a, Part) else a for a in args]
    named = {
        RENAMED.get(k, k): made(v.kind, v.args, v.settings) if isinstance(v, Part) else v
        for k, v in settings.items()
    }
    if "rng" in inspect.signature(getattr(nn, kind)).parameters:
        named["rng"] = 0
    return getattr(nn, kind)(*parts, **named)


def single(value: Any) -> Any:
    """Nested arrays, of which the floating ones are float32."""
    if isinstance(value, (tuple, list)):
        return tuple(map(single, value))
    return value.astype(np.float32) if value.dtype.kind == "f" else value


def axes_of(case: Any, inputs: tuple[Any, ...]) -> Iterator[Any]:
    """Which axis may count examples, the likeliest first; None at the end."""
    batch_first = case.settings.get("batch_first", False)
    if case.kind.startswith(SEQUENCES) and not case.kind.endswith("Cell") and not batch_first:
        yield 1
    elif not (case.kind.startswith(SEQUENCES[:3]) and batch_first and len(leaves(inputs)) > 1):
        yield 0
    if batch_first and len(leaves(inputs)) > 1:
        yield (0, *[1] * (len(leaves(inputs)) - 1))
    yield None


def model_of(case: Any) -> tuple[Any, tuple[Any, ...]]:
    """A function of flat arrays, and these."""
    module = made(case.kind, case.draw("args"), single_settings(case.draw("settings")) | case.ours).eval()
    inputs, call = single(case.draw("inputs")), case.draw("call")
    flat = leaves(inputs)

    def function(*arrays: Any) -> Any:
        rest = iter(arrays)
        build = lambda part: tuple(map(build, part)) if isinstance(part, tuple) else next(rest)
        return module(*map(build, inputs), **call)

    return function, tuple(flat)


def single_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Weights of losses in float32."""
    return {
        k: v.astype(np.float32) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for k, v in settings.items()
    }


def grown(array: Any, axis: int | None) -> Any:
    """Another batch: the examples backwards, the first one twice."""
    if axis is None:
        return array
    backwards = np.flip(array, axis)
    return np.concatenate([backwards, np.take(array, [0], axis)], axis)


def agreement(case: Any, folder: str) -> Agreement:
    """Export a configuration and run it."""
    import onnxruntime

    function, inputs = model_of(case)
    path, error = str(Path(folder) / "model.onnx"), None
    for axis in axes_of(case, inputs):
        axes = axis if isinstance(axis, tuple) else (axis,) * len(inputs)
        try:
            tg.onnx.export(function, inputs, path, batch_axis=axes)
        except (tg.errors.ShapeError, tg.errors.ArgumentError, tg.errors.TraceError, ValueError) as e:
            error = e
            continue
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        given = tuple(map(grown, inputs, axes)) if axis is not None else inputs
        with tg.no_grad():
            want = [
                y.numpy() if isinstance(y, tg.Tensor) else np.asarray(y) for y in leaves(function(*given))
            ]
        got = session.run(None, {i.name: a for i, a in zip(session.get_inputs(), given)})
        assert [(a.shape, a.dtype) for a in want] == [(b.shape, b.dtype) for b in got]
        apart = [np.max(np.abs(a.astype(float) - b), initial=0) / scale(a) for a, b in zip(want, got)]
        return Agreement(float(max(apart)), axis is not None)
    raise error


def scale(a: Any) -> float:
    """The size of an output."""
    return float(np.max(np.abs(a), initial=1e-30))


def main() -> None:
    """Print the table."""
    table: dict[str, list[Any]] = {}
    only = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        for case in (case for family in FAMILIES for case in CASES[family]):
            if only and case.kind not in only:
                continue
            try:
                table.setdefault(case.kind, []).append(agreement(case, folder))
            except Exception as error:
                table.setdefault(case.kind, []).append(error)
                print(f"{case.name}: {type(error).__name__}: {error}"[:600])
    for kind, found in table.items():
        good = [f for f in found if isinstance(f, Agreement)]
        worst = max((f.difference for f in good), default=float("nan"))
        print(
            f"{kind:26} {len(good):4} of {len(found):4}  open {sum(f.is_open for f in good):4}  {worst:.1e}"
        )


if __name__ == "__main__":
    main()
