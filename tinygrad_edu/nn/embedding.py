"""Embedding: a learned vector for each of a number of symbols."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, names_itself
from ..ops.embedding import looked_up
from ..random import Rng, generator
from ..tensor import Tensor
from . import init as initializers
from .module import Module
from .sizes import check_sizes
from .weights import Initializer, drawn


class Embedding(Module):
    """A table of vectors: y[...] = weight[indices[...]].

    Parameters
    ----------
    num_embeddings : int
        The symbols, numbered from 0.
    embedding_dim : int
        The length of each vector.
    padding_idx : int, optional
        A symbol whose vector starts as zeros and gets no gradient; negative ones count from the end.
    init : callable, optional
        Makes the vectors, called as ``init(shape, rng=rng, dtype=dtype)``.  By default, as in PyTorch, they
        are normal with mean 0 and variance 1; beside positions and in transformers smaller ones learn faster.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape (num_embeddings, embedding_dim)

    Raises
    ------
    DTypeError
        When called with indices that are not integers.
    ArgumentError
        When called with an index outside [0, num_embeddings), named in the message.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> layer = nn.Embedding(10, 4, rng=0)
    >>> layer([[1, 2, 3], [3, 2, 1]]).shape
    (2, 3, 4)
    """

    @names_itself
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ArgumentError(f"padding_idx {padding_idx} is none of the {num_embeddings} embeddings.")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        shape = num_embeddings, embedding_dim
        self.weight = drawn(init or initializers.normal, shape, generator(rng), dtype)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, indices: Any) -> Tensor:
        """Map indices of shape (...) to vectors of shape (..., embedding_dim)."""
        return looked_up(indices, self.weight, self.padding_idx, "Embedding")

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
