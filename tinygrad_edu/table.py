"""The table: one derivative rule for each argument of each function, filed under that function.

A rule is a function of the gradient ``g`` of the output, followed by the names of what it needs::

    elementwise(np.multiply, x1=lambda g, x2: g * x2,
                             x2=lambda g, x1: g * x1)

The names are read once, when the rule is filed, and say what the graph keeps alive until the backward pass:

* an argument of the function, by its own name;
* ``<argument>_shape``: the shape of an argument, without the array itself;
* ``out``: what the function returned;
* a value that the forward computed anyway and handed over (see ``keep`` of `tinygrad_edu.primitive`);
* ``index``, in the rule of a variadic ``*arguments``: the position of the argument being differentiated.

Every function has one of four fates: it *differentiates* (`elementwise`, `derivative`, `primitive`), it is
*composite* (written with other functions of the table), it is *constant* (nothing to differentiate), or it
*refuses*: it is not in the table.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np
from numpy import ndarray  # by name, which is looked up faster

from .aliases import Rule
from .entry import Composite, Constant, Entry, Joint, Op, is_special, name_of
from .errors import WrongRule
from .signature import Signature

Function = TypeVar("Function", bound=Callable[..., Any])

TABLE: dict[Callable[..., Any], Entry] = {}  # of NumPy's functions
# The primitives, our own and the users': each carries its entry, which dies with it.
PRIMITIVES: "WeakSet[Callable[..., Any]]" = WeakSet()
# For modules that not every program loads, what imports their rules when a function of theirs is called.
LATER: dict[str, Callable[[], None]] = {}


# ---- what is filed -----------------------------------------------------------------------------------------


def entry_of(function: Callable[..., Any]) -> Entry | None:
    """What is known of a function: NumPy's are in the table, a primitive carries its entry itself; None for
    all others.
    """
    return TABLE.get(function) or carried_by(function)


def carried_by(function: Callable[..., Any]) -> Entry | None:
    """What is known of a function that is not in the table."""
    carried = getattr(function, "entry", None)  # of which another library may have one of its own
    return carried if isinstance(carried, (Op, Composite, Constant)) else _filed_later(function)


def later(module: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorator of what imports the rules of a module that not every program loads."""
    return lambda load: LATER.setdefault(module, load)


def _filed_later(function: Callable[..., Any]) -> Entry | None:
    """The entry of a function that is nowhere yet, after the import of the rules of its module."""
    module = "scipy.special" if isinstance(function, np.ufunc) and is_special(function) else None
    module = module or getattr(function, "__module__", None) or ""
    if module not in LATER:
        return None
    LATER[module]()
    return TABLE.get(function)


def op_of(function: Callable[..., Any]) -> Op:
    """The entry of a function that is known to differentiate."""
    entry = entry_of(function)
    assert isinstance(entry, Op)
    return entry


def entries() -> dict[Callable[..., Any], Entry]:
    """Every function that has an entry: NumPy's, those filed later too, then the primitives by name."""
    for load in LATER.values():
        with suppress(ModuleNotFoundError):  # SciPy is an extra
            load()
    primitives: Any = sorted(PRIMITIVES, key=lambda f: (f.__module__, f.__qualname__))
    return TABLE | {f: f.entry for f in primitives}


def _file(function: Callable[..., Any], entry: Entry) -> None:
    if entry_of(function) is not None:
        raise WrongRule(f"{name_of(function)} is in the table already; a function has exactly one entry.")
    TABLE[function] = entry


# ---- NumPy's functions -------------------------------------------------------------------------------------


def elementwise(ufunc: np.ufunc, *names: str, **rules: Rule) -> None:
    """File the rules of a ufunc, whose arguments broadcast: ``x``, or ``x1``, ``x2`` … unless other names are
    given.
    """
    _file(ufunc, op_of_ufunc(ufunc, names, rules))


def op_of_ufunc(ufunc: np.ufunc, names: tuple[str, ...], rules: dict[str, Rule]) -> Op:
    """The entry of a ufunc."""
    own = ["x"] if ufunc.nin == 1 else [f"x{i}" for i in range(1, ufunc.nin + 1)]
    if names and len(names) != ufunc.nin:
        raise WrongRule(f"{name_of(ufunc)} has {ufunc.nin} arguments; got {len(names)} names, {names}.")
    return Op(ufunc, ufunc, Signature(names or own, {}), rules, broadcasts=True)


def derivative(
    function: Callable[..., Any], forward: Callable[..., Any], *, broadcasts: bool = False, **rules: Rule
) -> None:
    """File the rules of a NumPy function; ``forward``'s signature is the parameter list that they cover."""
    _file(function, Op(function, *_by_position(forward), rules, broadcasts=broadcasts))


