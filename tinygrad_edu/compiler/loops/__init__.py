"""Loops: the calls of a program as loops over memory, of a few `kinds`; a `plan` says where each one runs."""
