"""Recurrent layers, which read sequences: RNN, LSTM and GRU; see `cell` for one step at a time."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, names_itself
from ..random import Rng
from .recurrence import Recurrent
from .sizes import check_sizes
from .units import ELMAN, GATED, LONG_SHORT


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
