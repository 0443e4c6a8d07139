"""gradcheck, first and second order, of every layer, in settings that hypothesis draws.

`LAYERS` says for each class of `nn`, losses too, how to make it and what to call it with; a class without an
entry fails.  The derivatives of losses are checked in test_loss.py, in more settings.
Values are checked elsewhere, against PyTorch's.
"""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import affordable
from tinygrad_edu import nn
from tinygrad_edu.nn.loss import Loss

N, C = st.integers(1, 3), st.integers(1, 3)
FLAG = st.booleans()
DTYPE = {"dtype": np.float64}
ABSTRACT = {nn.Module, nn.Parameter, nn.Buffer, nn.ModuleList, nn.ModuleDict}


def values(shape, seed, low=-2.0, high=2.0):
    """Generic values: well apart, and neither they nor their differences on a grid where kinks are."""
    n, rng = int(np.prod(shape)), np.random.default_rng(seed)
    return rng.permutation(low + (high - low) * (np.arange(n) + rng.uniform(0.2, 0.8, n)) / n).reshape(shape)


def layer(draw, kind, *sizes, inputs, **options):
    """A layer in float64 and its inputs; options are strategies."""
    drawn = {name: draw(strategy) for name, strategy in options.items()}
    seed = draw(st.integers(0, 9))
    takes = inspect.signature(kind).parameters
    made = kind(
        *sizes, **drawn, **(DTYPE if "dtype" in takes else {}), **({"rng": seed} if "rng" in takes else {})
    )
    return made, tuple(values(i, seed + k) if isinstance(i, tuple) else i for k, i in enumerate(inputs))


def activation(kind, **options):
    return lambda d: layer(d, kind, inputs=[d(st.sampled_from([(3,), (2, 4), (2, 1, 3)]))], **options)


def reduced(kind, *, target=None, low=-2.0, high=2.0, **options):
    """A loss of predictions and targets of equal shapes."""

    def build(d):
        made, (x,) = layer(
            d, kind, inputs=[d(st.sampled_from([(3,), (2, 3), (1, 2, 2)]))], reduction=REDUCTION, **options
        )
        x = values(x.shape, 1, low, high)
        return made, (x, values(x.shape, 2) if target is None else target(d, x.shape))

    return build


MODES = st.sampled_from(["zeros", "reflect", "replicate", "circular"])
REDUCTION = st.sampled_from(["mean", "sum", "none"])
signs = lambda d, shape: np.where(values(shape, d(st.integers(0, 9))) > 0, 1, -1)
shares = lambda d, shape: values(shape, d(st.integers(0, 9)), 0.05, 0.95)


def classes(kind, *, log=False, **options):
    """A loss of scores (n, c) and labels (n,)."""

    def build(d):
        n, c = d(st.integers(1, 4)), d(st.integers(2, 4))
        weight = {"weight": st.sampled_from([None, np.linspace(0.5, 2, c)])}
        made, (x,) = layer(d, kind, inputs=[(n, c)], reduction=REDUCTION, **weight, **options)
        labels = np.random.default_rng(d(st.integers(0, 9))).integers(0, c, n)
        return made, (np.log(np.exp(x) / np.exp(x).sum(-1, keepdims=True)) if log else x, labels)

    return build


def pool(kind, dims, **options):
    def build(d):
        shape = (d(N), d(C), *(d(st.integers(4, 5)) for _ in range(dims)))
        return layer(
            d,
            kind,
            d(st.sampled_from([2, 3])),
            inputs=[shape],
            stride=st.sampled_from([None, 1, 2]),
            padding=st.integers(0, 1),
            **options,
        )

    return build


def convolution(kind, dims, **options):
    def build(d):
        groups, side = d(st.sampled_from([1, 1, 2])), d(st.integers(4, 5))
        sizes = 2 * groups, groups * d(st.integers(1, 2)), d(st.integers(1, 3))
        settings = {
            "stride": st.integers(1, 2),
            "dilation": st.integers(1, 2) if side == 5 else st.just(1),
            "bias": FLAG,
            **options,
        }
        settings = {"padding": st.integers(0, 1), **settings}
        made, inputs = layer(
            d,
            kind,
            *sizes,
            inputs=[(d(st.integers(1, 2)), 2 * groups, *[side] * dims)],
            groups=st.just(groups),
            **settings,
        )
        return made, inputs

    return build