def composite(*functions: Callable[..., Any]) -> Callable[[Function], Function]:
    """File the decorated body, written with other functions of the table, as what these functions do to
    tensors.
    """

    def file(body: Function) -> Function:
        for function in dict.fromkeys(functions):  # np.amax is np.max in some versions
            _file(function, Composite(function, body))
        return body

    return file


def constant(*functions: Callable[..., Any]) -> None:
    """File functions whose results are integer or boolean."""
    for function in functions:
        _file(function, Constant())


# ---- functions of our own ----------------------------------------------------------------------------------


def primitive(
    *,
    broadcasts: bool = False,
    keep: dict[str, Callable[..., Any] | None] | None = None,
    joint: Joint | None = None,
    **rules: Rule,
) -> Callable[[Function], Function]:
    """Make an op of this package differentiable: as `tinygrad_edu.primitive` does, but its forward and rules
    are trusted.
    """

    def decorate(function: Function) -> Function:
        op = op_from(function, broadcasts, keep, joint, rules)
        return carrying(overridable(first_output(function) if op.keep else function, op), op)

    return decorate


def fused(body: Callable[..., Any]) -> Callable[[Function], Function]:
    """Make the decorated function of plain arrays differentiable: tensors enter as ``body``, the same by
    functions of the table.

    For what a graph of the gradient needs as a composition, and an ordinary backward pass can have faster.
    """

    def decorate(function: Function) -> Function:
        return carrying(overridable(function), Composite(function, body))

    return decorate


def op_from(
    function: Callable[..., Any],
    broadcasts: bool,
    keep: dict[str, Callable[..., Any] | None] | None,
    joint: Joint | None,
    rules: dict[str, Rule],
    known_as: Callable[..., Any] | None = None,
) -> Op:
    """The entry of a primitive, from what its decorator was given; it bears the name of the function that it
    is known as.
    """
    known_as = known_as or function
    name, keep = name_of(known_as), keep or {}
    if joint and (rules or broadcasts):
        raise WrongRule(f"{name}: a joint rule stands alone, and its arguments do not broadcast.")
    twins: dict[str, Any] = {kept: twin and entry_of(twin) for kept, twin in keep.items()}
    for kept, twin in twins.items():
        if not ((twin is None and keep[kept] is None) or isinstance(twin, Op)):
            expected = "a primitive, or None for a value without derivative"
            raise WrongRule(f"{name}: keep={{{kept!r}: …}} takes {expected}; got {keep[kept]!r:.60}.")
    for argument, rule in rules.items():
        if not callable(rule):
            expected = f"a function, {argument}=lambda g, …: …"
            raise WrongRule(f"{name}: the rule of {argument} is {expected}; got {rule!r:.60}.")
    by_position = _by_position(function, name)
    return Op(known_as, *by_position, rules, broadcasts=broadcasts, keep=twins, joint=joint)


def _by_position(function: Callable[..., Any], name: str = "") -> tuple[Callable[..., Any], Signature]:
    """A function that takes all its parameters by position, and its signature."""
    signature = Signature.of(function)
    mixed = signature.more or (signature.variadic and signature.keywords)
    if mixed or {"g", "index"} & signature.places.keys():
        wrong = "parameters cannot be named g or index, nor be **keywords, nor follow *arguments"
        raise WrongRule(f"{name or name_of(function)}: {wrong}.")
    if not signature.keywords:
        return function, signature
    split = signature.fixed - signature.keywords
    named = signature.names[split:]
    return (lambda *values: function(*values[:split], **dict(zip(named, values[split:])))), signature


def carrying(call: Function, entry: Entry) -> Function:
    """The function, with its entry as an attribute, so that both die together; noted among the primitives."""
    PRIMITIVES.add(call)
    try:
        call.entry = entry  # type: ignore[attr-defined]  # functions take attributes
    except AttributeError:
        PRIMITIVES.discard(call)
        raise
    return call


def overridable(function: Function, op: Op | None = None) -> Function:
    """A function of plain arrays that asks its arguments first whether they have an answer of their own, as
    NumPy's functions do.  A tensor is told the op at once, of a call that needs no binding.
    """
    arity = -1 if op is None else op.arity

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()) if kwargs else args:
            if not isinstance(value, ndarray) and hasattr(value, "__array_function__"):
                if len(args) == arity and not kwargs and (told := getattr(value, "_recorded", None)):
                    return told(op, args)
                return value.__array_function__(call, (type(value),), args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see


def first_output(function: Function) -> Function:
    """The function without the kept values that it returns after its output."""

    @wraps(function)
    def output(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)[0]

    return output  # type: ignore[return-value]  # as above
