"""C: the loops of a program as the text of functions, compiled and kept by `cache`, called by `native`.

`functions` has the segments of a plan printed by `text` and `loops`, those that are `alike` once; every file
begins with `head`.  What runs in the place of NumPy's own inner loops stands in `products`, `own_loops`,
`exp_log` and `tanh`.  `driven` is the function in Python that calls them all; `many` makes many steps in one
call, with the `numbers` and `powers` of optimizers, and the `orders` in which epochs are shuffled.
"""
