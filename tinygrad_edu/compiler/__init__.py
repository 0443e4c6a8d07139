"""Compiling: a training step as the straight-line NumPy that a person would have written.

To read the code, begin with what happens when a compiled function is called, in this order: `step`,
`compiled`, `tracing` (its first run becomes a `program`) and `specialization` (the text of the program takes
its place, as long as all that it depended on is the same).  The rooms, each of which leans only on those
before it:

* ``memory``: words of Python's and NumPy's own memory, by their addresses;
* ``trace``: arrays that write down what is done to them, and the log of it;
* ``state``: what a step reads and keeps beside its arguments;
* ``guards``: what is asked before every step;
* ``passes``: from a program to a shorter one, to the same bits;
* ``loops``: the calls of a program as loops over memory, of a few kinds;
* ``source``: a program as lines of NumPy, which run;
* ``lesson``: a program as a person would write it on a page;
* ``c`` and ``numba``: the loops in C, or for numba where there is no C compiler.

Beside them stand `backend` (what a step runs as), `over` and `turns` (whole epochs), `ways` and `free`
(functions that branch, and numbers that are others in every call), `saved`, `report` and `command`.
"""

from .compiled import Compiled
from .step import compile

__all__ = ["Compiled", "compile"]
