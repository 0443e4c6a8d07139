"""Numba: the loops of a program as Python functions that numba compiles, where there is no C compiler."""
