"""Cells: one step of one recurrent layer, for loops that must see each state, such as a decoder's."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import names_itself
from ..random import Rng, generator
from ..tensor import Tensor
from .parameter import Parameter
from .units import ELMAN, GATED, LONG_SHORT, Units


class Cell(Units):
    """Recurrent units that make one step when called."""

    usual: ClassVar[dict[str, Any]] = {"bias": True}

    @names_itself
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._set_sizes(input_size=input_size, hidden_size=hidden_size)
        self.bias = bias
        self._make_parameters("", input_size, bias, generator(rng), dtype)

    def _step(self, x: Any, hx: Any) -> tuple[Any, ...]:
        """The states after one step: a sequence of length 1."""
        like: Parameter = self.weight_ih  # type: ignore[attr-defined]  # made under its name
        x = self._checked(x, like, ("N", "features"))
        axes = ("N", "hidden_size") if x.ndim == 2 else ("hidden_size",)
        states = self._first_states(hx, like, (*x.shape[:-1], self.hidden_size), axes)
        if x.ndim == 2:
            return self._pass("", np.expand_dims(x, 0), states)[1:]
        states = [np.expand_dims(state, 0) for state in states]
        return tuple(after[0] for after in self._pass("", np.expand_dims(x, (0, 1)), states)[1:])


class RNNCell(Cell):
    """One step of an `RNN`, h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu in the place of tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        How many features the input has, and how many units there are, both at least 1.
    bias : bool, default=True
    nonlinearity : {"tanh", "relu"}, default="tanh"
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight_ih, weight_hh : Parameter of shape (hidden_size, input_size), and (hidden_size, hidden_size)
        Uniform in ±1/√hidden_size, as the biases.
    bias_ih, bias_hh : Parameter of shape (hidden_size,)

    Examples
    --------
    >>> import numpy as np
    >>> cell, h = RNNCell(3, 4, rng=0), None
    >>> for x in np.ones((5, 2, 3)):  # five steps of two sequences
    ...     h = cell(x, h)
    >>> h.shape
    (2, 4)
    """

    kind = ELMAN

    @names_itself
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        nonlinearity: str = "tanh",
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._set_nonlinearity(nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)

    def forward(self, x: Any, hx: Any = None) -> Tensor:
        """Make one step.

        Parameters
        ----------
        x : Tensor or array_like of shape (N, input_size), or (input_size,)
        hx : Tensor or array_like of shape (N, hidden_size), or (hidden_size,), optional
            The state before, zeros by default.

        Returns
        -------
        Tensor of shape (N, hidden_size), or (hidden_size,)
            The state after.
        """
        return self._step(x, hx)[0]


class LSTMCell(Cell):
    """One step of an `LSTM`, with the arguments of `RNNCell` but nonlinearity, and 4 · hidden_size rows.

    Examples
    --------
    >>> import numpy as np
    >>> h, c = LSTMCell(3, 4, rng=0)(np.ones((2, 3)))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    kind = LONG_SHORT

    def forward(self, x: Any, hx: Any = None) -> tuple[Any, Any]:
        """Make one step, as `RNNCell.forward`; the states are a pair, (h, c), and returned as such."""
        h, c = self._step(x, hx)
        return h, c


class GRUCell(Cell):
    """One step of a `GRU`, with the arguments of `RNNCell` but nonlinearity, and 3 · hidden_size rows.

    Examples
    --------
    >>> import numpy as np
    >>> GRUCell(3, 4, rng=0)(np.ones(3)).shape  # without a batch
    (4,)
    """

    kind = GATED

    def forward(self, x: Any, hx: Any = None) -> Tensor:
        """Make one step, as `RNNCell.forward`."""
        return self._step(x, hx)[0]
