"""Numba: the loops of a program as Python functions that numba compiles, where there is no C compiler.

They are those in C, printed by `loops` in Python's words.  `head` has what numba does not know of itself,
memory by its address, and `text` the functions and what calls them.
"""
