"""Tests, in folders named as the package's; ``core`` tests the modules that stand beside these folders.

Three folders are programs of their own: `oracle` compares with what PyTorch computed, `programs` draws random
programs and judges their gradients, and `benchmarks` measures time and memory.
"""
