"""What recurrent layers and cells say to wrong input and settings, and how they show themselves."""

import numpy as np
import pytest

from tinygrad_edu import errors, nn

# ---- wrong input -------------------------------------------------------------------------------------------


WRONG = {
    "features": (
        lambda: nn.LSTM(8, 4)(np.zeros((5, 2, 3))),
        r"LSTM expects 8 features in the last axis, got \(5, 2, 3\)",
    ),
    "axes": (
        lambda: nn.GRU(8, 4)(np.zeros(8)),
        r"GRU expects an input of shape \(L, N, features\), or \(L, features\) without a batch, got \(8,\)",
    ),
    "axes, batch first": (
        lambda: nn.RNN(8, 4, batch_first=True)(np.zeros((1, 5, 2, 8))),
        r"RNN expects an input of shape \(N, L, features\)",
    ),
    "h_0": (
        lambda: nn.GRU(3, 4, num_layers=2)(np.zeros((5, 2, 3)), np.zeros((1, 2, 4))),
        r"GRU expects h_0 of shape \(2, 2, 4\), which is \(num_layers · directions, N, hidden_size\), got "
        r"\(1, 2, 4\)",
    ),
    "h_0 of no batch": (
        lambda: nn.RNN(3, 4)(np.zeros((5, 3)), np.zeros((1, 2, 4))),
        r"RNN expects h_0 of shape \(1, 4\), which is \(num_layers · directions, hidden_size\), got \(1, 2, "
        r"4\)",
    ),
    "c_0": (
        lambda: nn.LSTM(3, 4)(np.zeros((5, 2, 3)), (np.zeros((1, 2, 4)), np.zeros((1, 2, 5)))),
        r"LSTM expects c_0 of shape \(1, 2, 4\)",
    ),
    "h_0 projected": (
        lambda: nn.LSTM(3, 4, proj_size=2)(np.zeros((5, 2, 3)), (np.zeros((1, 2, 4)), np.zeros((1, 2, 4)))),
        r"LSTM expects h_0 of shape \(1, 2, 2\), which is \(num_layers · directions, N, proj_size\), got",
    ),
    "c_0 projected": (
        lambda: nn.LSTM(3, 4, proj_size=2)(np.zeros((5, 2, 3)), (np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))),
        r"LSTM expects c_0 of shape \(1, 2, 4\), which is \(num_layers · directions, N, hidden_size\), got",
    ),
    "h_0 batch first": (
        lambda: nn.LSTM(3, 4, batch_first=True)(
            np.zeros((5, 2, 3)), (np.zeros((1, 2, 4)), np.zeros((1, 2, 4)))
        ),
        r"LSTM expects h_0 of shape \(1, 5, 4\)",
    ),
    "no steps": (
        lambda: nn.LSTM(3, 4)(np.zeros((0, 2, 3))),
        "LSTM expects sequences of at least one step, got none",
    ),
    "cell, features": (
        lambda: nn.LSTMCell(8, 4)(np.zeros((2, 3))),
        r"LSTMCell expects 8 features in the last axis, got \(2, 3\)",
    ),
    "cell, axes": (
        lambda: nn.RNNCell(8, 4)(np.zeros((1, 2, 8))),
        r"RNNCell expects an input of shape \(N, features\), or \(features,\) without a batch",
    ),
    "cell, h_0": (
        lambda: nn.GRUCell(8, 4)(np.zeros((2, 8)), np.zeros((1, 4))),
        r"GRUCell expects h_0 of shape \(2, 4\), which is \(N, hidden_size\)",
    ),
}


@pytest.mark.parametrize(("run", "message"), WRONG.values(), ids=WRONG)
def test_wrong_shapes_say_what_was_expected(run, message):
    with pytest.raises(errors.ShapeError, match=message):
        run()


def test_errors_name_the_layer_by_its_path():
    class Net(nn.Module):
        def __init__(self):
            self.encoder = nn.LSTM(8, 4)

        def forward(self, x):
            return self.encoder(x)[0]

    with pytest.raises(errors.ShapeError, match=r"^encoder expects 8 features"):
        Net()(np.zeros((5, 2, 3)))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: nn.LSTM(3, 0), "LSTM: hidden_size is at least 1; got 0"),
        (lambda: nn.GRU(0, 3), "GRU: input_size is at least 1; got 0"),
        (lambda: nn.RNN(3, 3, 0), "RNN: num_layers is at least 1; got 0"),
        (lambda: nn.LSTMCell(3, -1), "LSTMCell: hidden_size is at least 1; got -1"),
        (lambda: nn.LSTM(3, 4, dropout=1.5), r"LSTM: dropout is a probability in \[0, 1\]; got 1.5"),
        (lambda: nn.LSTM(3, 4, proj_size=4), "LSTM: proj_size is less than hidden_size 4; got 4"),
        (lambda: nn.LSTM(3, 4, proj_size=-1), "LSTM: hidden_size and proj_size are at least 1; got 4 and -1"),
        (lambda: nn.LSTM(3, 4, proj_size=1.5), "LSTM: hidden_size and proj_size are integers; got 4 and 1.5"),
        (lambda: nn.RNN(3, 4, nonlinearity="gelu"), "RNN: nonlinearity is one of tanh, relu; got 'gelu'"),
        (lambda: nn.RNNCell(3, 4, nonlinearity="gelu"), "RNNCell: nonlinearity is one of tanh, relu"),
        (
            lambda: nn.LSTM(3, 4)(np.zeros((5, 2, 3)), np.zeros((1, 2, 4))),
            r"LSTM expects its states as a tuple \(h_0, c_0\); got one ndarray",
        ),
        (
            lambda: nn.LSTMCell(3, 4)(np.zeros((2, 3)), (np.zeros((2, 4)),)),
            "LSTMCell expects its states as a tuple.*got a tuple of 1",
        ),
        (
            lambda: nn.GRU(3, 4)(np.zeros((5, 2, 3)), (np.zeros((1, 2, 4)),) * 2),
            "GRU expects one state, h_0, an array; got a tuple of 2",
        ),
    ],
)
def test_wrong_arguments_say_what_was_expected(run, message):
    with pytest.raises(errors.ArgumentError, match=message):
        run()


def test_reprs_show_the_settings():
    shown = repr(nn.LSTM(3, 4, 2, batch_first=True))
    assert shown == "LSTM(input_size=3, hidden_size=4, num_layers=2, batch_first=True)"
    shown = repr(nn.LSTM(3, 4, proj_size=2))
    assert shown == "LSTM(input_size=3, hidden_size=4, proj_size=2)"
    assert repr(nn.RNN(3, 4, nonlinearity="relu")) == "RNN(input_size=3, hidden_size=4, nonlinearity=relu)"
    assert repr(nn.GRUCell(3, 4, False)) == "GRUCell(input_size=3, hidden_size=4, bias=False)"
    shown = repr(nn.RNNCell(3, 4, nonlinearity="relu"))
    assert shown == "RNNCell(input_size=3, hidden_size=4, nonlinearity=relu)"
