"""Sequences: recurrent layers on several lengths, what attention attends to beside its keys, and decoders.

Frozen by PyTorch 2.14, the other families by 2.13.
"""

from typing import Any

from .cases import Case, case, causal, padding, part, real, some
from .layers import BATCH_FIRST, CROSS, ENCODER, NORM_FIRST, SELF, states

# ---- recurrent layers --------------------------------------------------------------------------------------

CASES = []
for kind in ("RNN", "LSTM", "GRU"):
    CASES += [
        case(kind, 3, 2, of=real(4, 3, 3), call={"lengths": [2, 4, 1]}),
        case(kind, 3, 2, of=(real(4, 3, 3), states(kind, 1, 3, 2)), call={"lengths": [1, 3, 3]}),
        case(kind, 3, 2, 2, bidirectional=True, of=real(5, 4, 3), call={"lengths": [1, 5, 3, 4]}),
        case(
            kind,
            2,
            2,
            num_layers=2,
            bidirectional=True,
            batch_first=True,
            of=(real(3, 4, 2), states(kind, 4, 3, 2)),
            call={"lengths": [4, 2, 3]},
        ),
    ]
CASES += [
    case(
        "RNN", 3, 2, 2, nonlinearity="relu", bidirectional=True, of=real(4, 3, 3), call={"lengths": [3, 1, 4]}
    )
]

PROJECTED = (real(4, 3, 2), real(4, 3, 4))  # h_0 and c_0
CASES += [
    case("LSTM", 3, 4, proj_size=2, of=real(4, 2, 3)),
    case("LSTM", 3, 4, proj_size=3, bias=False, of=real(4, 3)),
    case("LSTM", 3, 4, 2, proj_size=2, bidirectional=True, of=(real(3, 3, 3), PROJECTED)),
    case(
        "LSTM",
        3,
        4,
        2,
        proj_size=2,
        bidirectional=True,
        batch_first=True,
        of=(real(3, 5, 3), PROJECTED),
        call={"lengths": [2, 5, 3]},
    ),
    case("LSTM", 3, 4, 2, proj_size=1, of=real(4, 3, 3), call={"lengths": [4, 1, 3]}),
]

# ---- attention ---------------------------------------------------------------------------------------------

MORE = {"add_bias_kv": True}, {"add_zero_attn": True}, {"add_bias_kv": True, "add_zero_attn": True}
CASES += [
    case("MultiheadAttention", 4, 2, **more, of=of, call=call)
    for more in MORE
    for of, call in (
        (SELF, {"attn_mask": causal(3), "average_attn_weights": False}),
        (CROSS, {"key_padding_mask": padding(2, 3)}),
        (CROSS, {"attn_mask": real(2, 3)}),
        ((real(3, 4),) * 3, {}),
    )
]
CASES += [
    case("MultiheadAttention", 4, 2, **MORE[2], batch_first=True, bias=False, of=BATCH_FIRST),
    case(
        "MultiheadAttention",
        4,
        2,
        **MORE[2],
        kdim=3,
        vdim=2,
        of=(real(2, 2, 4), real(3, 2, 3), real(3, 2, 2)),
        call={"attn_mask": some(4, 2, 3), "key_padding_mask": padding(2, 3)},
    ),
]

# ---- decoders, and encoders with them ----------------------------------------------------------------------


def decoder(*, dropout: float = 0.0, of: Any = None, **settings: Any) -> Case:
    """A decoder layer that reads 3 steps beside a memory of 5, or what is given."""
    of = of or (real(3, 2, 4), real(5, 2, 4))
    return case("TransformerDecoderLayer", *ENCODER, dropout=dropout, of=of, **settings)


DECODER = part("TransformerDecoderLayer", *ENCODER, dropout=0.0)
DECODER_NORM_FIRST = part("TransformerDecoderLayer", *ENCODER, dropout=0.0, norm_first=True)
TURNED = (real(2, 3, 4), real(2, 5, 4))  # batch first
OF_BOTH = {
    "tgt_mask": causal(3),
    "memory_mask": some(3, 5),
    "tgt_key_padding_mask": padding(2, 3),
    "memory_key_padding_mask": padding(2, 5),
}
SMALL = {"dim_feedforward": 5, "dropout": 0.0}
CASES += [
    decoder(),
    decoder(of=(real(3, 4), real(5, 4))),
    decoder(dropout=0.5, train=False),
    decoder(activation="gelu"),
    decoder(batch_first=True, of=TURNED),
    decoder(norm_first=True),
    decoder(norm_first=True, activation="gelu", batch_first=True, of=TURNED, call=OF_BOTH),
    decoder(layer_norm_eps=0.1),
    decoder(bias=False),
    decoder(call={"tgt_mask": causal(3)}),
    decoder(call={"tgt_mask": causal(3), "tgt_is_causal": True}),
    decoder(of=(real(3, 2, 4),) * 2, call={"memory_mask": causal(3), "memory_is_causal": True}),
    decoder(call={"memory_mask": real(4, 3, 5)}),
    decoder(call=OF_BOTH),
    case("TransformerDecoder", DECODER, 2, of=(real(3, 2, 4), real(5, 2, 4))),
    case(
        "TransformerDecoder",
        DECODER_NORM_FIRST,
        2,
        part("LayerNorm", 4),
        of=(real(3, 2, 4), real(5, 2, 4)),
        call=OF_BOTH | {"tgt_is_causal": True},
    ),
    case("Transformer", 4, 2, 1, 2, **SMALL, of=(real(5, 2, 4), real(3, 2, 4))),
    case(
        "Transformer",
        4,
        2,
        2,
        1,
        5,
        0.5,
        "gelu",
        layer_norm_eps=0.1,
        batch_first=True,
        norm_first=True,
        bias=False,
        of=(real(2, 5, 4), real(2, 3, 4)),
        call=OF_BOTH | {"src_mask": causal(5), "src_key_padding_mask": padding(2, 5)},
        train=False,
    ),
    case(
        "Transformer",
        4,
        2,
        custom_encoder=part("TransformerEncoder", NORM_FIRST, 1),
        custom_decoder=part("TransformerDecoder", DECODER, 1),
        of=(real(3, 2, 4), real(3, 2, 4)),
        call={"tgt_mask": causal(3), "src_is_causal": False, "memory_key_padding_mask": padding(2, 3)},
    ),
]
