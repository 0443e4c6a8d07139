"""Loops: the calls of a program as loops over memory, of a few `kinds`, which a printer writes.

`lowering` makes such statements of each call, with `items` for those that only move elements and `extremes`
for the places of the largest, and `memories` say where the arrays lie.  A `plan` cuts the program where a
call has none, has `fusing` join elementwise ones, and gives each memory a place in the `arena`.  A `nest` is
the loops of a statement; `sums` take the order that NumPy's have.
"""
