"""The table: one derivative rule for each argument of each function, filed under that function.

A rule is a function of the gradient ``g`` of the output, followed by the names of what it needs::

    elementwise(np.multiply, x1=lambda g, x2: g * x2,
                             x2=lambda g, x1: g * x1)

The names are read once, when the rule is filed, and say what the graph keeps alive until the backward pass:

* an argument of the function, by its own name;
* ``<argument>_shape``: the shape of an argument, without the array itself;
* ``out``: what the function returned;
* a value that the forward computed anyway and handed over (see ``keep`` of `primitive`);
* ``index``, in the rule of a variadic ``*arguments``: the position of the argument being differentiated.

Every function has one of four fates: it *differentiates* (`elementwise`, `derivative`, `primitive`), it is *composite*
(written with other functions of the table), it is *constant* (nothing to differentiate), or it *refuses*: it is
not in the table.
"""

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from ..errors import MissingRule, UnsupportedCall, WrongRule
from .plan import Plan, Rule

Function = TypeVar("Function", bound=Callable[..., Any])

REQUIRED: Any = inspect.Parameter.empty


class Constant:
    """A function whose result is integer or boolean, or does not depend on values (np.zeros_like): a constant to the graph."""

    fate = "constant"


class Composite:
    """A function written with other functions of the table; ``body`` is called with the tensors themselves."""

    fate = "composite"

    def __init__(self, function: Callable[..., Any], body: Callable[..., Any]) -> None:
        parameters = inspect.signature(body).parameters
        self.name, self.body, self.names = name_of(function), body, list(parameters)
        self.out = self.names.index("out") if "out" in parameters and parameters["out"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD else -1

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if unknown := [k for k in kwargs if k not in self.names]:
            raise unknown_keyword(self.name, unknown[0], self.names)
        return self.body(*args, **kwargs)


class Op:
    """What the table knows of one function that differentiates.

    Parameters
    ----------
    function : callable
        The function as its users call it.
    forward : callable
        Takes every parameter by position and returns the output, or ``(output, *kept values)``.  The table's parameter
        list is its signature, so that a keyword that NumPy grows later is refused and not ignored.
    rules : dict
        A rule for each argument that can be differentiated.
    broadcasts : bool
        Whether the engine sums a gradient over the axes along which its argument was broadcast.
    keep : dict
        The values that the forward hands over, each with the differentiable function that it equals, or None if
        no derivative goes through it.
    joint : (names of arguments, rule), optional
        One rule that returns the gradients of several arguments, in the place of ``rules``.
    """

    fate = "differentiates"

    def __init__(
        self,
        function: Callable[..., Any],
        forward: Callable[..., Any],
        parameters: list[inspect.Parameter],
        rules: dict[str, Rule],
        *,
        broadcasts: bool,
        keep: dict[str, Any],
        joint: tuple[tuple[str, ...], Rule] | None = None,
    ) -> None:
        self.function, self.name, self.broadcasts, self.keep = function, name_of(function), broadcasts, keep
        self.names = [p.name for p in parameters]
        self.variadic = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL
        self.arity = -1 if self.variadic or "out" in self.names else len(parameters)  # of a call that is canonical as it is
        self.fixed = len(parameters) - self.variadic
        self.defaults = [p.default for p in parameters[: self.fixed]]
        self.out = self.names.index("out") if "out" in self.names else -1
        self.forward = forward
        self.rules = {name: (rule, self._needs(name, rule)) for name, rule in rules.items()}
        self.joint = joint
        if joint:
            self.rules = {name: (joint[1], self._needs(name, joint[1])) for name in joint[0]}
        self.plans: dict[int, Plan] = {}

    def _needs(self, argument: str, rule: Rule) -> list[str]:
        """The names that a rule asks for, after ``g``; a name that nobody can supply is an error at once."""
        if argument not in self.names:
            raise WrongRule(f"{self.name}: a rule was given for {argument!r}, but its arguments are {self.names}.")
        taken = list(inspect.signature(rule).parameters.values())
        names = taken[1:]
        if not taken or taken[0].name != "g" or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in names):
            raise WrongRule(f"{self.name}: the rule of {argument!r} must take g first, then plain names; no *, ** or keyword-only names.")
        known = {*self.names, "out", *self.keep, *(f"{n}_shape" for n in self.names), *(["index"] if self.variadic else [])}
        for p in names:
            if p.name not in known:
                raise WrongRule(f"{self.name}: the rule of {argument!r} asks for {p.name!r}; it can have g, {', '.join(sorted(known))}.")
        return [p.name for p in names]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Write a call in its one canonical form: every parameter by position."""
        if not kwargs and (len(args) == self.arity or (self.variadic and len(args) >= self.fixed)):
            return args
        values = [*args[: self.fixed], *self.defaults[len(args) :]]
        for name, value in kwargs.items():
            position = self.names.index(name) if name in self.names else -1
            if position < 0:
                raise unknown_keyword(self.name, name, self.names)
            if position == self.fixed:
                raise TypeError(f"{self.name} takes any number of {name} by position, not {name}=.")
            if position < len(args):
                raise TypeError(f"{self.name} got several values for its argument {name!r}.")
            values[position] = value
        missing = [n for n, v in zip(self.names, values) if v is REQUIRED]
        if missing or (len(args) > self.fixed and not self.variadic):
            raise TypeError(f"{self.name} takes {', '.join(self.names)}; got {len(args)} by position, missing: {', '.join(missing) or 'none'}.")
        return (*values, *args[self.fixed :])

    def argument(self, position: int) -> str:
        """The name of the parameter that a position of the canonical call belongs to."""
        return self.names[min(position, len(self.names) - 1)]

    def plan(self, wanted: int) -> Plan:
        """The plan for the arguments at the positions that are the set bits of ``wanted``."""
        if wanted not in self.plans:
            positions = tuple(i for i in range(wanted.bit_length()) if wanted >> i & 1)
            if wanted >> 64:
                return Plan(self, positions)  # a long stack or concatenate: seldom the same twice
            self.plans[wanted] = Plan(self, positions)
        return self.plans[wanted]


TABLE: dict[Callable[..., Any], Op | Composite | Constant] = {}


def name_of(function: Callable[..., Any]) -> str:
    """The name that a user would write: np.exp, np.linalg.norm, np.add.reduce, relu."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{function.__name__}"
    module = getattr(function, "__module__", None) or "numpy"
    prefix = module.replace("numpy", "np") + "." if module.startswith("numpy") else ""
    name = getattr(function, "__name__", repr(function))
    return "np." + name if isinstance(function, np.ufunc) else prefix.replace("np._core.", "np.") + name


