"""The source: a program as the `text` of a function in NumPy, which is what runs."""
