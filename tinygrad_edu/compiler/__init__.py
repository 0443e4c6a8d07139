"""Compiling: a training step as the straight-line NumPy that a person would have written.

This is how a call goes through the rooms.  `step` makes a `Compiled`, of `compiled`, and no more:

>>> import numpy as np, tinygrad_edu as tg
>>> @tg.compile
... def energy(x):
...     return (np.sin(x) ** 2).sum()

1. The first call has the function run once, a `Run` in `tracing`.  ``state`` finds all that the function can
   reach, globals, closures, modules, optimizers, and puts traced arrays in the places of its arrays and of
   those among the arguments.  These hold values, so that the function does what it always does: forward,
   backward, update.  And they are ``trace``'s, whose `log` writes down every call of NumPy's that meets one.

2. What was written down is a `program`: calls in their order, each with the numbers of the arrays that it
   reads and makes.  ``state`` puts everything back, and refuses, with its line, what no program can do again:

   >>> _ = energy(np.ones(3))
   >>> for call in energy.specializations[0].run.program.steps:
   ...     print(call.outputs[0].number, call.function, [call.args[0].number, *call.args[1:]])
   1 <ufunc 'sin'> [0]
   2 <built-in function pow> [1, 2]
   3 sum [2]

3. ``passes`` make it a shorter one, to the same bits, and give its results places in memory.  `backend` has
   it printed: by ``source`` as lines of NumPy, or as loops, which ``loops`` make and ``c`` or ``numba``
   print.

   >>> print(energy.source.partition("def ")[2].strip())
   step(x):
       sin(x, t1)
       t2 = t1**2
       t3 = t2.sum()
       return (t3, )

4. `specialization` writes one more function.  It asks whether all is as it was on which the trace depended,
   which is the text of the ``guards``; makes the step; and returns what the function did.  It takes the place
   of ``Compiled.__call__``.

5. Later calls begin there.  Where the guards do not hold, older traces are asked, and then there is another
   run: a number that was another one in two traces is an argument of it, which `free` decides.  Where a check
   of values fails, before anything was written, `ways` tell which trace goes the other way, if one does.
   Where a line raises an exception, `undoing` takes the step back, and the function runs as it is.

The rooms, each of which leans only on those before it: ``memory``, ``trace``, ``state``, ``guards``,
``passes``, ``loops``, ``source``, ``lesson`` (a program as a person would write it on a page), ``c`` and
``numba``.  Beside them stand `over` and `turns`, which make many steps in one call of C, `saved`, `report`
and `command`; `texts` and `asleep` have a trace take little memory.
"""

from .compiled import Compiled
from .step import compile

__all__ = ["Compiled", "compile"]
