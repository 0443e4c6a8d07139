"""What every layer and loss refuses by name, wherever an array goes in: masked arrays, ragged lists,
and a layer's tuple.
"""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, train
from tinygrad_edu.errors import TinygradError

IMAGE, ROWS, SERIES, LABELS = np.ones((2, 4, 4, 4)), np.ones((2, 4)), np.ones((3, 2, 4)), np.array([0, 1])
OF_IMAGES = [
    "Conv2d",
    "ConvTranspose2d",
    "BatchNorm2d",
    "GroupNorm",
    "InstanceNorm2d",
    "AdaptiveMaxPool2d",
    "LPPool2d",
    "Unfold",
    "Dropout2d",
    "Softmax2d",
    "Upsample",
    "PixelShuffle",
    "PixelUnshuffle",
    "MaxPool2d",
    "AvgPool2d",
    "AdaptiveAvgPool2d",
]
OF_SERIES = [
    "Conv1d",
    "AdaptiveMaxPool1d",
    "LPPool1d",
    "Fold",
    "Dropout1d",
    "ConvTranspose1d",
    "InstanceNorm1d",
    "MaxPool1d",
    "AvgPool1d",
    "AdaptiveAvgPool1d",
    "RNN",
    "LSTM",
    "GRU",
    "TransformerEncoderLayer",
    "TransformerEncoder",
    "TransformerDecoderLayer",
    "TransformerDecoder",
    "Transformer",
]
MADE_WITH = {
    **dict.fromkeys(["Linear", "Maxout", "RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"], (4, 4)),
    **dict.fromkeys(["BatchNorm1d", "BatchNorm2d", "LayerNorm", "RMSNorm", "InstanceNorm2d"], (4,)),
    **dict.fromkeys(
        ["MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d"], (2,)
    ),
    **{
        "Conv1d": (2, 3, 1),
        "ConvTranspose1d": (2, 3, 1),
        "Conv2d": (4, 3, 1),
        "ConvTranspose2d": (4, 3, 1),
        "GroupNorm": (2, 4),
        "Unflatten": (1, (2, 2)),
        **dict.fromkeys(["AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "Unfold"], (2,)),
        **dict.fromkeys(["LPPool1d", "LPPool2d"], (2, 2)),
        "Fold": ((1, 5), (1, 2)),
        **{name: (1, 0.0)[: 1 + name.startswith("Const")] for name in nn.__all__ if "Pad" in name},
        "Threshold": (0.5, 0.0),
        **dict.fromkeys(["Upsample", "PixelShuffle", "PixelUnshuffle"], (2,)),
        "InstanceNorm1d": (2,),
        "Bilinear": (4, 4, 2),
    },
    **{
        "Residual": (nn.ReLU(),),
        "Sequential": (nn.ReLU(),),
        "Embedding": (5, 2),
        "MultiheadAttention": (4, 2),
    },
    **{"TransformerEncoderLayer": (4, 2, 8), "TransformerEncoder": (nn.TransformerEncoderLayer(4, 2, 8), 1)},
    **{"TransformerDecoderLayer": (4, 2, 8), "TransformerDecoder": (nn.TransformerDecoderLayer(4, 2, 8), 1)},
    **{"Transformer": (4, 2, 1, 1, 8)},
}
NUMBERS = {"Bilinear": 2, "CosineSimilarity": 2, "PairwiseDistance": 2, "MultiheadAttention": 3}  # of inputs
NUMBERS |= dict.fromkeys(["TransformerDecoderLayer", "TransformerDecoder", "Transformer"], 2)
NO_LAYERS = {"Module", "ModuleList", "ModuleDict", "Parameter", "Buffer", "Identity"}
LAYERS = [
    n for n in nn.__all__ if inspect.isclass(getattr(nn, n)) and not n.endswith("Loss") and n not in NO_LAYERS
]


def layer_and_inputs(name):
    """A layer of each kind, and what it takes."""
    x = IMAGE if name in OF_IMAGES else SERIES if name in OF_SERIES else ROWS
    x = np.array([[0, 1], [1, 2]]) if name == "Embedding" else x
    return getattr(nn, name)(*MADE_WITH.get(name, ())), [x] * NUMBERS.get(name, 1)


PAIR, SIGNS, PROBABILITIES = np.full((2, 3), 0.5), np.array([1, -1]), np.full((2, 4), 0.25)
LOSSES = {
    **dict.fromkeys(
        [
            "BCELoss",
            "BCEWithLogitsLoss",
            "HalfSquaredErrorLoss",
            "HuberLoss",
            "L1Loss",
            "MSELoss",
            "MultiLabelSoftMarginLoss",
            "PoissonNLLLoss",
            "SmoothL1Loss",
        ],
        (PAIR, PAIR),
    ),
    **dict.fromkeys(["MultiMarginLoss", "CrossEntropyLoss", "NLLLoss"], (np.log(PROBABILITIES), LABELS)),
    **{
        "KLDivLoss": (np.log(PROBABILITIES), PROBABILITIES),
        **dict.fromkeys(["HingeLoss", "SoftMarginLoss", "HingeEmbeddingLoss"], (PAIR, np.sign(PAIR))),
        **dict.fromkeys(["TripletMarginLoss", "GaussianNLLLoss"], (PAIR, PAIR, PAIR)),
        "MarginRankingLoss": (PAIR, PAIR, np.sign(PAIR)),
        "MultiLabelMarginLoss": (PAIR, np.array([[0, 2, -1], [1, -1, -1]])),
    },
    **{"CosineEmbeddingLoss": (PAIR, PAIR, SIGNS)},
}


def masked(x):
    return np.ma.masked_array(x, np.zeros(np.shape(x), bool))


def ragged(x):
    return [[1.0], [1.0, 2.0]]


def tensors(x):
    """What `tinygrad_edu.nn.LSTM` returns: an output beside a pair."""
    x = tg.Tensor(x)
    return x, (x, x)


@pytest.mark.parametrize("spoil", [masked, ragged, tensors])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_refuses_what_is_no_array_in_its_name(name, spoil):
    layer, inputs = layer_and_inputs(name)
    layer(*inputs)
    said = {masked: "masked arrays are not supported", ragged: "rows of one length", tensors: "tuple"}[spoil]
    for at in range(len(inputs)):
        for mode in (True, False):
            with pytest.raises(TinygradError, match=said) as caught, tg.no_grad():
                layer.train(mode)(*inputs[:at], spoil(inputs[at]), *inputs[at + 1 :])
            named = any(word in str(caught.value) for word in (name, "layer"))
            assert named or name in ("Maxout", "TransformerEncoder")


@pytest.mark.parametrize("spoil", [masked, ragged, tensors])
@pytest.mark.parametrize("name", [n for n in nn.__all__ if n.endswith("Loss")])
def test_every_loss_refuses_what_is_no_array_in_its_name(name, spoil):
    inputs, loss = LOSSES[name], getattr(nn, name)()
    loss(*inputs)
    for at in range(len(inputs)):
        with pytest.raises(TinygradError, match=r"^\w+: \w+(:| expects) .*(masked|rows of one length|tuple)"):
            loss(*inputs[:at], spoil(inputs[at]), *inputs[at + 1 :])


@pytest.mark.parametrize(
    "make",
    [
        lambda w: nn.CrossEntropyLoss(w(np.ones(4))),
        lambda w: nn.NLLLoss(w(np.ones(4))),
        lambda w: nn.MultiMarginLoss(weight=w(np.ones(4))),
        lambda w: nn.BCELoss(w(np.ones(3))),
        lambda w: nn.BCEWithLogitsLoss(w(np.ones(3))),
        lambda w: nn.BCEWithLogitsLoss(pos_weight=w(np.ones(3))),
        lambda w: tg.softmax_cross_entropy(np.zeros((2, 4)), LABELS, weight=w(np.ones(4))),
        lambda w: tg.binary_cross_entropy(PAIR, PAIR, weight=w(np.ones(3))),
        lambda w: tg.binary_cross_entropy_with_logits(PAIR, PAIR, pos_weight=w(np.ones(3))),
        lambda w: nn.Parameter(w(np.ones(3))),
        lambda w: nn.Buffer(w(np.ones(3))),
        lambda w: nn.Buffer(np.ones(3)).write(w(np.ones(3))),
        lambda w: nn.Linear(2, 1).load_state_dict({"weight": w(np.ones((1, 2))), "bias": np.ones(1)}),
        lambda w: nn.GRU(4, 4)(SERIES, w(np.ones((1, 2, 4)))),
        lambda w: nn.LSTM(4, 4)(SERIES, (np.ones((1, 2, 4)), w(np.ones((1, 2, 4))))),
        lambda w: nn.RNNCell(4, 4)(ROWS, w(np.ones((2, 4)))),
        lambda w: nn.MultiheadAttention(4, 2)(SERIES, SERIES, SERIES, w(np.zeros((2, 3), bool))),
        lambda w: nn.MultiheadAttention(4, 2)(SERIES, SERIES, SERIES, attn_mask=w(np.zeros((3, 3)))),
        lambda w: tg.masked_softmax(ROWS, w(np.ones((2, 4), bool))),
        lambda w: tg.scaled_dot_product_attention(ROWS, ROWS, ROWS, mask=w(np.ones((2, 2), bool))),
        lambda w: tg.embedding(w(np.array([0, 1])), ROWS),
        lambda w: tg.embedding(np.array([0, 1]), w(ROWS)),
        lambda w: tg.conv2d(IMAGE, w(np.ones((1, 4, 1, 1)))),
        lambda w: tg.conv2d(IMAGE, np.ones((1, 4, 1, 1)), w(np.ones(1))),
        lambda w: tg.conv1d(SERIES, w(np.ones((1, 2, 1)))),
        lambda w: tg.conv_transpose2d(IMAGE, w(np.ones((4, 1, 1, 1)))),
        lambda w: tg.conv_transpose1d(SERIES, w(np.ones((2, 1, 1)))),
        lambda w: tg.layer_norm(ROWS, w(np.ones(4))),
        lambda w: tg.layer_norm(ROWS, None, w(np.ones(4))),
        lambda w: tg.rms_norm(ROWS, w(np.ones(4))),
        lambda w: tg.group_norm(ROWS, 2, w(np.ones(4))),
        lambda w: tg.instance_norm(IMAGE, w(np.ones(4))),
        lambda w: tg.interpolate(w(IMAGE), 2),
        lambda w: tg.pixel_shuffle(w(IMAGE), 2),
        lambda w: tg.prelu(ROWS, w(np.ones(1))),
        lambda w: tg.maxout(w(ROWS), 2),
        lambda w: tg.softmax(w(ROWS)),
        lambda w: tg.relu(w(ROWS)),
        lambda w: tg.dropout(w(ROWS), 0.5),
    ],
)
def test_weights_masks_states_and_parameters_are_doors_too(make):
    make(np.asarray)
    with pytest.raises(TinygradError, match="masked arrays are not supported"):
        make(masked)


@pytest.mark.parametrize("rnn", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_recurrent_layer_in_a_row_is_refused_where_it_would_be_stacked(rnn):
    model, x = nn.Sequential(rnn(3, 4), nn.ReLU(), nn.Linear(4, 1)), np.zeros((1, 2, 3), np.float32)
    for call in (model, lambda x: train.predict(model, x)):
        with pytest.raises(
            TinygradError,
            match=r"layer 1 expects one array, got a tuple of 2: Tensor of shape \(1, 2, 4\).*\n.*out, h = "
            r"rnn\(x\)",
        ):
            call(x)


def test_a_list_of_tensors_is_refused_with_and_without_gradients():
    for parts in ([tg.Tensor(np.ones(2))] * 2, [nn.Parameter(np.ones(2))] * 2):
        with pytest.raises(TinygradError, match=r"np\.stack"):
            nn.Linear(2, 1)(parts)


def test_predict_says_what_to_do_with_several_outputs():
    with pytest.raises(TinygradError, match=r"got tuple of 2\.\n.*out, h = rnn\(x\)"):
        train.predict(nn.GRU(3, 4), np.zeros((1, 2, 3), np.float32))
