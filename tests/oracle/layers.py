"""Layers: their settings alone and together, in training and in use, with the shapes of input
that they take.
"""

from typing import Any

from .cases import Case, Draw, case, causal, labels, padding, part, positive, real, some

# ---- fully connected, shape --------------------------------------------------------------------------------

CASES = [
    case("Linear", 4, 3, of=real(5, 4)),
    case("Linear", 4, 3, of=real(4)),
    case("Linear", 4, 3, of=real(2, 3, 4)),
    case("Linear", 4, 3, bias=False, of=real(5, 4)),
    case("Linear", 1, 1, of=real(1, 1)),
    case("Bilinear", 3, 4, 2, of=(real(5, 3), real(5, 4))),
    case("Bilinear", 3, 4, 2, of=(real(2, 3, 3), real(2, 3, 4))),
    case("Bilinear", 3, 4, 2, bias=False, of=(real(5, 3), real(5, 4))),
    case("Bilinear", 1, 3, 1, of=(real(2, 1), real(2, 3))),
    case("Flatten", of=real(2, 3, 2)),
    case("Flatten", of=real(2, 2, 3, 2)),
    case("Flatten", 0, of=real(2, 3, 2)),
    case("Flatten", 1, 2, of=real(2, 2, 3, 2)),
    case("Flatten", 0, -2, of=real(2, 2, 3)),
    case("Unflatten", 1, (2, 3), of=real(2, 6)),
    case("Unflatten", -2, (-1, 2), of=real(6, 3)),
    case("Dropout", 0.4, of=real(3, 4), train=False),
    case("Dropout", 0.0, of=real(3, 4)),
    case("Dropout1d", 0.4, of=real(2, 3, 4), train=False),
    case("Dropout2d", 0.4, of=real(2, 3, 2, 2), train=False),
    case("Dropout2d", 0.0, of=real(2, 3, 2, 2)),
    case("AlphaDropout", 0.4, of=real(3, 4), train=False),
    case("CosineSimilarity", of=(real(3, 4), real(3, 4))),
    case("CosineSimilarity", dim=-1, of=(real(2, 3, 4), real(3, 4))),
    case("CosineSimilarity", 0, eps=0.3, of=(real(4, 2), real(4, 2))),
    case("CosineSimilarity", of=(real(3, 4, 2), real(1, 4, 1))),
    case("PairwiseDistance", of=(real(3, 4), real(3, 4))),
    case("PairwiseDistance", p=1.0, keepdim=True, of=(real(2, 3, 4), real(3, 4))),
    case("PairwiseDistance", 3.0, eps=0.1, of=(real(3, 4), real(4))),
    case("PairwiseDistance", float("inf"), of=(real(3, 4), real(3, 4))),
]

# ---- convolution -------------------------------------------------------------------------------------------