def padded(kind):
    """A layer of padding, of one number or of several."""

    def build(d):
        shape, several = ((2, 1, 4), (1, 2)) if kind.axes == 1 else ((1, 2, 3, 3), (1, 0, 2, 1))
        value = (0.7,) if "Constant" in kind.__name__ else ()
        return layer(d, kind, d(st.sampled_from([1, several])), *value, inputs=[shape])

    return build


def upsample(d):
    shape, modes = d(
        st.sampled_from(
            [
                ((1, 2, 4), ["nearest", "nearest-exact", "linear", "area"]),
                ((2, 1, 3, 4), ["nearest", "bilinear", "bicubic", "area"]),
            ]
        )
    )
    mode = d(st.sampled_from(modes))
    aligned = FLAG if mode.endswith(("linear", "cubic")) else st.just(False)
    size = d(st.sampled_from([{"size": st.integers(1, 6)}, {"scale_factor": st.sampled_from([2, 0.7, 1.5])}]))
    return layer(d, nn.Upsample, inputs=[shape], mode=st.just(mode), align_corners=aligned, **size)


def normalization(kind, *shapes, size=None, **options):
    def build(d):
        shape = d(st.sampled_from(shapes))
        return layer(
            d,
            kind,
            size(shape) if size else shape[1],
            inputs=[shape],
            eps=st.sampled_from([1e-5, 1e-2]),
            **options,
        )

    return build


def recurrent(kind, hidden=1, **options):
    def build(d):
        n, t, first = d(N), d(st.integers(1, 3)), d(FLAG)
        settings = {"num_layers": st.integers(1, 2), "bidirectional": FLAG, "bias": FLAG, **options}
        return layer(
            d,
            kind,
            2,
            d(st.integers(hidden, 2)),
            inputs=[(n, t, 2) if first else (t, n, 2)],
            batch_first=st.just(first),
            **settings,
        )

    return build


def cell(kind, states, **options):
    def build(d):
        made, (x, *state) = layer(d, kind, 2, 3, inputs=[(2, 2)] + [(2, 3)] * states, bias=FLAG, **options)
        return made, (x, tuple(state) if states > 1 else state[0])

    return build


def attention(d):
    n, t, s = d(N), d(st.integers(1, 3)), d(st.integers(1, 3))
    made, inputs = layer(
        d,
        nn.MultiheadAttention,
        4,
        d(st.sampled_from([1, 2, 4])),
        inputs=[(n, t, 4), (n, s, 4), (n, s, 4)],
        bias=FLAG,
        add_bias_kv=FLAG,
        add_zero_attn=FLAG,
        batch_first=st.just(True),
    )
    return made, inputs


def transformer(d, kind=nn.TransformerEncoderLayer, inputs=1):
    options = {
        "activation": st.just("gelu"),
        "norm_first": FLAG,
        "batch_first": st.just(True),
        "dropout": st.just(0.0),
    }
    n = d(st.integers(1, 2))
    steps = [d(st.integers(1, 3)) for _ in range(inputs)]
    return layer(d, kind, 4, 2, 5, inputs=[(n, t, 4) for t in steps], **options)


def stacked(kind, made, inputs):
    return kind(made, 2), inputs


def both_transformers(d):
    first, inputs = transformer(d)
    second, (tgt, _) = transformer(d, nn.TransformerDecoderLayer, 2)
    parts = {
        "custom_encoder": nn.TransformerEncoder(first, 1),
        "custom_decoder": nn.TransformerDecoder(second, 1),
    }
    return nn.Transformer(4, 2, **parts, **DTYPE), (*inputs, np.resize(tgt, (len(inputs[0]), *tgt.shape[1:])))


