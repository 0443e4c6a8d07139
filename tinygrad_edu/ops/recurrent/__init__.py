"""The recurrent operations: Elman's, LSTM and GRU."""

from . import elman, gru, lstm

__all__ = ["elman", "gru", "lstm"]
