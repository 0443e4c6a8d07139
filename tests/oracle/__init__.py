"""PyTorch as a frozen oracle: configurations, and what PyTorch computed for them.

`layers`, `activations`, `losses` and `optimizers` list configurations, in words that PyTorch and this package
share; `drawn` draws more; `configurations` has them all.  `make` computes them with PyTorch and writes
``data/``; `test_oracle` computes them with this package and compares, without PyTorch.  Both sides draw the
same inputs and weights from the name of a configuration, so that only results are stored.
"""
