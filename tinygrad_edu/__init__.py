"""Plain NumPy that differentiates.

The two-minute tour::

    import numpy as np
    import tinygrad_edu as tg

    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)  # an array that remembers what is done to it
    y = np.sum(np.sin(x) ** 2)                          # NumPy's own functions
    y.backward()                                        # x.grad is now sin(2x)
    print(tg.draw(y))                                   # the graph; tg.explain(y) walks back

    f = lambda x: np.sum(x**3)
    tg.grad(f)(np.array([1.0, 2.0]))                    # or as functions of functions, nested at will
    tg.hessian(f)(np.array([1.0, 2.0]))

    model = tg.nn.Sequential(tg.nn.Linear(2, 8), tg.nn.ReLU(), tg.nn.Linear(8, 2))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
    loss = tg.softmax_cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()

    tg.train.fit(model, tg.nn.CrossEntropyLoss(), optimizer, (inputs, labels), epochs=10)  # or the whole loop
    tg.io.save_checkpoint("model.safetensors", model.state_dict())

To read the code, begin with ``tinygrad_edu.backward``; then ``table``, ``graph`` and ``tensor``.
"""

import sys
from typing import TYPE_CHECKING, Any

from .debug import debug
from .errors import TinygradError
from .filing import composite, derivative, elementwise
from .functions import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    bilinear,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    celu,
    conv1d,
    conv2d,
    conv_transpose2d,
    cosine_embedding_loss,
    dropout,
    elu,
    embedding,
    erf,
    erfc,
    gaussian,
    gelu,
    group_norm,
    half_squared_error,
    hardsigmoid,
    hardswish,
    hardtanh,
    hinge_loss,
    huber_loss,
    kl_div,
    l1_loss,
    layer_norm,
    leaky_relu,
    linear,
    log_softmax,
    logsumexp,
    masked_softmax,
    max_pool1d,
    max_pool2d,
    maxout,
    mish,
    mse_loss,
    multi_margin_loss,
    nll_loss,
    positional_encoding,
    prelu,
    relu,
    relu6,
    rms_norm,
    scaled_dot_product_attention,
    selu,
    sigmoid,
    silu,
    smooth_l1_loss,
    softmax,
    softmax_cross_entropy,
    softplus,
    softsign,
    triplet_margin_loss,
)
from .interchange import from_dlpack
from .memory import keep_freed_memory
from .modes import enable_grad, is_grad_enabled, no_grad
from .ops.adaptive_max import adaptive_max_pool1d, adaptive_max_pool2d
from .ops.dropout import alpha_dropout, dropout1d, dropout2d
from .ops.gates import glu, log_sigmoid, softmin
from .ops.losses.likelihood import gaussian_nll_loss, poisson_nll_loss
from .ops.losses.margin import multilabel_margin_loss, multilabel_soft_margin_loss, soft_margin_loss
from .ops.losses.pairs import hinge_embedding_loss, margin_ranking_loss
from .ops.lp_pooling import lp_pool1d, lp_pool2d
from .ops.normalization import instance_norm
from .ops.pixels import pixel_shuffle, pixel_unshuffle
from .ops.resize import interpolate
from .ops.sequences import sequence_mask
from .ops.shrinkage import hardshrink, rrelu, softshrink, tanhshrink, threshold
from .ops.similarity import cosine_similarity, pairwise_distance
from .ops.transposed import conv_transpose1d
from .ops.unfolding import fold, unfold
from .primitive import primitive
from .random import seed
from .storage import stored
from .tensor import Tensor
from .transforms import grad, jvp, value_and_grad, vjp

__version__ = "0.2.0.dev0"
__all__ = [
    "Tensor",
    "TinygradError",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "check",
    "compile",
    "composite",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "data",
    "debug",
    "derivative",
    "distributed",
    "draw",
    "drawing",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elementwise",
    "elu",
    "embedding",
    "enable_grad",
    "erf",
    "erfc",
    "explain",
    "fixed_point",
    "fold",
    "from_dlpack",
    "gaussian",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grad",
    "gradcheck",
    "group_norm",
    "half_squared_error",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hessian",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "hvp",
    "implicit_root",
    "instance_norm",
    "interpolate",
    "io",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "least_squares",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "lp_pool1d",
    "lp_pool2d",
    "margin_ranking_loss",
    "masked_softmax",
    "max_pool1d",
    "max_pool2d",
    "maxout",
    "minimize",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "nn",
    "no_grad",
    "onnx",
    "optim",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "plot",
    "poisson_nll_loss",
    "positional_encoding",
    "prelu",
    "primitive",
    "relu",
    "relu6",
    "remat",
    "rms_norm",
    "rrelu",
    "scaled_dot_product_attention",
    "seed",
    "selu",
    "sequence_mask",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmax_cross_entropy",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "special",
    "stats",
    "stored",
    "tanhshrink",
    "threshold",
    "train",
    "triplet_margin_loss",
    "unfold",
    "value_and_grad",
    "vjp",
]


keep_freed_memory()
del keep_freed_memory

del globals()["tensor"]  # the module of that name: tinygrad_edu.tensor(…) is to be told that it is Tensor(…)

if TYPE_CHECKING:
    from . import check, data, distributed, drawing, io, nn, onnx, optim, plot, special, stats, train
    from . import sklearn as sklearn  # not in __all__, since `import *` would need scikit-learn
    from .check import gradcheck
    from .compiler import compile
    from .drawing import draw, explain
    from .implicit import fixed_point, implicit_root
    from .jacobians import hessian, hvp, jacobian
    from .optimize import least_squares, minimize
    from .recompute import remat


def __getattr__(name: str) -> Any:
    """The parts that not every program needs are imported when they are first asked for."""
    if name in ("fixed_point", "implicit_root"):
        import tinygrad_edu.implicit

        return getattr(tinygrad_edu.implicit, name)
    if name in ("hessian", "hvp", "jacobian"):
        import tinygrad_edu.jacobians

        return getattr(tinygrad_edu.jacobians, name)
    if name == "compile":
        from .compiler import compile

        return compile
    if name in ("least_squares", "minimize"):
        import tinygrad_edu.optimize

        return getattr(tinygrad_edu.optimize, name)
    if name == "remat":
        from .recompute import remat

        return remat
    # `from . import check` would ask for the attribute, and so this function, again.
    match name:
        case "check" | "gradcheck":
            import tinygrad_edu.check
        case "data":
            import tinygrad_edu.data
        case "distributed":
            import tinygrad_edu.distributed
        case "drawing" | "draw" | "explain":
            import tinygrad_edu.drawing
        case "io":
            import tinygrad_edu.io
        case "nn":
            import tinygrad_edu.nn
        case "onnx":
            import tinygrad_edu.onnx
        case "optim":
            import tinygrad_edu.optim
        case "plot":
            import tinygrad_edu.plot
        case "sklearn":
            import tinygrad_edu.sklearn
        case "special":
            import tinygrad_edu.special
        case "stats":
            import tinygrad_edu.stats
        case "train":
            import tinygrad_edu.train  # an import makes a part an attribute of the package
        case _:
            from .hints import package_hint

            hint = "." if name.startswith("_") else package_hint(name, __dir__())
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name)
    package = vars(sys.modules[__name__])
    if name in ("draw", "explain"):
        return getattr(package["drawing"], name)
    return package["check"].gradcheck if name == "gradcheck" else package[name]


def __dir__() -> list[str]:
    return sorted({*__all__, "sklearn", "__version__", "__doc__"})