CASES += [
    case("Conv1d", 2, 3, 3, of=real(2, 2, 7)),
    case("Conv1d", 2, 3, 3, of=real(2, 7)),
    case("Conv1d", 2, 3, 1, of=real(2, 2, 4)),
    case("Conv1d", 2, 3, 3, bias=False, of=real(2, 2, 7)),
    case("Conv1d", 2, 3, 3, stride=2, of=real(2, 2, 8)),
    case("Conv1d", 2, 3, 2, stride=3, of=real(2, 2, 9)),
    case("Conv1d", 2, 3, 3, padding=2, of=real(2, 2, 5)),
    case("Conv1d", 2, 3, 3, padding="same", of=real(2, 2, 5)),
    case("Conv1d", 2, 3, 4, padding="same", of=real(2, 2, 5)),
    case("Conv1d", 2, 3, 3, padding="valid", of=real(2, 2, 5)),
    case("Conv1d", 2, 3, 3, dilation=2, of=real(2, 2, 8)),
    case("Conv1d", 4, 6, 3, groups=2, of=real(2, 4, 5)),
    case("Conv1d", 3, 6, 3, groups=3, of=real(2, 3, 5)),
    case("Conv1d", 4, 4, 3, stride=2, padding=1, dilation=2, groups=2, of=real(2, 4, 8)),
    case("Conv2d", 2, 3, 3, of=real(2, 2, 5, 4)),
    case("Conv2d", 2, 3, 3, of=real(2, 5, 4)),
    case("Conv2d", 1, 2, 2, of=real(1, 1, 2, 2)),
    case("Conv2d", 2, 3, 1, of=real(2, 2, 3, 3)),
    case("Conv2d", 2, 3, (2, 3), of=real(2, 2, 4, 5)),
    case("Conv2d", 2, 3, 3, bias=False, of=real(2, 2, 5, 4)),
    case("Conv2d", 2, 3, 3, stride=2, of=real(2, 2, 6, 7)),
    case("Conv2d", 2, 3, 3, stride=(1, 2), of=real(2, 2, 4, 6)),
    case("Conv2d", 2, 3, 2, stride=3, of=real(2, 2, 6, 5)),
    case("Conv2d", 2, 3, 1, stride=2, of=real(2, 2, 4, 5)),
    case("Conv2d", 2, 3, 3, padding=1, of=real(2, 2, 4, 3)),
    case("Conv2d", 2, 3, 3, padding=(2, 0), of=real(2, 2, 3, 5)),
    case("Conv2d", 2, 3, 3, padding="same", of=real(2, 2, 4, 3)),
    case("Conv2d", 2, 2, (2, 4), padding="same", of=real(2, 2, 4, 5)),
    case("Conv2d", 2, 2, 3, padding="same", dilation=2, of=real(1, 2, 5, 5)),
    case("Conv2d", 2, 2, 3, dilation=2, of=real(1, 2, 6, 7)),
    case("Conv2d", 2, 2, 2, dilation=(2, 3), of=real(1, 2, 4, 6)),
    case("Conv2d", 4, 6, 2, groups=2, of=real(2, 4, 3, 4)),
    case("Conv2d", 3, 3, 3, groups=3, of=real(2, 3, 4, 4)),
    case("Conv2d", 2, 6, 3, groups=2, padding=1, of=real(1, 2, 4, 4)),
    case(
        "Conv2d", 4, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, of=real(2, 4, 5, 4)
    ),
    case("ConvTranspose2d", 2, 3, 3, of=real(2, 2, 3, 4)),
    case("ConvTranspose2d", 2, 3, 3, of=real(2, 3, 4)),
    case("ConvTranspose2d", 2, 3, (2, 3), bias=False, of=real(2, 2, 3, 3)),
    case("ConvTranspose2d", 2, 3, 3, stride=2, of=real(1, 2, 3, 3)),
    case("ConvTranspose2d", 2, 3, 2, stride=3, of=real(1, 2, 3, 2)),
    case("ConvTranspose2d", 2, 3, 3, stride=2, padding=1, of=real(1, 2, 3, 3)),
    case("ConvTranspose2d", 2, 3, 3, stride=2, padding=1, output_padding=1, of=real(1, 2, 3, 3)),
    case(
        "ConvTranspose2d", 2, 2, 3, stride=(2, 3), padding=(0, 1), output_padding=(1, 2), of=real(1, 2, 3, 2)
    ),
    case("ConvTranspose2d", 2, 2, 3, dilation=2, of=real(1, 2, 3, 3)),
    case("ConvTranspose2d", 2, 2, 2, dilation=(2, 1), padding=1, of=real(1, 2, 3, 3)),
    case("ConvTranspose2d", 4, 6, 2, groups=2, of=real(1, 4, 2, 3)),
    case(
        "ConvTranspose2d",
        4,
        4,
        3,
        stride=2,
        padding=1,
        output_padding=1,
        groups=2,
        dilation=2,
        of=real(1, 4, 2, 2),
    ),
]
CASES += [
    case("ConvTranspose1d", 2, 3, 3, of=real(2, 2, 4)),
    case("ConvTranspose1d", 2, 3, 3, of=real(2, 4)),
    case("ConvTranspose1d", 2, 3, 2, bias=False, stride=3, of=real(2, 2, 3)),
    case("ConvTranspose1d", 2, 3, 3, stride=2, padding=1, of=real(1, 2, 4)),
    case("ConvTranspose1d", 2, 3, 3, stride=2, padding=1, output_padding=1, of=real(2, 2, 3)),
    case("ConvTranspose1d", 2, 3, 3, stride=3, padding=2, output_padding=2, of=real(1, 2, 4)),
    case("ConvTranspose1d", 2, 3, 3, dilation=2, output_padding=1, padding_mode="zeros", of=real(1, 2, 3)),
    case("ConvTranspose1d", 4, 6, 2, groups=2, stride=2, dilation=3, of=real(2, 4, 3)),
    case("ConvTranspose2d", 2, 3, 2, padding_mode="zeros", of=real(1, 2, 2, 3)),
]
CASES += [
    case(kind, 2, 3, kernel, padding=padding, padding_mode=mode, **settings, of=real(*shape))
    for mode in ("zeros", "reflect", "replicate", "circular")
    for kind, kernel, padding, settings, shape in [
        ("Conv1d", 3, 1, {}, (2, 2, 5)),
        ("Conv1d", 4, "same", {}, (2, 2, 5)),
        ("Conv1d", 3, 3, {"stride": 2, "dilation": 2}, (2, 6)),
        ("Conv2d", 3, 1, {}, (1, 2, 4, 3)),
        ("Conv2d", (2, 4), "same", {"dilation": (2, 1)}, (1, 2, 4, 5)),
        ("Conv2d", 2, (2, 0), {"stride": 2}, (2, 4, 3)),
        ("Conv2d", 2, (0, 1), {"bias": False}, (2, 2, 3, 3)),
        ("Conv2d", 2, "valid", {}, (1, 2, 3, 3)),
    ]
]

