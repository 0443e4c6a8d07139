"""The recurrent operations: Elman's, LSTM and GRU; `loop` says what they share."""

from . import elman, gru, loop, lstm

__all__ = ["elman", "gru", "loop", "lstm"]