def _file(function: Callable[..., Any], entry: Op | Composite | Constant) -> None:
    if function in TABLE:
        raise WrongRule(f"{name_of(function)} is in the table already; a function has exactly one entry.")
    TABLE[function] = entry


def _forward(function: Callable[..., Any], name: str) -> tuple[Callable[..., Any], list[inspect.Parameter]]:
    """A function that takes all its parameters by position, and those parameters."""
    parameters = list(inspect.signature(function).parameters.values())
    kinds = [p.kind for p in parameters]
    reserved = {"g", "index"} & {p.name for p in parameters}
    if reserved or inspect.Parameter.VAR_KEYWORD in kinds or inspect.Parameter.VAR_POSITIONAL in kinds[:-1]:
        raise WrongRule(f"{name}: parameters cannot be named g or index, nor be **keywords, nor follow *arguments.")
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not named:
        return function, parameters
    split = len(parameters) - len(named)
    return (lambda *values: function(*values[:split], **dict(zip(named, values[split:])))), parameters


def elementwise(ufunc: np.ufunc, **rules: Rule) -> None:
    """File the rules of a ufunc of one argument ``x`` or two, ``x1`` and ``x2``; its arguments broadcast."""
    names = ["x"] if ufunc.nin == 1 else ["x1", "x2"]
    parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    _file(ufunc, Op(ufunc, ufunc, parameters, rules, broadcasts=True, keep={}))


def derivative(function: Callable[..., Any], forward: Callable[..., Any], *, broadcasts: bool = False, **rules: Rule) -> None:
    """File the rules of a NumPy function; ``forward``'s signature is the parameter list that they cover."""
    positional, parameters = _forward(forward, name_of(function))
    _file(function, Op(function, positional, parameters, rules, broadcasts=broadcasts, keep={}))


def composite(*functions: Callable[..., Any]) -> Callable[[Function], Function]:
    """File the decorated body, written with other functions of the table, as what these functions do to tensors."""

    def file(body: Function) -> Function:
        for function in dict.fromkeys(functions):  # np.amax is np.max in some versions
            _file(function, Composite(function, body))
        return body

    return file


def constant(*functions: Callable[..., Any]) -> None:
    """File functions whose results are integer or boolean."""
    for function in functions:
        _file(function, Constant())


