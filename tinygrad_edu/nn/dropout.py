"""Dropout."""

from typing import Any

from ..arrays import given
from ..errors import names_itself
from ..ops.dropout import dropout
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
        x = given(x, "Dropout")
        return dropout(x, self.p, rng=self.rng) if self.training else x

    def extra_repr(self) -> str:
        return f"p={self.p}"
