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

# fmt: off
# isort: off
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .debug import debug
from .errors import TinygradError
from .filing import composite, derivative, elementwise
from .functions import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, avg_pool1d, avg_pool2d, bilinear, binary_cross_entropy,
    binary_cross_entropy_with_logits, celu, conv1d, conv2d, conv_transpose2d, cosine_embedding_loss,
    dropout, elu, embedding, erf, erfc, gaussian, gelu, group_norm, half_squared_error, hardsigmoid,
    hardswish, hardtanh, hinge_loss, huber_loss, kl_div, l1_loss, layer_norm, leaky_relu, linear,
    log_softmax, logsumexp, masked_softmax, max_pool1d, max_pool2d, maxout, mish, mse_loss,
    multi_margin_loss, nll_loss, positional_encoding, prelu, relu, relu6, rms_norm,
    scaled_dot_product_attention, selu, sigmoid, silu, smooth_l1_loss, softmax, softmax_cross_entropy,
    softplus, softsign, triplet_margin_loss,
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
__all__ = [  # noqa: RUF022  # by what they are for
    # an array that remembers what is done to it, and when it does
    "Tensor", "TinygradError", "enable_grad", "from_dlpack", "is_grad_enabled", "no_grad", "seed",
    "stored",
    # derivatives of functions, and what is made of them
    "fixed_point", "grad", "hessian", "hvp", "implicit_root", "jacobian", "jvp", "least_squares",
    "minimize", "remat", "value_and_grad", "vjp",
    # rules of your own, and what finds their mistakes
    "composite", "debug", "derivative", "elementwise", "gradcheck", "primitive",
    # what was recorded as a picture, and as straight-line NumPy
    "compile", "draw", "explain",
    # activations, and what they are made of
    "celu", "elu", "erf", "erfc", "gaussian", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "leaky_relu", "log_sigmoid", "log_softmax", "logsumexp", "masked_softmax", "maxout",
    "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softmax", "softmin",
    "softplus", "softshrink", "softsign", "tanhshrink", "threshold",
    # layers
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "alpha_dropout", "avg_pool1d", "avg_pool2d", "bilinear", "conv1d", "conv2d", "conv_transpose1d",
    "conv_transpose2d", "dropout", "dropout1d", "dropout2d", "embedding", "fold", "group_norm",
    "instance_norm", "interpolate", "layer_norm", "linear", "lp_pool1d", "lp_pool2d", "max_pool1d",
    "max_pool2d", "pixel_shuffle", "pixel_unshuffle", "positional_encoding", "rms_norm",
    "scaled_dot_product_attention", "sequence_mask", "unfold",
    # losses and similarities
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
    "cosine_similarity", "gaussian_nll_loss", "half_squared_error", "hinge_embedding_loss", "hinge_loss",
    "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "pairwise_distance",
    "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "softmax_cross_entropy",
    "triplet_margin_loss",
    # the parts of the package
    "check", "data", "distributed", "drawing", "io", "nn", "onnx", "optim", "plot", "special", "stats",
    "train",
]
# isort: on
# fmt: on

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

# fmt: off
LATER = {  # names of modules that are imported when one of their names is first asked for
    "compile": "compiler", "draw": "drawing", "explain": "drawing", "fixed_point": "implicit",
    "gradcheck": "check", "hessian": "jacobians", "hvp": "jacobians", "implicit_root": "implicit",
    "jacobian": "jacobians", "least_squares": "optimize", "minimize": "optimize", "remat": "recompute",
}
PARTS = {
    "check", "data", "distributed", "drawing", "io", "nn", "onnx", "optim", "plot", "sklearn", "special",
    "stats", "train",
}
# fmt: on


def __getattr__(name: str) -> Any:
    """The parts that not every program needs are imported when they are first asked for."""
    if name in LATER:
        return getattr(import_module(f".{LATER[name]}", __name__), name)
    if name in PARTS:
        return import_module(f".{name}", __name__)
    from .hints import package_hint

    hint = "." if name.startswith("_") else package_hint(name, __dir__())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name)


def __dir__() -> list[str]:
    return sorted({*__all__, "sklearn", "__version__", "__doc__"})
