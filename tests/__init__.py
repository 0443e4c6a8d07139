"""Tests, in folders named as the package's; ``core`` tests the modules that stand beside these folders.

Three folders are programs of their own: `oracle` compares with what PyTorch computed, `programs` draws random
programs and judges their gradients, and `benchmarks` measures time and memory.  `helpers` holds what tests of
several folders share.

Ids such as E16 beside a test's name or among its parameters number a hard case: a mistake that an autograd
framework is known to have made, or an edge that its users have run into.
"""