def overridable(function: Function) -> Function:
    """A function of plain arrays that asks its arguments first whether they have an answer of their own, as NumPy's functions do."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()) if kwargs else args:
            if not isinstance(value, np.ndarray) and hasattr(value, "__array_function__"):
                return value.__array_function__(call, (type(value),), args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see


def fused(body: Callable[..., Any]) -> Callable[[Function], Function]:
    """Make the decorated function of plain arrays differentiable: tensors enter as ``body``, the same by functions of the table.

    For what a graph of the gradient needs as a composition, and an ordinary backward pass can have faster.
    """

    def decorate(function: Function) -> Function:
        call = overridable(function)
        _file(call, Composite(call, body))
        return call

    return decorate


def primitive(
    *,
    broadcasts: bool = False,
    keep: dict[str, Callable[..., Any] | None] | None = None,
    joint: tuple[tuple[str, ...], Rule] | None = None,
    **rules: Rule,
) -> Callable[[Function], Function]:
    """Make a function of plain arrays differentiable, by giving a rule for each argument that can be differentiated.

    Parameters
    ----------
    broadcasts : bool, default=False
        Whether the engine should sum a gradient over the axes along which its argument was broadcast.  If False, each rule
        returns exactly the shape of its argument, and the engine checks it.
    keep : dict, optional
        Names of what the forward computed anyway and hands to its rules: it then returns ``(output, *kept values)``, of
        which callers see the output alone.  Each name stands with the primitive of the first argument that the value
        equals (its rule needing no more than ``out`` and the settings of that name), so that a graph of the gradient stays
        right; or with None, if no derivative is to go through it: it is integer or boolean, or a rule of tensors computes it anew.
    joint : (tuple of str, callable), optional
        The names of arguments, and one rule that returns the tuple of their gradients, where these have the work in common;
        there are no other rules then.
    **rules : callable
        ``argument=rule``.  A rule takes ``g``, the gradient of the output, then the names of what it needs (see the module
        docstring), and returns the gradient of its argument.  It is written with NumPy functions and operators, changes
        nothing that it is given, and takes no ``**kwargs``.

    Returns
    -------
    callable
        A decorator.  The decorated function returns plain arrays for plain arrays and tensors for tensors.  A forward that
        returns a tuple has several outputs: ``g`` and ``out`` of its rules are tuples then.

    Raises
    ------
    WrongRule
        If a rule asks for a name that nobody can supply, or is for an argument that does not exist.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.primitive(x=lambda g, out: g * out)
    ... def my_exp(x):
    ...     return np.exp(x)
    >>> my_exp(0.0)
    np.float64(1.0)
    >>> tg.grad(my_exp)(0.0)
    Tensor(1.)
    """

    def decorate(function: Function) -> Function:
        if joint and (rules or broadcasts):
            raise WrongRule(f"{name_of(function)}: a joint rule stands alone, and its arguments do not broadcast.")
        twins = {name: TABLE[f] if f else None for name, f in (keep or {}).items()}
        call = overridable(_first(function) if twins else function)
        forward, parameters = _forward(function, name_of(function))
        _file(call, Op(call, forward, parameters, rules, broadcasts=broadcasts, keep=twins, joint=joint))
        return call

    return decorate


def _first(function: Function) -> Function:
    """The function without the kept values that it returns after its output."""

    @wraps(function)
    def output(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)[0]

    return output  # type: ignore[return-value]  # as above


def unknown_keyword(name: str, keyword: str, known: list[str]) -> UnsupportedCall:
    """The error for a keyword that a rule does not cover."""
    return UnsupportedCall(
        f"{name}(…, {keyword}=…) cannot be differentiated: its rule knows {', '.join(n for n in known if n != 'out')}.\n"
        f"  Leave {keyword}= out, write the step with other functions, or compute without gradients (x.detach(), no_grad)."
    )


def op_of(function: Callable[..., Any]) -> Op:
    """The entry of a function that is known to differentiate."""
    entry = TABLE[function]
    assert isinstance(entry, Op)
    return entry


def refuse(function: Callable[..., Any], argument: str, value: Any) -> MissingRule:
    """The error for a function that has no rule, or none for that argument; says how to give it one or to do without."""
    name = name_of(function)
    if argument.isdigit():  # known by its place only
        with suppress(ValueError, TypeError, IndexError):
            argument = list(inspect.signature(function).parameters)[int(argument)]
    if isinstance(entry := TABLE.get(function), Op):
        return MissingRule(
            f"{name} has no derivative rule for its argument {argument} (a Tensor of shape {value.shape}, {value.dtype}).\n"
            f"  Give it one:     {argument}=lambda g, …: … where {name} is filed\n"
            f"  or step around:  pass {argument}.detach(), which is a constant to the graph; its rules are for {', '.join(entry.rules)}"
        )
    return MissingRule(
        f"{name} has no derivative rule (argument {argument}: Tensor of shape {value.shape}, {value.dtype}).\n"
        f"  Give it one:     @tinygrad_edu.primitive(x=lambda g, x: …) on a function that calls {name} (see examples/define_an_op.py)\n"
        f"  or step around:  {name}(x.detach().numpy(), …), which is a constant to the graph"
    )
