"""How recurrent layers read sequences: units one above the other, in one direction or in both."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError, names_itself, told_as
from ..ops.dropout import dropout as dropped
from ..ops.sequences import reorder, reverse_sequences, sequence_mask, whole_lengths
from ..random import Rng, generator
from .parameter import Parameter
from .sizes import check_probability
from .units import Units


class Recurrent(Units):
    """Layers of recurrent units, one above the other, each reading in one direction or in both."""

    usual: ClassVar[dict[str, Any]] = {
        "num_layers": 1,
        "bias": True,
        "batch_first": False,
        "dropout": 0.0,
        "bidirectional": False,
    }

    @names_itself
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._set_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_probability("dropout", dropout)
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        self.rng = generator(rng)
        self.directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            inputs = (self.proj_size or hidden_size) * len(self.directions) if layer else input_size
            for direction in self.directions:
                self._make_parameters(f"_l{layer}{direction}", inputs, bias, self.rng, dtype)

    def _run(self, x: Any, hx: Any, lengths: Any) -> tuple[Any, tuple[Any, ...]]:
        """The output of the last layer, and each state after the last step, of all layers."""
        like: Parameter = self.weight_ih_l0  # type: ignore[attr-defined]  # made under its name
        x = self._checked(x, like, ("N", "L", "features") if self.batch_first else ("L", "N", "features"))
        batched, batch_axis = x.ndim == 3, 0 if self.batch_first else 1
        axes = ("num_layers · directions", *(["N"] if batched else []), "hidden_size")
        batch = (x.shape[batch_axis],) if batched else ()
        shape = (self.num_layers * len(self.directions), *batch, self.hidden_size)
        states = self._first_states(hx, like, shape, axes)
        if not batched:
            x, states = np.expand_dims(x, 1), [np.expand_dims(state, 1) for state in states]
        elif self.batch_first:
            x = np.swapaxes(x, 0, 1)
        if x.shape[0] == 0:
            raise ShapeError(f"{type(self).__name__} expects sequences of at least one step, got none.")
        if lengths is not None:
            with told_as(type(self).__name__):
                lengths = np.reshape(whole_lengths(lengths, x.shape[0], batch), x.shape[1])
        x, final = self._layers(x, states, lengths)
        if not batched:
            return np.squeeze(x, 1), tuple(np.squeeze(state, 1) for state in final)
        return np.swapaxes(x, 0, 1) if self.batch_first else x, final

    def _layers(self, x: Any, states: list[Any], lengths: Any) -> tuple[Any, tuple[Any, ...]]:
        """The output of the last layer, (L, N, directions · H), and the last states of all layers."""
        ends, order = [], None
        if lengths is not None:  # the longest first, as the operations expect them
            order = np.argsort(-lengths, kind="stable")
            lengths, states = lengths[order], [reorder(state, order) for state in states]
            x = np.where(np.expand_dims(sequence_mask(lengths, x.shape[0]).T, 2), reorder(x, order), 0)
        for layer in range(self.num_layers):
            if layer and self.training:
                x = dropped(x, self.dropout, rng=self.rng)
            x, end = self._layer(layer, x, states, lengths)
            ends += end
        # Of each state (num_layers · directions, N, H); one layer has no others to be joined with.
        final = ends[0] if len(ends) == 1 else tuple(map(np.concatenate, zip(*ends)))
        if order is None:
            return x, final
        back = np.argsort(order)
        return reorder(x, back), tuple(reorder(state, back) for state in final)

    def _layer(
        self, layer: int, x: Any, states: list[Any], lengths: Any
    ) -> tuple[Any, list[tuple[Any, ...]]]:
        """The output of one layer, (L, N, directions · H), and each direction's final states (1, N, H)."""
        outputs, ends, sizes = [], [], None
        if lengths is not None:
            sizes = np.count_nonzero(sequence_mask(lengths, x.shape[0]), axis=0)
            sizes = tuple(sizes.tolist()) if isinstance(sizes, np.ndarray) else sizes  # which is traced
        for k, direction in enumerate(self.directions, layer * len(self.directions)):
            read = _turned(x, lengths) if direction else x
            h, *last = self._pass(f"_l{layer}{direction}", read, [state[k] for state in states], sizes)
            outputs.append(_turned(h, lengths) if direction else h)
            ends.append(tuple(np.expand_dims(state, 0) for state in last))
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs, -1), ends


def _turned(x: Any, lengths: Any) -> Any:
    """The sequences from their ends to their beginnings, (L, N, features)."""
    return np.flip(x, 0) if lengths is None else reverse_sequences(x, lengths)
