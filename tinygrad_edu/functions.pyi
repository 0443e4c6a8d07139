"""The types of `functions`: a Tensor in, a Tensor out; plain arrays, lists and numbers in, an array out."""

from typing import Any, Literal, overload

from .aliases import Array
from .ops.attention import positional_encoding as positional_encoding
from .random import Rng
from .tensor import Tensor

@overload
def adaptive_avg_pool1d(x: Tensor, output_size: Any) -> Tensor: ...
@overload
def adaptive_avg_pool1d(x: Any, output_size: Any) -> Array: ...
@overload
def adaptive_avg_pool2d(x: Tensor, output_size: Any) -> Tensor: ...
@overload
def adaptive_avg_pool2d(x: Any, output_size: Any) -> Array: ...
@overload
def avg_pool1d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    ceil_mode: bool = ...,
    count_include_pad: bool = ...,
    divisor_override: int | None = ...,
) -> Tensor: ...
@overload
def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    ceil_mode: bool = ...,
    count_include_pad: bool = ...,
    divisor_override: int | None = ...,
) -> Array: ...
@overload
def avg_pool2d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    ceil_mode: bool = ...,
    count_include_pad: bool = ...,
    divisor_override: int | None = ...,
) -> Tensor: ...
@overload
def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    ceil_mode: bool = ...,
    count_include_pad: bool = ...,
    divisor_override: int | None = ...,
) -> Array: ...
@overload
def bilinear(x1: Tensor, x2: Any, weight: Any, bias: Any = ...) -> Tensor: ...
@overload
def bilinear(x1: Any, x2: Tensor, weight: Any, bias: Any = ...) -> Tensor: ...
@overload
def bilinear(x1: Any, x2: Any, weight: Tensor, bias: Any = ...) -> Tensor: ...
@overload
def bilinear(x1: Any, x2: Any, weight: Any, bias: Any = ...) -> Array: ...
@overload
def binary_cross_entropy(
    prediction: Tensor, target: Any, *, weight: Any = ..., reduction: str = ...
) -> Tensor: ...
@overload
def binary_cross_entropy(
    prediction: Any, target: Tensor, *, weight: Any = ..., reduction: str = ...
) -> Tensor: ...
@overload
def binary_cross_entropy(
    prediction: Any, target: Any, *, weight: Any = ..., reduction: str = ...
) -> Array: ...
@overload
def binary_cross_entropy_with_logits(
    logits: Tensor, target: Any, *, weight: Any = ..., pos_weight: Any = ..., reduction: str = ...
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    logits: Any, target: Tensor, *, weight: Any = ..., pos_weight: Any = ..., reduction: str = ...
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    logits: Any, target: Any, *, weight: Any = ..., pos_weight: Any = ..., reduction: str = ...
) -> Array: ...
@overload
def celu(x: Tensor, alpha: float = ...) -> Tensor: ...
@overload
def celu(x: Any, alpha: float = ...) -> Array: ...
@overload
def conv1d(
    x: Tensor,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Tensor: ...
@overload
def conv1d(
    x: Any,
    weight: Tensor,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Tensor: ...
@overload
def conv1d(
    x: Any,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Array: ...
@overload
def conv2d(
    x: Tensor,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Tensor: ...
@overload
def conv2d(
    x: Any,
    weight: Tensor,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Tensor: ...
@overload
def conv2d(
    x: Any,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    dilation: Any = ...,
    groups: int = ...,
) -> Array: ...
@overload
def conv_transpose2d(
    x: Tensor,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    output_padding: Any = ...,
    groups: int = ...,
    dilation: Any = ...,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Any,
    weight: Tensor,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    output_padding: Any = ...,
    groups: int = ...,
    dilation: Any = ...,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = ...,
    *,
    stride: Any = ...,
    padding: Any = ...,
    output_padding: Any = ...,
    groups: int = ...,
    dilation: Any = ...,
) -> Array: ...
@overload
def cosine_embedding_loss(
    x1: Tensor, x2: Any, target: Any, *, margin: float = ..., reduction: str = ...
) -> Tensor: ...
@overload
def cosine_embedding_loss(
    x1: Any, x2: Tensor, target: Any, *, margin: float = ..., reduction: str = ...
) -> Tensor: ...
@overload
def cosine_embedding_loss(
    x1: Any, x2: Any, target: Tensor, *, margin: float = ..., reduction: str = ...
) -> Tensor: ...
@overload
def cosine_embedding_loss(
    x1: Any, x2: Any, target: Any, *, margin: float = ..., reduction: str = ...
) -> Array: ...
@overload
def dropout(x: Tensor, p: float = ..., *, rng: Rng = ...) -> Tensor: ...
@overload
def dropout(x: Any, p: float = ..., *, rng: Rng = ...) -> Array: ...
@overload
def elu(x: Tensor, alpha: float = ...) -> Tensor: ...
@overload
def elu(x: Any, alpha: float = ...) -> Array: ...
@overload
def embedding(indices: Any, weight: Tensor, *, padding_idx: int | None = ...) -> Tensor: ...
@overload
def embedding(indices: Any, weight: Any, *, padding_idx: int | None = ...) -> Array: ...
@overload
def erf(x: Tensor) -> Tensor: ...
@overload
def erf(x: Any) -> Array: ...
@overload
def erfc(x: Tensor) -> Tensor: ...
@overload
def erfc(x: Any) -> Array: ...
@overload
def gaussian(x: Tensor) -> Tensor: ...
@overload
def gaussian(x: Any) -> Array: ...
@overload
def gelu(x: Tensor, approximate: str = ...) -> Tensor: ...
@overload
def gelu(x: Any, approximate: str = ...) -> Array: ...
@overload
def group_norm(
    x: Tensor, num_groups: int, weight: Any = ..., bias: Any = ..., *, eps: float = ...
) -> Tensor: ...
@overload
def group_norm(x: Any, num_groups: int, weight: Any = ..., bias: Any = ..., *, eps: float = ...) -> Array: ...
@overload
def half_squared_error(prediction: Tensor, target: Any, *, reduction: str = ...) -> Tensor: ...
@overload
def half_squared_error(prediction: Any, target: Tensor, *, reduction: str = ...) -> Tensor: ...
@overload
def half_squared_error(prediction: Any, target: Any, *, reduction: str = ...) -> Array: ...
@overload
def hardsigmoid(x: Tensor) -> Tensor: ...
@overload
def hardsigmoid(x: Any) -> Array: ...
@overload
def hardswish(x: Tensor) -> Tensor: ...
@overload
def hardswish(x: Any) -> Array: ...
@overload
def hardtanh(x: Tensor, min_val: float = ..., max_val: float = ...) -> Tensor: ...
@overload
def hardtanh(x: Any, min_val: float = ..., max_val: float = ...) -> Array: ...
@overload
def hinge_loss(
    prediction: Tensor, target: Any, *, margin: float = ..., squared: bool = ..., reduction: str = ...
) -> Tensor: ...
@overload
def hinge_loss(
    prediction: Any, target: Tensor, *, margin: float = ..., squared: bool = ..., reduction: str = ...
) -> Tensor: ...
@overload
def hinge_loss(
    prediction: Any, target: Any, *, margin: float = ..., squared: bool = ..., reduction: str = ...
) -> Array: ...
@overload
def huber_loss(prediction: Tensor, target: Any, *, delta: float = ..., reduction: str = ...) -> Tensor: ...
@overload
def huber_loss(prediction: Any, target: Tensor, *, delta: float = ..., reduction: str = ...) -> Tensor: ...
@overload
def huber_loss(prediction: Any, target: Any, *, delta: float = ..., reduction: str = ...) -> Array: ...
@overload
def kl_div(prediction: Tensor, target: Any, *, log_target: bool = ..., reduction: str = ...) -> Tensor: ...
@overload
def kl_div(prediction: Any, target: Tensor, *, log_target: bool = ..., reduction: str = ...) -> Tensor: ...
@overload
def kl_div(prediction: Any, target: Any, *, log_target: bool = ..., reduction: str = ...) -> Array: ...
@overload
def l1_loss(prediction: Tensor, target: Any, *, reduction: str = ...) -> Tensor: ...
@overload
def l1_loss(prediction: Any, target: Tensor, *, reduction: str = ...) -> Tensor: ...
@overload
def l1_loss(prediction: Any, target: Any, *, reduction: str = ...) -> Array: ...
@overload
def layer_norm(
    x: Tensor, weight: Any = ..., bias: Any = ..., *, axis: int | tuple[int, ...] = ..., eps: float = ...
) -> Tensor: ...
@overload
def layer_norm(
    x: Any, weight: Any = ..., bias: Any = ..., *, axis: int | tuple[int, ...] = ..., eps: float = ...
) -> Array: ...
@overload
def leaky_relu(x: Tensor, negative_slope: Any = ...) -> Tensor: ...
@overload
def leaky_relu(x: Any, negative_slope: Any = ...) -> Array: ...
@overload
def linear(x: Tensor, weight: Any, bias: Any = ...) -> Tensor: ...
@overload
def linear(x: Any, weight: Tensor, bias: Any = ...) -> Tensor: ...
@overload
def linear(x: Any, weight: Any, bias: Any = ...) -> Array: ...
@overload
def log_softmax(x: Tensor, axis: int | tuple[int, ...] | None = ...) -> Tensor: ...
@overload
def log_softmax(x: Any, axis: int | tuple[int, ...] | None = ...) -> Array: ...
@overload
def logsumexp(x: Tensor, axis: int | tuple[int, ...] | None = ..., keepdims: bool = ...) -> Tensor: ...
@overload
def logsumexp(x: Any, axis: int | tuple[int, ...] | None = ..., keepdims: bool = ...) -> Array: ...
@overload
def masked_softmax(x: Tensor, mask: Any, axis: int | tuple[int, ...] = ...) -> Tensor: ...
@overload
def masked_softmax(x: Any, mask: Any, axis: int | tuple[int, ...] = ...) -> Array: ...
@overload
def max_pool1d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> Tensor: ...
@overload
def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> Array: ...
@overload
def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: bool,
) -> Any: ...
@overload
def max_pool2d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> Tensor: ...
@overload
def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: Literal[False] = ...,
) -> Array: ...
@overload
def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = ...,
    *,
    padding: Any = ...,
    dilation: Any = ...,
    ceil_mode: bool = ...,
    return_indices: bool,
) -> Any: ...
@overload
def maxout(x: Tensor, pieces: int) -> Tensor: ...
@overload
def maxout(x: Any, pieces: int) -> Array: ...
@overload
def mish(x: Tensor) -> Tensor: ...
@overload
def mish(x: Any) -> Array: ...
@overload
def mse_loss(prediction: Tensor, target: Any, *, reduction: str = ...) -> Tensor: ...
@overload
def mse_loss(prediction: Any, target: Tensor, *, reduction: str = ...) -> Tensor: ...
@overload
def mse_loss(prediction: Any, target: Any, *, reduction: str = ...) -> Array: ...
@overload
def multi_margin_loss(
    scores: Tensor,
    labels: Any,
    *,
    p: int = ...,
    margin: float = ...,
    axis: int = ...,
    weight: Any = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def multi_margin_loss(
    scores: Any,
    labels: Any,
    *,
    p: int = ...,
    margin: float = ...,
    axis: int = ...,
    weight: Any = ...,
    reduction: str = ...,
) -> Array: ...
@overload
def nll_loss(
    log_probabilities: Tensor,
    labels: Any,
    *,
    axis: int = ...,
    weight: Any = ...,
    ignore_index: int | None = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def nll_loss(
    log_probabilities: Any,
    labels: Any,
    *,
    axis: int = ...,
    weight: Any = ...,
    ignore_index: int | None = ...,
    reduction: str = ...,
) -> Array: ...
@overload
def prelu(x: Tensor, weight: Any) -> Tensor: ...
@overload
def prelu(x: Any, weight: Tensor) -> Tensor: ...
@overload
def prelu(x: Any, weight: Any) -> Array: ...
@overload
def relu(x: Tensor) -> Tensor: ...
@overload
def relu(x: Any) -> Array: ...
@overload
def relu6(x: Tensor) -> Tensor: ...
@overload
def relu6(x: Any) -> Array: ...
@overload
def rms_norm(
    x: Tensor, weight: Any = ..., *, axis: int | tuple[int, ...] = ..., eps: float | None = ...
) -> Tensor: ...
@overload
def rms_norm(
    x: Any, weight: Any = ..., *, axis: int | tuple[int, ...] = ..., eps: float | None = ...
) -> Array: ...
@overload
def scaled_dot_product_attention(
    q: Tensor,
    k: Any,
    v: Any,
    *,
    mask: Any = ...,
    is_causal: bool = ...,
    dropout_p: float = ...,
    rng: Rng = ...,
) -> Tensor: ...
@overload
def scaled_dot_product_attention(
    q: Any,
    k: Tensor,
    v: Any,
    *,
    mask: Any = ...,
    is_causal: bool = ...,
    dropout_p: float = ...,
    rng: Rng = ...,
) -> Tensor: ...
@overload
def scaled_dot_product_attention(
    q: Any,
    k: Any,
    v: Tensor,
    *,
    mask: Any = ...,
    is_causal: bool = ...,
    dropout_p: float = ...,
    rng: Rng = ...,
) -> Tensor: ...
@overload
def scaled_dot_product_attention(
    q: Any, k: Any, v: Any, *, mask: Any = ..., is_causal: bool = ..., dropout_p: float = ..., rng: Rng = ...
) -> Array: ...
@overload
def selu(x: Tensor) -> Tensor: ...
@overload
def selu(x: Any) -> Array: ...
@overload
def sigmoid(x: Tensor) -> Tensor: ...
@overload
def sigmoid(x: Any) -> Array: ...
@overload
def silu(x: Tensor) -> Tensor: ...
@overload
def silu(x: Any) -> Array: ...
@overload
def smooth_l1_loss(prediction: Tensor, target: Any, *, beta: float = ..., reduction: str = ...) -> Tensor: ...
@overload
def smooth_l1_loss(prediction: Any, target: Tensor, *, beta: float = ..., reduction: str = ...) -> Tensor: ...
@overload
def smooth_l1_loss(prediction: Any, target: Any, *, beta: float = ..., reduction: str = ...) -> Array: ...
@overload
def softmax(x: Tensor, axis: int | tuple[int, ...] | None = ...) -> Tensor: ...
@overload
def softmax(x: Any, axis: int | tuple[int, ...] | None = ...) -> Array: ...
@overload
def softmax_cross_entropy(
    logits: Tensor,
    targets: Any,
    *,
    axis: int = ...,
    weight: Any = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def softmax_cross_entropy(
    logits: Any,
    targets: Tensor,
    *,
    axis: int = ...,
    weight: Any = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def softmax_cross_entropy(
    logits: Any,
    targets: Any,
    *,
    axis: int = ...,
    weight: Any = ...,
    label_smoothing: float = ...,
    ignore_index: int | None = ...,
    reduction: str = ...,
) -> Array: ...
@overload
def softplus(x: Tensor, beta: float = ..., threshold: float | None = ...) -> Tensor: ...
@overload
def softplus(x: Any, beta: float = ..., threshold: float | None = ...) -> Array: ...
@overload
def softsign(x: Tensor) -> Tensor: ...
@overload
def softsign(x: Any) -> Array: ...
@overload
def triplet_margin_loss(
    anchor: Tensor,
    positive: Any,
    negative: Any,
    *,
    margin: float = ...,
    p: float = ...,
    eps: float = ...,
    swap: bool = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def triplet_margin_loss(
    anchor: Any,
    positive: Tensor,
    negative: Any,
    *,
    margin: float = ...,
    p: float = ...,
    eps: float = ...,
    swap: bool = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Tensor,
    *,
    margin: float = ...,
    p: float = ...,
    eps: float = ...,
    swap: bool = ...,
    reduction: str = ...,
) -> Tensor: ...
@overload
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = ...,
    p: float = ...,
    eps: float = ...,
    swap: bool = ...,
    reduction: str = ...,
) -> Array: ...
