"""Recurrent layers, which read sequences: RNN, LSTM and GRU; see `cell` for one step at a time."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError, names_itself, told_as
from ..ops.dropout import dropout as dropped
from ..ops.sequences import reorder, reverse_sequences, sequence_mask, whole_lengths
from ..random import Rng, generator
from .parameter import Parameter
from .sizes import check_probability, check_sizes
from .units import ELMAN, GATED, LONG_SHORT, Units


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


class RNN(Recurrent):
    """Elman's recurrent network: the new state is a layer of the input and of the old state.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu in the place of tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        How many features the inputs have, and how many units a layer, both at least 1.
    num_layers : int, default=1
        Layers one above the other: each reads the outputs of the one below.
    nonlinearity : {"tanh", "relu"}, default="tanh"
    bias : bool, default=True
        Whether there are b_ih and b_hh.
    batch_first : bool, default=False
        Whether inputs and outputs are (N, L, features), N sequences of L steps, instead of (L, N, features).
        The states h_0 and h_n are not concerned.
    dropout : float in [0, 1], default=0
        In training, the probability with which an output of any layer but the last is set to zero, as in
        `Dropout`.  One layer has nothing to drop; PyTorch warns then.
    bidirectional : bool, default=False
        Whether a second set of units in each layer reads the sequence from its end; outputs are then 2 ·
        hidden_size long.
    rng : numpy.random.Generator or int, optional
        Draws the parameters, and then the masks of the dropout.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : Parameter of shape (hidden_size, input_size), and (hidden_size, hidden_size)
        Uniform in ±1/√hidden_size, as all of them.  Upper layers have the numbers l1, l2 …, the second
        direction the suffix _reverse; above the first layer W_ih has directions · hidden_size columns.
    bias_ih_l0, bias_hh_l0 : Parameter of shape (hidden_size,)

    Raises
    ------
    ShapeError
        When called with an input or states of other shapes.

    References
    ----------
    J. Elman (1990). Finding structure in time. Cognitive Science 14. M. Schuster, K. Paliwal (1997).
    Bidirectional recurrent neural networks. IEEE Transactions on Signal Processing 45.

    Examples
    --------
    >>> import numpy as np
    >>> rnn = RNN(3, 4, num_layers=2, rng=0)
    >>> output, h_n = rnn(np.ones((5, 2, 3)))  # two sequences of five steps
    >>> output.shape, h_n.shape
    ((5, 2, 4), (2, 2, 4))
    >>> output, h_n = rnn(np.ones((5, 2, 3)), lengths=[5, 2])  # of which the second is shorter
    >>> bool(np.all(output[2:, 1] == 0))
    True
    """

    kind = ELMAN

    @names_itself
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._set_nonlinearity(nonlinearity)
        settings: dict[str, Any] = {"bias": bias, "batch_first": batch_first, "dropout": dropout}
        settings |= {"bidirectional": bidirectional, "rng": rng, "dtype": dtype}
        super().__init__(input_size, hidden_size, num_layers, **settings)

    def forward(self, x: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """Read sequences.

        Parameters
        ----------
        x : Tensor or array_like of shape (L, N, input_size), (N, L, input_size) if batch_first, or without N
        hx : Tensor or array_like of shape (num_layers · directions, N, hidden_size), optional
            The states h_0 to begin with, zeros by default; without N for an input without a batch, as all
            that is returned.
        lengths : array_like of int, of shape (N,), or () without a batch, optional
            How many steps of each sequence are real, from 0 to L, in any order: the rest is padding.  By
            default all are.

        Returns
        -------
        output : Tensor of shape (L, N, directions · hidden_size), or (N, L, …) if batch_first
            The states of the last layer after each step; 0 where there is padding.
        h_n : Tensor of shape (num_layers · directions, N, hidden_size)
            The states of all layers after the last step: of the second direction, that is the one at the
            first input.

        Raises
        ------
        ShapeError, DTypeError, ArgumentError
            If an array has another shape, lengths are no integers, or one is below 0 or above L.

        Notes
        -----
        With lengths each sequence is read as if it were alone: its last state is the one after its last real
        step, the second direction begins there, and what stands in the padding, NaN too, has no influence and
        gets a gradient of 0.  That is what PyTorch computes of packed sequences, ``pack_padded_sequence(x,
        lengths, enforce_sorted=False)``.  A sequence of length 0, which PyTorch refuses, ends in the state
        that it began with.
        """
        output, (h_n,) = self._run(x, hx, lengths)
        return output, h_n


class LSTM(Recurrent):
    """Long short-term memory: gates decide what a cell forgets (f), takes in (i) and shows (o).

    What a cell holds is added to, and not multiplied by weights, so that gradients last.

    With sums a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh, in blocks in the order i, f, g, o::

        i_t, f_t, o_t = σ(a_i), σ(a_f), σ(a_o)
        g_t = tanh(a_g)
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)

    or, with a projection, h_t = W_hr (o_t tanh(c_t)), a shorter state than the cell.

    Parameters are those of `RNN`, without nonlinearity; so are the attributes, with 4 · hidden_size rows.

    Parameters
    ----------
    proj_size : int, default=0
        How long h is, less than hidden_size; 0 projects nothing.  Outputs, h_0 and h_n have this length then,
        and there are ``weight_hr_l0`` of shape (proj_size, hidden_size) and so on.

    References
    ----------
    S. Hochreiter, J. Schmidhuber (1997). Long short-term memory. Neural Computation 9. F. Gers, J.
    Schmidhuber, F. Cummins (2000). Learning to forget: continual prediction with LSTM. Neural Computation 12.
    H. Sak, A. Senior, F. Beaufays (2014). Long short-term memory based recurrent neural network architectures
    for large vocabulary speech recognition. arXiv:1402.1128

    Examples
    --------
    >>> import numpy as np
    >>> lstm = LSTM(3, 4, bidirectional=True, batch_first=True, rng=0)
    >>> output, (h_n, c_n) = lstm(np.ones((2, 5, 3)))  # two sequences of five steps
    >>> output.shape, h_n.shape, c_n.shape
    ((2, 5, 8), (2, 2, 4), (2, 2, 4))
    """

    kind = LONG_SHORT
    usual: ClassVar[dict[str, Any]] = {**Recurrent.usual, "proj_size": 0}

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
        proj_size: int = 0,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if proj_size != 0:
            check_sizes(hidden_size=hidden_size, proj_size=proj_size)
            if proj_size >= hidden_size:
                raise ArgumentError(f"proj_size is less than hidden_size {hidden_size}; got {proj_size}.")
        self.proj_size = proj_size
        settings: dict[str, Any] = {"bias": bias, "batch_first": batch_first, "dropout": dropout}
        settings |= {"bidirectional": bidirectional, "rng": rng, "dtype": dtype}
        super().__init__(input_size, hidden_size, num_layers, **settings)

    def forward(self, x: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, tuple[Any, Any]]:
        """Read sequences, as `RNN.forward`, with pairs of states, (h_0, c_0): returns output, (h_n, c_n)."""
        output, (h_n, c_n) = self._run(x, hx, lengths)
        return output, (h_n, c_n)


class GRU(Recurrent):
    """Gated recurrent units: a gate (u) decides what stays of the state, another (r) what a candidate sees.

    With z_t = W_ih x_t + b_ih and k_t = W_hh h_{t-1} + b_hh, in blocks in the order r, u, n (PyTorch writes z
    for u)::

        r_t = σ(z_r + k_r)
        u_t = σ(z_u + k_u)
        n_t = tanh(z_n + r_t k_n)
        h_t = (1 - u_t) n_t + u_t h_{t-1}

    As in PyTorch and cuDNN, r_t scales what the product with the state gave, its bias included; in the paper
    it scales the state before the product.  Parameters are those of `RNN`, without nonlinearity; so are the
    attributes, with 3 · hidden_size rows.

    References
    ----------
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. arXiv:1406.1078

    Examples
    --------
    >>> import numpy as np
    >>> output, h_n = GRU(3, 4, rng=0)(np.ones((5, 3)))  # one sequence of five steps
    >>> output.shape, h_n.shape
    ((5, 4), (1, 4))
    """

    kind = GATED

    def forward(self, x: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """Read sequences, as `RNN.forward`."""
        output, (h_n,) = self._run(x, hx, lengths)
        return output, h_n
