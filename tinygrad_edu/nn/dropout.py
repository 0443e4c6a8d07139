"""Dropout, of elements and of channels."""

from typing import Any

from ..arrays import given
from ..errors import names_itself
from ..ops.dropout import alpha_dropout, drop_channels, dropout
from ..ops.window import Caller
from ..random import Rng, generator
from .sizes import check_probability
from .through import Through


class Dropout(Through):
    """In training, zero elements with probability p and scale the others by 1 / (1 - p); in use, nothing.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        The masks are drawn from a generator of the module's own: seeded by the int, or from fresh entropy or
        `seed`.

    References
    ----------
    N. Srivastava et al. (2014). Dropout: a simple way to prevent neural networks from overfitting. JMLR 15.
    """

    @names_itself
    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        check_probability("p", p)
        self.p = p
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        """Drop elements of x, in training."""
        x = given(x, type(self).__name__)
        return self._dropped(x) if self.training else x

    def _dropped(self, x: Any) -> Any:
        return dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELU; see `tinygrad_edu.alpha_dropout`.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        As for `Dropout`.
    """

    def _dropped(self, x: Any) -> Any:
        return alpha_dropout(x, self.p, rng=self.rng)


class Dropout2d(Dropout):
    """In training, zero whole channels with probability p; see `tinygrad_edu.dropout2d`.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        As for `Dropout`.

    Examples
    --------
    >>> import numpy as np
    >>> y = Dropout2d(0.5, rng=0)(np.ones((100, 8, 5, 5)))
    >>> [float(share) for share in np.unique(np.mean(y, axis=(2, 3)))]
    [0.0, 2.0]
    """

    axes = 2

    def _dropped(self, x: Any) -> Any:
        return drop_channels(Caller.of(self), x, self.p, self.rng)


class Dropout1d(Dropout2d):
    """In training, zero whole channels of sequences (n, c, l) or (c, l); as `Dropout2d` otherwise."""

    axes = 1
