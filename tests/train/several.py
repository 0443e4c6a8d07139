"""A model of several inputs, and data for it."""

import numpy as np

from tinygrad_edu import nn

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(50, 3)).astype(np.float32), RNG.normal(size=(50, 2, 2)).astype(np.float32)
Y = (A[:, 0] > B[:, 0, 1]).astype(np.int64)


class Both(nn.Module):
    """It takes rows and small images."""

    def __init__(self):
        self.a, self.b = nn.Linear(3, 4, rng=0), nn.Linear(4, 4, rng=1)
        self.dropout, self.out = nn.Dropout(0.1, rng=2), nn.Linear(4, 2, rng=3)

    def forward(self, a, b, scale=1.0):
        return self.out(self.dropout(np.tanh(self.a(a) + self.b(b.reshape(len(b), 4))))) * scale