# ---- pooling -----------------------------------------------------------------------------------------------

CASES += [
    case("MaxPool1d", 2, of=real(2, 2, 6)),
    case("MaxPool1d", 2, of=real(2, 7)),
    case("MaxPool1d", 3, stride=1, of=real(2, 2, 6)),
    case("MaxPool1d", 3, stride=2, padding=1, of=real(2, 2, 7)),
    case("MaxPool1d", 2, dilation=2, of=real(2, 2, 7)),
    case("MaxPool1d", 2, ceil_mode=True, of=real(2, 2, 7)),
    case("MaxPool1d", 2, stride=3, padding=1, ceil_mode=True, of=real(2, 2, 6)),
    case("MaxPool2d", 2, of=real(2, 2, 4, 6)),
    case("MaxPool2d", 2, of=real(2, 5, 5)),
    case("MaxPool2d", 2, of=real(1, 2, 5, 7)),
    case("MaxPool2d", (2, 3), of=real(1, 2, 4, 6)),
    case("MaxPool2d", 3, stride=1, of=real(1, 2, 5, 4)),
    case("MaxPool2d", 3, stride=2, of=real(1, 2, 7, 5)),
    case("MaxPool2d", 2, stride=3, of=real(1, 2, 6, 8)),
    case("MaxPool2d", 3, stride=2, padding=1, of=real(1, 2, 5, 6)),
    case("MaxPool2d", (2, 3), stride=(1, 2), padding=(1, 0), of=real(1, 2, 3, 7)),
    case("MaxPool2d", 2, dilation=2, of=real(1, 2, 6, 5)),
    case("MaxPool2d", 2, ceil_mode=True, of=real(1, 2, 5, 7)),
    case("MaxPool2d", 3, stride=2, padding=1, ceil_mode=True, of=real(1, 2, 6, 5)),
    case("MaxPool2d", 2, stride=3, ceil_mode=True, of=real(1, 2, 4, 6)),
    case("AvgPool1d", 2, of=real(2, 2, 6)),
    case("AvgPool1d", 2, of=real(2, 7)),
    case("AvgPool1d", 3, stride=1, of=real(2, 2, 6)),
    case("AvgPool1d", 3, stride=2, padding=1, of=real(2, 2, 7)),
    case("AvgPool1d", 3, stride=2, padding=1, count_include_pad=False, of=real(2, 2, 7)),
    case("AvgPool1d", 2, ceil_mode=True, of=real(2, 2, 7)),
    case("AvgPool1d", 3, stride=2, padding=1, ceil_mode=True, of=real(2, 2, 6)),
    case("AvgPool1d", 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False, of=real(2, 2, 6)),
    case("AvgPool2d", 2, of=real(2, 2, 4, 6)),
    case("AvgPool2d", 2, of=real(2, 5, 5)),
    case("AvgPool2d", (2, 3), of=real(1, 2, 4, 6)),
    case("AvgPool2d", 3, stride=1, of=real(1, 2, 5, 4)),
    case("AvgPool2d", 2, stride=3, of=real(1, 2, 6, 8)),
    case("AvgPool2d", 3, stride=2, padding=1, of=real(1, 2, 5, 6)),
    case("AvgPool2d", 3, stride=2, padding=1, count_include_pad=False, of=real(1, 2, 5, 6)),
    case("AvgPool2d", (2, 3), stride=(1, 2), padding=(1, 0), of=real(1, 2, 3, 7)),
    case("AvgPool2d", 2, ceil_mode=True, of=real(1, 2, 5, 7)),
    case("AvgPool2d", 3, stride=2, padding=1, ceil_mode=True, of=real(1, 2, 6, 4)),
    case("AvgPool2d", 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False, of=real(1, 2, 6, 4)),
    case("AvgPool2d", 2, stride=3, padding=1, ceil_mode=True, of=real(1, 2, 4, 6)),
    case("AdaptiveAvgPool1d", 1, of=real(2, 2, 6)),
    case("AdaptiveAvgPool1d", 3, of=real(2, 2, 6)),
    case("AdaptiveAvgPool1d", 3, of=real(2, 2, 7)),
    case("AdaptiveAvgPool1d", 4, of=real(2, 3)),
    case("AdaptiveAvgPool2d", 1, of=real(2, 2, 4, 3)),
    case("AdaptiveAvgPool2d", 2, of=real(1, 2, 4, 6)),
    case("AdaptiveAvgPool2d", (2, 3), of=real(1, 2, 5, 7)),
    case("AdaptiveAvgPool2d", (3, 2), of=real(2, 5, 3)),
    case("AdaptiveAvgPool2d", (None, 2), of=real(1, 2, 3, 5)),
    case("AdaptiveAvgPool2d", 5, of=real(1, 1, 3, 4)),
]
CASES += [
    case("MaxPool1d", 2, return_indices=True, of=real(2, 2, 6)),
    case("MaxPool1d", 3, stride=2, padding=1, dilation=2, return_indices=True, of=real(2, 8)),
    case("MaxPool2d", 2, return_indices=True, of=real(2, 2, 4, 5)),
    case("MaxPool2d", (2, 3), stride=(1, 2), padding=(1, 0), return_indices=True, of=real(2, 3, 7)),
    case("MaxPool2d", 3, stride=2, padding=1, ceil_mode=True, return_indices=True, of=real(1, 2, 6, 5)),
    case("MaxPool2d", 2, stride=1, dilation=(2, 1), return_indices=True, of=real(1, 2, 4, 5)),
    case("AvgPool2d", 2, divisor_override=3, of=real(1, 2, 4, 5)),
    case("AvgPool2d", 3, stride=2, padding=1, ceil_mode=True, divisor_override=7, of=real(2, 6, 4)),
]
CASES += [
    case("AdaptiveMaxPool1d", 1, of=real(2, 2, 6)),
    case("AdaptiveMaxPool1d", 4, return_indices=True, of=real(2, 2, 7)),
    case("AdaptiveMaxPool1d", 4, of=real(2, 3)),
    case("AdaptiveMaxPool2d", 2, of=real(1, 2, 4, 6)),
    case("AdaptiveMaxPool2d", (2, 3), return_indices=True, of=real(1, 2, 5, 7)),
    case("AdaptiveMaxPool2d", (None, 2), return_indices=True, of=real(2, 3, 5)),
    case("AdaptiveMaxPool2d", 5, of=real(1, 1, 3, 4)),
    case("LPPool1d", 2, 3, of=real(2, 2, 7)),
    case("LPPool1d", 2.5, 2, stride=1, of=positive(2, 2, 6)),
    case("LPPool1d", 3, 2, stride=3, ceil_mode=True, of=positive(2, 7)),
    case("LPPool2d", 2, 2, of=real(1, 2, 4, 5)),
    case("LPPool2d", 1, (2, 3), of=positive(2, 4, 6)),
    case("LPPool2d", 4.0, 3, stride=2, ceil_mode=True, of=real(1, 2, 6, 4)),
    case("Unfold", 2, of=real(2, 3, 3, 4)),
    case("Unfold", (2, 3), dilation=(2, 1), padding=(1, 0), stride=2, of=real(2, 4, 5)),
    case("Fold", (3, 4), 2, of=real(2, 8, 6)),
    case("Fold", (4, 5), (2, 3), dilation=(2, 1), padding=(1, 0), stride=2, of=real(12, 4)),
]
PADDINGS = {
    "1d": [(1, (2, 2, 5)), ((0, 2), (2, 5)), ((2, 0), (1, 2, 3))],
    "2d": [(1, (2, 2, 3, 2)), ((1, 0, 2, 1), (2, 3, 4)), ((0, 1, 0, 0), (1, 1, 3, 2))],
}
CASES += [
    case(kind + axes, padding, *value, of=real(*shape))
    for kind, value in [
        ("ZeroPad", ()), ("ConstantPad", (-1.5,)),
        ("ReflectionPad", ()), ("ReplicationPad", ()), ("CircularPad", ()),
    ]
    for axes, paddings in PADDINGS.items()
    for padding, shape in paddings
]  # fmt: skip
CASES += [
    case("ZeroPad1d", (-1, 2), of=real(2, 2, 5)),
    case("ConstantPad2d", (-1, 2, 1, -2), 3.0, of=real(2, 4, 3)),
]
SCALES = [{"size": 5}, {"size": 3}, {"scale_factor": 2.0}, {"scale_factor": 1.3}, {"scale_factor": 0.6}]
CASES += [
    case("Upsample", **settings, mode=mode, **aligned, of=real(*shape))
    for mode, shape in [
        ("nearest", (2, 2, 5)),
        ("nearest", (1, 2, 5, 4)),
        ("nearest-exact", (1, 2, 5)),
        ("nearest-exact", (1, 2, 4, 5)),
        ("linear", (2, 2, 5)),
        ("bilinear", (1, 2, 5, 4)),
        ("bicubic", (1, 2, 5, 4)),
        ("area", (1, 2, 5)),
        ("area", (1, 2, 5, 4)),
    ]
    for settings in SCALES
    for aligned in ([{}, {"align_corners": True}] if mode.endswith(("linear", "cubic")) else [{}])
]
CASES += [
    # Of the same size, all are what they were; but for bicubic and the nearest of sequences, PyTorch's, whose
    # gradients there are not those of what they compute.
    *(
        case("Upsample", scale_factor=1.1, mode=mode, of=real(1, 2, 5, 4))
        for mode in ("nearest", "nearest-exact", "bilinear", "area")
    ),
    case("Upsample", scale_factor=1.1, mode="linear", of=real(2, 2, 5)),
    case("Upsample", (7, 3), mode="bilinear", of=real(1, 2, 3, 4)),
    case("Upsample", (1, 9), mode="bilinear", align_corners=True, of=real(1, 2, 3, 4)),
    case("Upsample", (1, 9), mode="bicubic", align_corners=True, of=real(1, 2, 3, 1)),
    case("Upsample", scale_factor=(1.7, 3), of=real(1, 2, 3, 4)),
    case("Upsample", 21, of=real(1, 1, 7)),
    case("Upsample", 7, of=real(1, 1, 24)),
    case("PixelShuffle", 2, of=real(2, 8, 2, 3)),
    case("PixelShuffle", 3, of=real(9, 2, 1)),
    case("PixelShuffle", 2, of=real(1, 2, 4, 2, 2)),
    case("PixelUnshuffle", 2, of=real(2, 2, 4, 6)),
    case("PixelUnshuffle", 3, of=real(1, 3, 6)),
]

