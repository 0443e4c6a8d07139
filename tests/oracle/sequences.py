"""Sequences: recurrent layers on several lengths; frozen by PyTorch 2.14, the other families by 2.13."""

from .cases import case, real
from .layers import states

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
