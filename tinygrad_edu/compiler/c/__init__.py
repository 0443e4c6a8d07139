"""C: the loops of a program as the `text` of functions, compiled and kept by `cache`, called by `native`."""