# ---- normalization -----------------------------------------------------------------------------------------

BATCH_NORM_SETTINGS = [
    {},
    {"eps": 0.1},
    {"momentum": 0.3},
    {"momentum": None},
    {"affine": False},
    {"track_running_stats": False},
    {"affine": False, "track_running_stats": False, "eps": 1e-3},
    {"bias": False},
]
CASES += [
    case(kind, 3, **settings, of=x, train=train)
    for kind, inputs in {
        "BatchNorm1d": (real(5, 3), real(2, 3, 4)),
        "BatchNorm2d": (real(2, 3, 3, 2),),
    }.items()
    for x in inputs
    for settings in BATCH_NORM_SETTINGS
    for train in (True, False)
]
CASES += [
    case("LayerNorm", 4, of=real(3, 4)),
    case("LayerNorm", 4, of=real(4)),
    case("LayerNorm", (4,), of=real(2, 3, 4)),
    case("LayerNorm", (3, 4), of=real(2, 3, 4)),
    case("LayerNorm", [2, 3, 2], of=real(2, 2, 3, 2)),
    case("LayerNorm", 4, eps=0.1, of=real(3, 4)),
    case("LayerNorm", 4, elementwise_affine=False, of=real(3, 4)),
    case("LayerNorm", (3, 4), bias=False, of=real(2, 3, 4)),
    case("RMSNorm", 4, of=real(3, 4)),
    case("RMSNorm", 4, of=real(4)),
    case("RMSNorm", (3, 4), of=real(2, 3, 4)),
    case("RMSNorm", 4, eps=0.1, of=real(3, 4)),
    case("RMSNorm", 4, elementwise_affine=False, of=real(2, 3, 4)),
    case("GroupNorm", 2, 4, of=real(2, 4, 3)),
    case("GroupNorm", 1, 4, of=real(2, 4, 2, 2)),
    case("GroupNorm", 4, 4, of=real(2, 4, 3, 2)),
    case("GroupNorm", 2, 4, of=real(3, 4)),
    case("GroupNorm", 3, 6, eps=0.1, of=real(2, 6, 3)),
    case("GroupNorm", 2, 4, affine=False, of=real(2, 4, 2, 2)),
    case("GroupNorm", 2, 4, bias=False, of=real(2, 4, 3)),
    case("GroupNorm", 2, 4, affine=False, bias=False, of=real(2, 4)),
]
CASES += [
    case(kind, 3, **settings, of=x, train=train)
    for kind, inputs in {
        "InstanceNorm1d": (real(2, 3, 4), real(3, 5)),
        "InstanceNorm2d": (real(2, 3, 3, 2), real(3, 2, 2)),
    }.items()
    for x in inputs
    for settings in [
        {},
        {"affine": True, "eps": 0.1},
        {"affine": True, "bias": False},
        {"track_running_stats": True},
        {"affine": True, "track_running_stats": True, "momentum": 0.3},
    ]
    for train in (True, False)
]

