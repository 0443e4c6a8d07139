"""Memory: words of Python's and NumPy's own memory, and functions in C, by their addresses."""
