"""`tg.compile`: a function of tensors that is traced once, and from then on runs as straight-line NumPy."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from os import PathLike
from typing import Any, overload

from ..errors import ArgumentError
from .compiled import Compiled

MADE: ContextVar[list[Compiled] | None] = ContextVar("tinygrad_edu compiled", default=None)  # for who asks


@overload
def compile(
    function: Callable[..., Any], *, backend: str = "numpy", cache: str | PathLike[str] | None = None
) -> Compiled: ...
@overload
def compile(
    function: None = None, *, backend: str = "numpy", cache: str | PathLike[str] | None = None
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(function: Any = None, *, backend: str = "numpy", cache: str | PathLike[str] | None = None) -> Any:
    """Compile a function of tensors: its first call is traced, and later ones run as straight-line NumPy.

    Parameters
    ----------
    function : callable
        A training step, an inference function, a gradient: what it computes is NumPy's calls on its
        arguments, on the parameters of modules, and on what optimizers remember.
    backend : "numpy", "c", "numba" or "auto", default="numpy"
        What runs: lines of NumPy; fused loops in C, made by the system's compiler; the same loops compiled by
        numba (the extra ``fast``), where there is none; or, by "auto", C where there is a compiler, else
        numba where that is installed, and else NumPy.  ``report()`` says which it is, and which lines of a
        step are left to NumPy, and why.
    cache : path, default=None
        The folder in which libraries in C are kept, for its owner alone: by default ``tinygrad_edu`` in
        ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Returns
    -------
    Compiled
        It is called as the function is, and gives the same numbers, to the bit; what it returns has no graph.
        ``source`` is the text of what runs.

    Raises
    ------
    TraceError
        When called, if the function cannot be compiled as it is written: it makes a text, a key or, but by
        ``.item()``, a Python number of a value, changes a set or a deque, draws from a global generator, or
        its optimizer is not an elementwise one. The message names the line, and what to do; nothing was
        changed.

    Notes
    -----
    The first call is a step like any other.  Later ones ask whether anything that the trace depended on has
    changed: shapes, dtypes and layouts of the arguments, Python values that the function can reach, modes of
    modules, what is frozen, settings of optimizers.  If so, the function is traced again, and both traces are
    kept.  Learning rates are read anew in every step, also by the step itself, ``loss * optimizer.lr``, and
    by optimizers of your own.  A number among the arguments that was another one in two traces is an input of
    the third, unless it is a shape; so is a number or an array that a global, a closure, an item or an
    attribute held.  A branch on values becomes a check, which is made before anything is written: where it
    comes out otherwise, the function runs as it is, and the next time it is traced; eight ways are kept.

    What the step assigns is assigned in every call, to attributes, items, globals and variables of a closure:
    ``self.loss = loss``, ``count += 1``, ``log["mean"] = total / count``, ``self.hidden = h.detach()``.  It
    may be tensors, arrays, numbers, texts, and lists, tuples and dicts of them.  A list or a deque to which
    it adds, ``losses.append(loss.item())``, gets that in every call; the step may ask how long the list is,
    and for the items that it has added.  All of this is done when the arrays have been computed.  What
    is assigned has no graph, so what the next call reads of it must be detached; and a number that is read so
    may be no length and no key.  What it returns may be objects of your own, too, such as dataclasses, that
    are only their attributes.

    A call that raises an exception is undone, and the function runs as it is: the exception, and what was
    done until then, are the function's own.  It is not undone at Ctrl-C; nor, where parameters have been
    written to already, if memory is lacking, a filter turns a warning into an error, ``np.errstate`` is to
    raise around this call, but was not around the first, an optimizer of your own raises it, or the step has
    written into an argument: nothing is assigned then, and gradients may be None.

    Functions that the step names, ``np.tanh``, and methods of layers and optimizers may be replaced, which is
    noticed.  It is not noticed of functions that only NumPy, Python or this package itself call; nor, by
    "numpy", that ``object.__setattr__`` gives a layer of ours another class or ``__dict__``, which C sees.

    In C and for numba, what is computed element for element, and what is summed, has NumPy's bits, and so
    have large products.  Only products of small matrices, and of vectors with vectors, are summed in
    another order than BLAS takes; such products are the sums of ``softmax`` of many elements, and of its
    derivative.  Nothing warns of overflow, division by zero or invalid values; where NumPy is asked to
    raise at these, by ``np.errstate`` around the step or in it, lines of NumPy run.  numba compiles anew in
    every process, which takes seconds, and makes one step a call.  No files are kept for it: numba would read
    them back by pickle, which runs what others may have put there.

    The arrays of a compiled step take about the memory of the eager one's at its peak, or less: buffers lie
    over each other, but stay between two steps.  What it is made of takes some tens of kilobytes more, and a
    hundred for hundreds of calls: code, views, the guards and what they compare; what is asked for seldom is
    bytes until then.  A step that computes in a few kilobytes takes a few times as much compiled
    (``report()`` says the bytes of buffers).

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> model = tg.nn.Linear(3, 2, rng=0)
    >>> optimizer = tg.optim.Adam(model.parameters())
    >>> @tg.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = tg.softmax_cross_entropy(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
    >>> losses = [step(x, y).item() for _ in range(3)]
    >>> losses == sorted(losses, reverse=True)
    True
    """
    if function is None:
        return functools.partial(compile, backend=backend, cache=cache)
    if not callable(function):
        raise ArgumentError(f"compile: expected a function; got {type(function).__name__}.")
    if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
        raise ArgumentError(
            "compile: a generator or coroutine is no function of arrays. Compile the step inside of its loop."
        )
    compiled = Compiled(function, backend, cache)
    if (made := MADE.get()) is not None:
        made.append(compiled)
    return compiled