# ---- embedding ---------------------------------------------------------------------------------------------

CASES += [
    case("Embedding", 5, 3, of=labels(4, high=5)),
    case("Embedding", 5, 3, of=labels(high=5)),
    case("Embedding", 5, 3, of=labels(3, 4, high=5)),  # every row several times
    case("Embedding", 5, 3, padding_idx=0, of=labels(2, 5, high=5)),
    case("Embedding", 5, 3, padding_idx=-1, of=labels(2, 6, high=5)),
]

# ---- recurrent ---------------------------------------------------------------------------------------------


def states(kind: str, *shape: int) -> Draw | tuple[Draw, Draw]:
    """The initial states of a recurrent layer: h, or for an LSTM (h, c)."""
    return (real(*shape), real(*shape)) if kind == "LSTM" else real(*shape)


for kind in ("RNN", "LSTM", "GRU"):
    CASES += [
        case(kind, 3, 2, of=real(4, 2, 3)),
        case(kind, 3, 2, of=real(4, 3)),
        case(kind, 3, 2, of=(real(4, 2, 3), states(kind, 1, 2, 2))),
        case(kind, 3, 2, of=(real(4, 3), states(kind, 1, 2))),
        case(kind, 3, 2, of=real(1, 1, 3)),
        case(kind, 3, 2, bias=False, of=real(4, 2, 3)),
        case(kind, 3, 2, batch_first=True, of=real(2, 4, 3)),
        case(kind, 3, 2, batch_first=True, of=(real(2, 4, 3), states(kind, 1, 2, 2))),
        case(kind, 3, 2, num_layers=2, of=real(3, 2, 3)),
        case(kind, 3, 2, num_layers=3, bias=False, of=real(3, 2, 3)),
        case(kind, 3, 2, num_layers=2, of=(real(3, 2, 3), states(kind, 2, 2, 2))),
        case(kind, 3, 2, bidirectional=True, of=real(3, 2, 3)),
        case(kind, 3, 2, bidirectional=True, of=(real(3, 2, 3), states(kind, 2, 2, 2))),
        case(
            kind,
            2,
            2,
            num_layers=2,
            bidirectional=True,
            batch_first=True,
            of=(real(2, 3, 2), states(kind, 4, 2, 2)),
        ),
        case(kind, 3, 2, 2, dropout=0.5, of=real(3, 2, 3), train=False),
        case(f"{kind}Cell", 3, 2, of=real(2, 3)),
        case(f"{kind}Cell", 3, 2, of=real(3)),
        case(f"{kind}Cell", 3, 2, of=(real(2, 3), states(kind, 2, 2))),
        case(f"{kind}Cell", 3, 2, of=(real(3), states(kind, 2))),
        case(f"{kind}Cell", 3, 2, bias=False, of=(real(2, 3), states(kind, 2, 2))),
    ]
