"""The file: a graph as ONNX's own objects.  What needs the package onnx is here, and nowhere else."""

from typing import Any

import numpy as np

from ..errors import ExportError
from .graph import Graph, Value
from .sizes import Size

OPSET = 20  # the first that has Gelu
IR_VERSION = 9  # of the same release
BATCH = "batch"


def content(graph: Graph, inputs: list[Value], outputs: list[Value], title: str) -> bytes:
    """What is in the file of a graph, after onnx has checked it."""
    onnx = package()
    helper = onnx.helper
    used = {name for node in graph.nodes for name in node.inputs} | {o.name for o in outputs}
    nodes = [
        helper.make_node(n.kind, n.inputs, n.outputs, name=n.outputs[0], **attributes(onnx, n.attributes))
        for n in graph.nodes
    ]
    made = helper.make_graph(
        nodes, title, [described(onnx, v) for v in inputs], [described(onnx, v) for v in outputs],
        [onnx.numpy_helper.from_array(a, name) for name, a in graph.weights.items() if name in used],
    )  # fmt: skip
    model = helper.make_model(
        made, producer_name="tinygrad_edu", ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )  # fmt: skip
    onnx.checker.check_model(model, full_check=True)
    text: bytes = model.SerializeToString()
    return text


def package() -> Any:
    """The package onnx, or a word on where it comes from."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise ModuleNotFoundError(
            "tinygrad_edu.onnx needs the package onnx, an extra: pip install 'tinygrad_edu[onnx]'.",
            name="onnx",
        ) from None
    return onnx


def attributes(onnx: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a node with ONNX's numbers for dtypes."""
    return {k: code_of(onnx, v) if isinstance(v, np.dtype) else v for k, v in given.items()}


def described(onnx: Any, value: Value) -> Any:
    """What a file says of an input or output."""
    shape = [size_text(n) if isinstance(n, Size) else n for n in value.shape]
    return onnx.helper.make_tensor_value_info(value.name, code_of(onnx, value.dtype), shape)


def size_text(size: Size) -> str:
    """The name of a length that follows the batch."""
    return BATCH if size.times == 1 else f"{size.times}*{BATCH}"


def code_of(onnx: Any, dtype: Any) -> int:
    """ONNX's number for a dtype."""
    try:
        return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    except (KeyError, ValueError):
        raise ExportError(f"ONNX has no dtype {np.dtype(dtype)}.") from None