def triplet(d):
    n, c = d(N), d(st.integers(2, 3))
    return layer(
        d,
        nn.TripletMarginLoss,
        inputs=[(n, c)] * 3,
        margin=st.sampled_from([8.0, 9.5]),
        swap=FLAG,
        reduction=REDUCTION,
    )


def cosine(d):
    n = d(N)
    made, pair = layer(
        d,
        nn.CosineEmbeddingLoss,
        inputs=[(n, 3), (n, 3)],
        margin=st.sampled_from([-0.9, 0.0]),
        reduction=REDUCTION,
    )
    return made, (*pair, signs(d, (n,)))


def gaussian(d):
    shape = d(st.sampled_from([(3,), (2, 3)]))
    made, pair = layer(d, nn.GaussianNLLLoss, inputs=[shape, shape], full=FLAG, reduction=REDUCTION)
    return made, (
        *pair,
        values(d(st.sampled_from([shape, (*shape[:-1], 1)])), d(st.integers(0, 9)), low=0.5, high=2.0),
    )


def ranking(d):
    n = d(N)
    made, pair = layer(
        d, nn.MarginRankingLoss, inputs=[(n,), (n,)], margin=st.sampled_from([0.57, 8.0]), reduction=REDUCTION
    )
    return made, (*pair, signs(d, (n,)))


def several_labels(d):
    made, (x,) = layer(d, nn.MultiLabelMarginLoss, inputs=[(d(N), 3)], reduction=REDUCTION)
    return made, (x, np.array([[0, 2, -1], [1, -1, -1], [2, -1, 0], [1, 0, -1]])[: len(x)])


