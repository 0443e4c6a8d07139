"""The pieces of the tour of NumPy, each a function that says what it has found."""
