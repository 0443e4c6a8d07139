"""Memory: words of Python's and NumPy's own memory, and functions in C, by their addresses.

What a step depends on is seen there, and compared by C at once: `addresses` says where it is, and `words`
looks.  Where there is no C, `probe` has Python tell of classes that were changed.  C finds NumPy's inner
loops (`inner`) and draws (`random_functions`) there, and Python finds functions in C (`callable`).
"""