# fmt: off
LAYERS = {
    nn.Linear:      lambda d: layer(d, nn.Linear, 3, 2, inputs=[d(st.sampled_from([(3,), (4, 3), (2, 2, 3)]))], bias=FLAG),
    nn.Bilinear:    lambda d: layer(d, nn.Bilinear, 3, 2, 2, inputs=[(2, 3), (2, 2)], bias=FLAG),
    nn.Flatten:     lambda d: layer(d, nn.Flatten, inputs=[(2, 1, 3)]),
    nn.Unflatten:   lambda d: layer(d, nn.Unflatten, 1, (2, -1), inputs=[(2, 6)]),
    nn.Identity:    activation(nn.Identity),
    nn.Dropout:     lambda d: (nn.Dropout(0.5).eval(), (values((2, 3), d(st.integers(0, 9))),)),
    nn.AlphaDropout: lambda d: (nn.AlphaDropout(0.5).eval(), (values((2, 3), d(st.integers(0, 9))),)),
    nn.Dropout1d:   lambda d: (nn.Dropout1d(0.5).eval(), (values((2, 3, 2), d(st.integers(0, 9))),)),
    nn.Dropout2d:   lambda d: (nn.Dropout2d(0.5).eval(), (values((2, 3, 1, 2), d(st.integers(0, 9))),)),
    nn.CosineSimilarity: lambda d: layer(d, nn.CosineSimilarity, inputs=[(2, 3), (2, 3)], axis=st.sampled_from([0, 1, -1])),
    nn.PairwiseDistance: lambda d: layer(d, nn.PairwiseDistance, inputs=[(2, 3), (3,)], p=st.sampled_from([1, 2, 3]), keepdims=FLAG),
    nn.Embedding:   lambda d: (nn.Embedding(4, 2, rng=d(st.integers(0, 9)), dtype=np.float64), (np.array([[0, 3, 3], [1, 0, 3]]),)),
    nn.Sequential:  lambda d: (nn.Sequential(nn.Linear(2, 3, **DTYPE), nn.Tanh(), nn.Linear(3, 1, **DTYPE)), (values((2, 2), d(st.integers(0, 9))),)),
    nn.Residual:    lambda d: (nn.Residual(nn.Linear(2, 2, **DTYPE)), (values((2, 2), d(st.integers(0, 9))),)),

    nn.Conv1d:           convolution(nn.Conv1d, 1, padding_mode=MODES),
    nn.Conv2d:           convolution(nn.Conv2d, 2, padding_mode=MODES),
    nn.ConvTranspose1d:  convolution(nn.ConvTranspose1d, 1, padding=st.just(0)),
    nn.ConvTranspose2d:  convolution(nn.ConvTranspose2d, 2, padding=st.just(0)),
    nn.MaxPool1d:        pool(nn.MaxPool1d, 1, ceil_mode=FLAG),
    nn.MaxPool2d:        pool(nn.MaxPool2d, 2, ceil_mode=FLAG),
    nn.AvgPool1d:        pool(nn.AvgPool1d, 1, ceil_mode=FLAG, count_include_pad=FLAG, divisor_override=st.sampled_from([None, 3])),
    nn.AvgPool2d:        pool(nn.AvgPool2d, 2, ceil_mode=FLAG, count_include_pad=FLAG, divisor_override=st.sampled_from([None, 3])),
    nn.AdaptiveAvgPool1d: lambda d: layer(d, nn.AdaptiveAvgPool1d, d(st.integers(1, 4)), inputs=[(d(N), d(C), d(st.integers(4, 5)))]),
    nn.AdaptiveAvgPool2d: lambda d: layer(d, nn.AdaptiveAvgPool2d, d(st.integers(1, 3)), inputs=[(1, d(C), 4, d(st.integers(3, 4)))]),
    nn.AdaptiveMaxPool1d: lambda d: layer(d, nn.AdaptiveMaxPool1d, d(st.integers(1, 4)), inputs=[(d(N), d(C), d(st.integers(4, 5)))]),
    nn.AdaptiveMaxPool2d: lambda d: layer(d, nn.AdaptiveMaxPool2d, d(st.integers(1, 3)), inputs=[(1, d(C), 4, d(st.integers(3, 4)))]),
    nn.LPPool1d:         lambda d: layer(d, nn.LPPool1d, d(st.sampled_from([1, 2, 2.5])), 2, inputs=[(d(N), d(C), 5)], ceil_mode=FLAG),
    nn.LPPool2d:         lambda d: layer(d, nn.LPPool2d, 2, (2, 1), inputs=[(d(N), d(C), 4, 2)], stride=st.integers(1, 2), ceil_mode=FLAG),
    nn.Unfold:           lambda d: layer(d, nn.Unfold, 2, inputs=[(1, d(C), 3, 3)], padding=st.integers(0, 1), stride=st.integers(1, 2)),
    nn.Fold:             lambda d: layer(d, nn.Fold, 3, 2, inputs=[(d(N), 4, 4)]),
    **{kind: padded(kind) for kind in vars(nn).values() if "Pad" in getattr(kind, "__name__", "")},
    nn.Upsample:         upsample,
    nn.PixelShuffle:     lambda d: layer(d, nn.PixelShuffle, 2, inputs=[(d(N), 4, 2, 1)]),
    nn.PixelUnshuffle:   lambda d: layer(d, nn.PixelUnshuffle, 2, inputs=[(d(N), 1, 4, 2)]),

    nn.BatchNorm1d: normalization(nn.BatchNorm1d, (4, 2), (3, 2, 2), affine=FLAG, bias=FLAG, momentum=st.sampled_from([0.1, None])),
    nn.BatchNorm2d: normalization(nn.BatchNorm2d, (2, 2, 2, 2), affine=FLAG, track_running_stats=FLAG),
    nn.LayerNorm:   normalization(nn.LayerNorm, (2, 3), (1, 2, 4), size=lambda shape: shape[-1], elementwise_affine=FLAG),
    nn.RMSNorm:     normalization(nn.RMSNorm, (2, 3), (1, 2, 4), size=lambda shape: shape[-1], elementwise_affine=FLAG),
    nn.GroupNorm:   lambda d: layer(d, nn.GroupNorm, 2, 4, inputs=[(2, 4, d(st.integers(2, 3)))], affine=FLAG, bias=FLAG),
    nn.InstanceNorm1d: normalization(nn.InstanceNorm1d, (2, 2, 3), (1, 2, 4), affine=FLAG, bias=FLAG, track_running_stats=FLAG),
    nn.InstanceNorm2d: normalization(nn.InstanceNorm2d, (2, 2, 2, 2), affine=FLAG, bias=FLAG),

    nn.RNN:         recurrent(nn.RNN),
    nn.LSTM:        recurrent(nn.LSTM, hidden=2, proj_size=st.integers(0, 1)),
    nn.GRU:         recurrent(nn.GRU),
    nn.RNNCell:     cell(nn.RNNCell, 1),
    nn.LSTMCell:    cell(nn.LSTMCell, 2),
    nn.GRUCell:     cell(nn.GRUCell, 1),

    nn.MultiheadAttention:      attention,
    nn.TransformerEncoderLayer: transformer,
    nn.TransformerEncoder:      lambda d: stacked(nn.TransformerEncoder, *transformer(d)),
    nn.TransformerDecoderLayer: lambda d: transformer(d, nn.TransformerDecoderLayer, 2),
    nn.TransformerDecoder:      lambda d: stacked(nn.TransformerDecoder, *transformer(d, nn.TransformerDecoderLayer, 2)),
    nn.Transformer:             both_transformers,

    nn.ReLU:        activation(nn.ReLU),
    nn.LeakyReLU:   activation(nn.LeakyReLU, negative_slope=st.sampled_from([0.01, 0.3])),
    nn.ELU:         activation(nn.ELU, alpha=st.sampled_from([1.0, 0.5])),
    nn.SELU:        activation(nn.SELU),
    nn.CELU:        activation(nn.CELU, alpha=st.sampled_from([1.0, 0.5])),
    nn.GELU:        activation(nn.GELU, approximate=st.sampled_from(["none", "tanh"])),
    nn.SiLU:        activation(nn.SiLU),
    nn.Sigmoid:     activation(nn.Sigmoid),
    nn.Tanh:        activation(nn.Tanh),
    nn.Arctan:      activation(nn.Arctan),
    nn.Softplus:    activation(nn.Softplus, beta=st.sampled_from([1.0, 2.0]), threshold=st.sampled_from([None, 0.013])),
    nn.Softsign:    activation(nn.Softsign),
    nn.Hardtanh:    activation(nn.Hardtanh),
    nn.Gaussian:    activation(nn.Gaussian),
    nn.Heaviside:   activation(nn.Heaviside),
    nn.Hardsigmoid: activation(nn.Hardsigmoid),
    nn.Hardswish:   activation(nn.Hardswish),
    nn.Mish:        activation(nn.Mish),
    nn.PReLU:       activation(nn.PReLU),
    nn.ReLU6:       activation(nn.ReLU6),
    nn.LogSigmoid:  activation(nn.LogSigmoid),
    nn.GLU:         lambda d: layer(d, nn.GLU, inputs=[(2, 4)], axis=st.sampled_from([0, 1, -1])),
    nn.Softmin:     activation(nn.Softmin),
    nn.Softmax2d:   lambda d: layer(d, nn.Softmax2d, inputs=[d(st.sampled_from([(2, 3, 1, 2), (3, 2, 2)]))]),
    nn.Softshrink:  activation(nn.Softshrink, lambd=st.sampled_from([0.5, 0.057])),
    nn.Hardshrink:  activation(nn.Hardshrink, lambd=st.sampled_from([0.5, 0.057])),
    nn.Tanhshrink:  activation(nn.Tanhshrink),
    nn.Threshold:   lambda d: layer(d, nn.Threshold, 0.057, -2.0, inputs=[(2, 3)]),
    nn.RReLU:       lambda d: (nn.RReLU().eval(), (values((2, 3), d(st.integers(0, 9))),)),
    nn.Softmax:     activation(nn.Softmax),
    nn.LogSoftmax:  activation(nn.LogSoftmax),
    nn.Maxout:      lambda d: layer(d, nn.Maxout, 3, 2, inputs=[(2, 3)], pieces=st.integers(1, 3)),

    nn.CrossEntropyLoss:    classes(nn.CrossEntropyLoss, label_smoothing=st.sampled_from([0.0, 0.2])),
    nn.NLLLoss:             classes(nn.NLLLoss, log=True),
    nn.MultiMarginLoss:     classes(nn.MultiMarginLoss, p=st.sampled_from([1, 2]), margin=st.sampled_from([0.3, 1.0])),
    nn.BCELoss:             reduced(nn.BCELoss, target=shares, low=0.1, high=0.9),
    nn.BCEWithLogitsLoss:   reduced(nn.BCEWithLogitsLoss, target=shares, pos_weight=st.sampled_from([None, 2.5])),
    nn.MSELoss:             reduced(nn.MSELoss),
    nn.HalfSquaredErrorLoss: reduced(nn.HalfSquaredErrorLoss),
    nn.L1Loss:              reduced(nn.L1Loss),
    nn.HuberLoss:           reduced(nn.HuberLoss, delta=st.sampled_from([1.0, 0.57])),
    nn.SmoothL1Loss:        reduced(nn.SmoothL1Loss, beta=st.sampled_from([1.0, 0.57])),
    nn.HingeLoss:           reduced(nn.HingeLoss, target=signs, squared=FLAG),
    nn.SoftMarginLoss:      reduced(nn.SoftMarginLoss, target=signs),
    nn.HingeEmbeddingLoss:  reduced(nn.HingeEmbeddingLoss, target=signs, margin=st.sampled_from([0.57, 8.0])),
    nn.MarginRankingLoss:   ranking,
    nn.MultiLabelMarginLoss: several_labels,
    nn.MultiLabelSoftMarginLoss: reduced(nn.MultiLabelSoftMarginLoss, target=shares),
    nn.PoissonNLLLoss:      reduced(nn.PoissonNLLLoss, target=shares, full=FLAG),
    nn.GaussianNLLLoss:     gaussian,
    nn.KLDivLoss:           reduced(nn.KLDivLoss, target=shares, low=-3.0, high=-0.1),
    nn.CosineEmbeddingLoss: cosine,
    nn.TripletMarginLoss:   triplet,
}
# fmt: on


