"""A formula of arrays, written down as the NumPy calls that it makes, for memory that is used again.

An expression such as ``g * (out * (1 - out))`` makes a new array with every call, and a processor must fetch
what it writes to.  `Recipe` runs the formula once, on terms that write the calls down, and finds for each
result a place whose content nobody needs any more: as one writes by hand for speed, with ``out=`` in each
call, but the formula stays an expression.  The calls are the same, and so are the values, bit for bit.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# What takes the array to write into by its keyword alone.
INTO = {
    np.maximum: lambda x1, x2, out: np.maximum(x1, x2, out=out),
    np.minimum: lambda x1, x2, out: np.minimum(x1, x2, out=out),
}


class Term(NDArrayOperatorsMixin):
    """An array in a formula that is being written down; what cannot be written down raises TypeError.

    Parameters
    ----------
    sample : array of one number
        It has the dtype of the array.
    log : list of Term
        Where results of calls are added, in their order.
    call : (callable, tuple), optional
        The function that returned the array, and its arguments: terms and numbers.
    """

    size = 1 << 30  # for functions that choose by size what NumPy is fastest at

    def __init__(self, sample: Any, log: list["Term"], call: Any = None) -> None:
        self.sample, self.dtype, self.log, self.call = sample, sample.dtype, log, call
        self.is_lost = False  # the array is no more, as another one was written in its place

    def __array_ufunc__(self, function: Any, method: str, *arguments: Any, out: Any = ()) -> "Term":
        terms = [a for a in arguments if isinstance(a, Term)]
        result = Term(
            function(*[getattr(a, "sample", a) for a in arguments]), self.log, (function, arguments)
        )
        for old in out:  # x += 1 is one more term, and gets a place as all others do
            if old.call is None or old.dtype != result.dtype:
                raise TypeError("A formula changes no argument, and no dtype.")
        if method != "__call__" or any(term.is_lost for term in terms):
            raise TypeError("A formula is of elementwise calls, each of the results of those before.")
        for old in out:
            old.is_lost = True
        self.log.append(result)
        return result

    def __bool__(self) -> bool:
        raise TypeError("A formula has no branches that depend on values.")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.clip:
            out = (kwargs.pop("out"),) if "out" in kwargs else ()
            return self.__array_ufunc__(function, "__call__", *args, **kwargs, out=out)
        body = getattr(function, "__wrapped__", None)  # of an op of our own
        return body(*args, **kwargs) if body and hasattr(function, "entry") else NotImplemented


class Recipe:
    """The calls of a formula, with places for what they take and for what they return.

    Parameters
    ----------
    formula : callable
        It consists of ufuncs, np.clip and ops made of these, and returns what they do.
    kinds : sequence
        The dtypes of its arguments, or an argument itself if it is no array or number of NumPy's.

    Attributes
    ----------
    single : bool
        Whether the formula returns one array, and no tuple of them.
    results : list of dtype
        Those of the arrays that it returns.
    rest : list
        What lies behind the arguments and the results: numbers, and dtypes of scratch memory.
    steps : list of (callable, itemgetter)
        The calls, each with what picks its arguments and what it writes into from all that lies in places.
    """

    def __init__(self, formula: Callable[..., Any], kinds: Any) -> None:
        log: list[Term] = []
        given = [Term(np.ones(1, kind), log) if isinstance(kind, np.dtype) else kind for kind in kinds]
        with np.errstate(all="ignore"):
            found = formula(*given)
        self.single = type(found) is not tuple
        found = (found,) if self.single else found
        if len({id(term) for term in found} & {id(term) for term in log if not term.is_lost}) < len(found):
            raise TypeError("A formula of blocks returns new arrays, each of them once.")
        self.results = [term.dtype for term in found]
        self.rest: list[Any] = []
        self.steps: list[tuple[Callable[..., Any], Any]] = []
        places = {id(value): place for place, value in enumerate((*given, *found))}
        free: list[tuple[Any, int]] = []  # each a dtype and a place
        # Seen from the end, the place of a result is free before its call.  The first to get it is an
        # argument of that call which nobody needs later: then the call is in place.
        for term in reversed(log):
            if id(term) not in places:
                continue  # nobody needs it
            free.append((term.dtype, places[id(term)]))
            function, arguments = term.call
            for value in arguments:
                if id(value) not in places:
                    fitting = [one for one in free if isinstance(value, Term) and one[0] == value.dtype]
                    if fitting:
                        free.remove(fitting[-1])
                        places[id(value)] = fitting[-1][1]
                    else:
                        places[id(value)] = len(given) + len(found) + len(self.rest)
                        self.rest.append(value.dtype if isinstance(value, Term) else value)
            pick = itemgetter(*[places[id(value)] for value in (*arguments, term)])
            self.steps.append((INTO.get(function, function), pick))
        self.steps.reverse()

    def compute(self, vectors: list[Any], like: Any, length: int) -> Any:
        """What the formula returns of vectors and numbers, in the shape and memory order of ``like``; by
        blocks of ``length`` elements.
        """
        size = like.size
        outputs = [np.empty_like(like, dtype) for dtype in self.results]
        wholes = [*vectors, *[output.ravel("K") for output in outputs]]
        rest = [np.empty(min(length, size), r) if isinstance(r, np.dtype) else r for r in self.rest]
        for start in range(0, size, length):
            memory = wholes + rest
            if size > length:
                part, short = slice(start, start + length), slice(0, size - start)
                memory = [v[part] if type(v) is np.ndarray else v for v in wholes]
                memory += [v[short] if type(v) is np.ndarray else v for v in rest]
            for function, pick in self.steps:
                function(*pick(memory))
        return outputs[0] if self.single else tuple(outputs)
