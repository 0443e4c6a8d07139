"""Tracing: arrays that write down what is done to them (`traced`), and the `log` that becomes a program."""
