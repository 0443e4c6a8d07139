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
    """A function of tensors as straight-line NumPy, traced by its first call.

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
        ``$XDG_CACHE_HOME`` or ``~/.cache``.  It is the one place where files appear that nobody named.

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
    The first call is a step like any other.  Later ones look whether anything that the trace depended on has
    changed: shapes, dtypes and layouts of the arguments, Python values that the function can reach, the modes
    of modules, what is frozen, settings of optimizers but the rates, which are read anew in every step.  If
    so, the function is traced again, and both are kept; a number among the arguments that was another one
    twice is an argument of the third trace, unless it is a shape, and so is a number or an array that a
    global, a closure, an item or an attribute held.  A branch on values becomes a check, which
    is made before anything is written: where it comes out otherwise, the function runs as it is, and the next
    time it is traced; eight ways of it are kept.

    A list to which the step adds, ``losses.append(loss.item())``, gets that in every call; the step may ask
    how long it is, and for the items that it has added.  What it assigns is assigned in every call,
    ``self.loss = loss``, ``count += 1``, ``log["mean"] = total / count``, ``self.hidden = h.detach()``:
    tensors, arrays, numbers, texts, and lists, tuples and dicts of them, to attributes, items, globals and
    variables of a closure.  What it reads there before that, numbers and arrays, is another one in every
    call.  All of it is done when the arrays have been computed: a call that raises an exception assigns
    nothing.  What is assigned has no graph; so where the next call reads it, it must be detached.  A number
    that is read so may be no length and no key.

    Not seen is that NumPy, Python or this package got another function which only they themselves call: what
    the step names, ``np.tanh``, and methods of layers and optimizers, are noticed; and by "numpy" not that
    ``object.__setattr__`` gives a layer of ours another class or ``__dict__``, which C sees.

    In C, what is computed element for element, and what is summed, is as NumPy has it, to the bit: exp, tanh
    and their like, and large products, are NumPy's own inner loops, called without Python; folds take the
    order of NumPy, pairwise sums included.  Only products of small matrices, and of vectors with vectors, are
    summed in another order than BLAS takes.  C warns of no overflow, division by zero or invalid value; where
    NumPy is asked to raise at these, by ``np.errstate``, lines of NumPy run.

    For numba the loops, the calls of NumPy's and what they promise are those in C.  It compiles anew in every
    process, which takes seconds; a call is one step, whose optimizers count in Python.  No files are kept:
    numba keeps functions of files only, and reads them back by pickle, which runs what others may have put
    there, without a look at whose they are.

    The arrays of a compiled step take about the memory of the eager one's at its peak, or less: buffers lie
    over each other, but stay between two steps.  What it is made of takes some tens of kilobytes more, and a
    hundred or two for hundreds of calls: code, views, the guards and what they compare.  A step that computes
    in a few kilobytes takes several times as much compiled (``report()`` says the bytes of buffers).

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
