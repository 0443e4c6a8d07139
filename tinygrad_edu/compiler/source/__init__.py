"""The source: a program as the `text` of a function in NumPy, which is what runs.

Each call is a line (`calls`, and `products` of matrices), of arrays and functions by their `names`, as
`spelling` has them.  The lines stand in the state of errors and with the buffers that they need
(`surrounding`).
"""