def public_modules():
    return {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)} - ABSTRACT


def test_every_module_is_checked():
    assert {kind.__name__ for kind in public_modules() - set(LAYERS)} == set()


def floating_outputs(out):
    """The tensors in what a layer returns, also in nested tuples."""
    return (
        [t for o in out for t in floating_outputs(o)]
        if isinstance(out, tuple)
        else []
        if out is None
        else [out]
    )


def check_gradients(kind, draw):
    module, inputs = LAYERS[kind](draw)
    parameters, rebuild = module.__tree__()
    n, arguments = len(parameters), [*(tg.Tensor(p.data) for p in parameters), *inputs]

    def f(*given):
        return floating_outputs(rebuild(given[:n])(*given[n:]))

    elements = 40 if len(arguments) < 13 else 13  # a check takes the longer, the more parameters there are
    assert tg.gradcheck(f, *arguments, argnums=draw(affordable(arguments, elements))).elements


STACKS = {nn.TransformerEncoder, nn.TransformerDecoder, nn.Transformer}  # of layers that are checked alone
SINGLE = [kind for kind in LAYERS if kind not in STACKS and not issubclass(kind, Loss)]  # those: test_loss.py
name = lambda kind: kind.__name__


@pytest.mark.parametrize("kind", SINGLE, ids=name)
@settings(max_examples=max(6, settings.default.max_examples // 4))
@given(data=st.data())
def test_gradients_of_first_and_second_order(kind, data):
    check_gradients(kind, data.draw)


@pytest.mark.parametrize("kind", sorted(STACKS, key=name), ids=name)
@settings(max_examples=max(3, settings.default.max_examples // 8))
@given(data=st.data())
def test_gradients_of_stacks_of_layers(kind, data):
    check_gradients(kind, data.draw)
