"""What stands here for the names that people bring from other frameworks: the end of the message when an attribute is missing."""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

# ruff: noqa: E501  # tables
# fmt: off
PACKAGE = {  # what tinygrad_edu.NAME would be
    "tensor": "Tensor", "array": "Tensor", "asarray": "Tensor", "Variable": "Tensor(…, requires_grad=True)", "Value": "Tensor(…, requires_grad=True)",
    "from_numpy": "Tensor", "as_tensor": "Tensor", "Parameter": "nn.Parameter", "Module": "nn.Module",
    "cross_entropy": "softmax_cross_entropy", "softmax_crossentropy": "softmax_cross_entropy", "bce_loss": "binary_cross_entropy",
    "bce": "binary_cross_entropy", "mean_squared_error": "mse_loss", "mse": "mse_loss", "functional": "the functions of tinygrad_edu itself, such as relu",
    "optimizers": "optim", "optimizer": "optim", "layers": "nn", "utils": "data, io and train", "datasets": "data", "save": "io.save_checkpoint",
    "load": "io.load_checkpoint", "manual_seed": "seed", "inference_mode": "no_grad", "stop_gradient": "x.detach()", "grad_check": "gradcheck",
    "check_grads": "gradcheck", "elementwise_grad": "grad of the sum: grad(lambda x: np.sum(f(x)))", "defvjp": "primitive", "custom_vjp": "primitive",
    "Function": "primitive", "jacrev": "jacobian", "jacfwd": "jacobian", "swish": "silu", "logits_loss": "softmax_cross_entropy",
    "cat": "np.concatenate", "unsqueeze": "np.expand_dims", "permute": "np.transpose", "matmul": "np.matmul", "mm": "np.matmul", "bmm": "np.matmul",
    "fit": "train.fit", "DataLoader": "data.DataLoader", "compile": "nothing yet: functions are not compiled",
}
TENSOR = {  # what x.NAME would be
    "view": "x.reshape(…)", "view_as": "x.reshape(y.shape)", "reshape_as": "x.reshape(y.shape)", "unsqueeze": "np.expand_dims(x, axis), or x[:, None]",
    "permute": "x.transpose(axes)", "t": "x.T", "contiguous": "x itself", "clone": "x.copy()", "size_": "x.size", "dim": "x.ndim", "numel": "x.size",
    "float": "x.astype(np.float32)", "double": "x.astype(np.float64)", "half": "x.astype(np.float16)", "long": "x.astype(np.int64)",
    "int": "x.astype(np.int32)", "bool": "x.astype(bool)", "type": "x.astype(dtype)", "to": "x.astype(dtype); there is no other device than the CPU",
    "cpu": "x itself", "cuda": "x itself: this is a framework for the CPU", "to_device": "x itself: there is no other device than the CPU",
    "norm": "np.sqrt(np.sum(x**2))", "mm": "x @ y", "bmm": "x @ y", "matmul": "x @ y", "add": "x + y", "sub": "x - y", "mul": "x * y",
    "div": "x / y", "pow": "x ** y", "neg": "-x", "pow_": "x **= y under no_grad", "add_": "x += y under no_grad", "sub_": "x -= y under no_grad",
    "mul_": "x *= y under no_grad", "zero_": "x[…] = 0 under no_grad", "copy_": "x[…] = y under no_grad", "cat": "np.concatenate",
    "expand": "np.broadcast_to(x, shape)", "clamp": "x.clip(low, high)", "zero_grad": "x.grad = None", "gather": "np.take_along_axis(x, indices, axis)",
    "masked_fill": "np.where(mask, value, x)", "index_select": "np.take(x, indices, axis)", "amax": "x.max(axis=…)", "amin": "x.min(axis=…)",
    "detach_": "x = x.detach()", "retain_graph": "x.backward(retain_graph=True)", "value": "x.data", "asnumpy": "x.numpy()", "logsumexp": "tg.logsumexp(x)",
    "grad_fn": "nothing: nodes are not public; requires_grad and is_leaf tell what there is",
    "put": "x[…] = v, or x.flat[indices] = v", "resize": "np.reshape(x, shape), or np.resize(x.detach().numpy(), shape)",
    "base": "np.shares_memory(x.numpy(), y.numpy())", "dump": "tg.io.save_npy", "dumps": "x.detach().numpy().tobytes()",
}
# fmt: on


def package_hint(name: str, public: Iterable[str]) -> str:
    """What to write in the place of ``tinygrad_edu.name``, for the end of a sentence; an empty string if nobody knows."""
    package: Any = sys.modules[__package__]
    if name in PACKAGE:
        return f": use {PACKAGE[name]}"
    for part in ("nn", "optim"):
        if name in getattr(package, part).__all__:
            return f": use {part}.{name}"
    if callable(getattr(np, name, None)):
        return f": use np.{name}, which takes tensors"
    return _similar(name, public)


def tensor_hint(name: str, public: Iterable[str]) -> str:
    """What to write in the place of ``x.name`` of a Tensor, for the end of a sentence; an empty string if nobody knows."""
    package: Any = sys.modules[__package__]
    if name in TENSOR:
        return f": use {TENSOR[name]}"
    if hasattr(np.ndarray, name):
        return f": use x.detach().numpy().{name}, of the plain array"
    if name in package.__all__ and callable(getattr(package, name)):
        return f": use tg.{name}(x)"
    for module, prefix in ((np, "np"), (np.linalg, "np.linalg")):
        if callable(getattr(module, name, None)):
            return f": use {prefix}.{name}(x)"
    return _similar(name, public)


class NoAttribute(AttributeError):
    """An attribute that a Tensor does not have.  What stands for it is looked up when somebody reads the message: most only ask."""

    def __init__(self, owner: type, name: str) -> None:
        super().__init__(owner, name)

    def __str__(self) -> str:
        owner, name = self.args
        return f"{owner.__name__} has no attribute {name!r}{'' if name.startswith('_') else tensor_hint(name, dir(owner))}."


def _similar(name: str, public: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(public), n=2)
    return f": is it {' or '.join(close)}" if close else ""
