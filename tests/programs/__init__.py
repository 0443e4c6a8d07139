"""Random programs: what a user may write with tensors, drawn at random, and compared with numerical
derivatives and PyTorch.

`operations` says what statements may compute, `drawing` draws programs, `languages` writes one as Python for
this package, for plain NumPy and for PyTorch, and `judge` runs the three and compares.  ``python -m
tests.programs COUNT SEED`` tries many.
"""