CASES += [
    case("RNNCell", 3, 2, nonlinearity="relu", of=(real(2, 3), real(2, 2))),
    case("RNN", 3, 2, nonlinearity="relu", of=real(4, 2, 3)),
    case("RNN", 3, 2, nonlinearity="relu", num_layers=2, of=(real(3, 2, 3), real(2, 2, 2))),
    case("RNN", 3, 2, nonlinearity="relu", bidirectional=True, batch_first=True, of=real(2, 3, 3)),
]

# ---- attention ---------------------------------------------------------------------------------------------

SELF = (real(3, 2, 4),) * 3  # sequences of 3, a batch of 2, vectors of 4
CROSS = (real(2, 2, 4), real(3, 2, 4), real(3, 2, 4))
BATCH_FIRST = (real(2, 3, 4),) * 3

CASES += [
    case("MultiheadAttention", 4, 2, of=SELF),
    case("MultiheadAttention", 4, 1, of=SELF),
    case("MultiheadAttention", 4, 4, of=CROSS),
    case("MultiheadAttention", 4, 2, of=(real(3, 4),) * 3),
    case("MultiheadAttention", 4, 2, bias=False, of=SELF),
    case("MultiheadAttention", 4, 2, batch_first=True, of=BATCH_FIRST),
    case("MultiheadAttention", 4, 2, dropout=0.5, of=SELF, train=False),
    case("MultiheadAttention", 4, 2, of=SELF, call={"need_weights": False}),
    case("MultiheadAttention", 4, 2, of=CROSS, call={"average_attn_weights": False}),
    case("MultiheadAttention", 4, 2, of=SELF, call={"attn_mask": causal(3)}),
    case(
        "MultiheadAttention",
        4,
        2,
        of=SELF,
        call={"attn_mask": causal(3), "is_causal": True, "need_weights": False},
    ),
    case("MultiheadAttention", 4, 2, of=CROSS, call={"attn_mask": some(2, 3)}),
    case(
        "MultiheadAttention", 4, 2, of=SELF, call={"attn_mask": some(4, 3, 3)}
    ),  # (batch · heads, target, source)
    case("MultiheadAttention", 4, 2, of=CROSS, call={"attn_mask": real(2, 3)}),  # added to the scores
    case("MultiheadAttention", 4, 2, of=SELF, call={"key_padding_mask": padding(2, 3)}),
    case(
        "MultiheadAttention", 4, 2, batch_first=True, of=BATCH_FIRST, call={"key_padding_mask": padding(2, 3)}
    ),
    case(
        "MultiheadAttention", 4, 2, of=SELF, call={"key_padding_mask": padding(2, 3), "attn_mask": causal(3)}
    ),
    case(
        "MultiheadAttention",
        4,
        2,
        of=CROSS,
        call={"key_padding_mask": padding(2, 3), "average_attn_weights": False},
    ),
    case("MultiheadAttention", 4, 2, kdim=3, vdim=2, of=(real(2, 2, 4), real(3, 2, 3), real(3, 2, 2))),
    case(
        "MultiheadAttention",
        4,
        2,
        kdim=3,
        vdim=3,
        batch_first=True,
        bias=False,
        of=(real(2, 2, 4), real(2, 3, 3), real(2, 3, 3)),
    ),
]

ENCODER = (4, 2, 5)  # d_model, nhead, dim_feedforward


def encoder(*, dropout: float = 0.0, **settings: Any) -> Case:
    return case("TransformerEncoderLayer", *ENCODER, dropout=dropout, **settings)


PLAIN = part("TransformerEncoderLayer", *ENCODER, dropout=0.0)
NORM_FIRST = part("TransformerEncoderLayer", *ENCODER, dropout=0.0, norm_first=True)
MASKS = {"mask": causal(3), "src_key_padding_mask": padding(2, 3)}
CASES += [
    encoder(of=real(3, 2, 4)),
    encoder(of=real(3, 4)),
    encoder(dropout=0.5, of=real(3, 2, 4), train=False),
    encoder(activation="gelu", of=real(3, 2, 4)),
    encoder(batch_first=True, of=real(2, 3, 4)),
    encoder(norm_first=True, of=real(3, 2, 4)),
    encoder(norm_first=True, activation="gelu", batch_first=True, of=real(2, 3, 4)),
    encoder(layer_norm_eps=0.1, of=real(3, 2, 4)),
    encoder(bias=False, of=real(3, 2, 4)),
    encoder(of=real(3, 2, 4), call={"src_mask": causal(3)}),
    encoder(of=real(3, 2, 4), call={"src_mask": causal(3), "is_causal": True}),
    encoder(of=real(3, 2, 4), call={"src_key_padding_mask": padding(2, 3)}),
    encoder(
        batch_first=True,
        norm_first=True,
        of=real(2, 3, 4),
        call={"src_mask": causal(3), "src_key_padding_mask": padding(2, 3)},
    ),
    case("TransformerEncoder", PLAIN, 2, of=real(3, 2, 4)),
    case("TransformerEncoder", NORM_FIRST, 2, part("LayerNorm", 4), of=real(3, 2, 4), call=MASKS),
]
