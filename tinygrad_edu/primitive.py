"""`primitive`: one's own op, a function of plain arrays with a derivative rule for each of its arguments."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .aliases import Rule
from .arrays import is_tensor
from .entry import Op
from .errors import WrongRule
from .modes import MODE, Mode
from .table import Function, carrying, first_output, op_from
from .trees import children, flatten

NUMBERS = (np.ndarray, np.generic, int, float, complex)


def primitive(
    function: None = None,
    /,
    *,
    broadcasts: bool = False,
    keep: dict[str, Callable[..., Any] | None] | None = None,
    joint: tuple[tuple[str, ...], Rule] | None = None,
    **rules: Rule,
) -> Callable[[Function], Function]:
    """Make a function of plain arrays differentiable, by giving a rule for each argument that can be
    differentiated.

    Parameters
    ----------
    broadcasts : bool, default=False
        Whether the engine should sum a gradient over the axes along which its argument was broadcast.  If
        False, each rule returns exactly the shape of its argument, and the engine checks it.
    keep : dict, optional
        What the forward computed anyway, by the names by which its rules ask for it: the forward then returns
        ``(output, *kept values)``, of which callers see the output alone.  Each name stands with its *twin*,
        the primitive of the first argument whose output the value equals: a second derivative goes on through
        the twin's rule, which may ask for ``out`` and settings.  It stands with None if no derivative goes
        through the value: it is integer or boolean, or a rule of tensors computes it anew.
    joint : (tuple of str, callable), optional
        The names of arguments, and one rule that returns the tuple of their gradients, where these have the
        work in common; there are no other rules then.  A rule that asks for ``wanted`` is told the names of
        those that need a gradient, and may return None for the others.
    **rules : callable
        ``argument=rule``.  A rule takes ``g``, the gradient of the output, then the names of what it needs:
        arguments, ``<argument>_shape``, ``out``, kept values, and for a variadic ``*arguments`` also
        ``index``, the place of the one being differentiated.  It returns the gradient of its argument.  It is
        written with NumPy functions and operators, changes nothing that it is given, and takes no
        ``**kwargs``.

    Returns
    -------
    callable
        A decorator.  The decorated function returns plain arrays for plain arrays and tensors for tensors.  A
        forward that returns a tuple has several outputs: ``g`` and ``out`` of its rules are tuples then.

    Raises
    ------
    WrongRule
        If a rule asks for a name that nobody can supply, or is for an argument that does not exist; when
        called, if the forward returns a Tensor; in a backward pass, if a rule returns what cannot be the
        gradient of its argument: another shape, None, an object or masked array, complex numbers among real
        ones.
    MissingRule
        When called, if a tensor that needs a gradient reaches the function where no rule covers it: by an
        argument without one, or by a closure or an attribute that the forward uses.

    Notes
    -----
    An argument may be a tree of tensors: nested lists, tuples and dicts of them, or modules.  The function
    and its rules then get the same tree with plain arrays in it (a module with constant parameters), copied
    when the call is recorded, and the rule of that argument returns the tree of gradients: a list or tuple
    for either, a dict by the same keys for a dict, and for a module a dict by the names of its parameters.
    None, or a missing key, stands for leaves that need none. A tensor that stands in several places gets the
    sum.

    Of complex numbers ``g`` is the conjugate of the gradient that `Tensor.backward` takes, and what a rule
    returns is that of the one that ends in ``grad``: so that dL = Re(g · dy), and the rule of a holomorphic
    function is g · f′, without a conjugate.

    The op lives as long as the decorated function does.

    A rule need not be the derivative.  Three that people write: a step that lets the gradient through as if
    it were none (straight-through), one that turns it around (the adversary's layer), and one that bounds it.

    References
    ----------
    Y. Bengio, N. Leonard and A. Courville (2013). Estimating or propagating gradients through stochastic
    neurons. arXiv:1308.3432. (Straight-through.)

    Y. Ganin and V. Lempitsky (2015). Unsupervised domain adaptation by backpropagation. arXiv:1409.7495.
    (Reversal.)

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.primitive(x=lambda g, out: g * out)
    ... def my_exp(x):
    ...     return np.exp(x)
    >>> my_exp(0.0)
    np.float64(1.0)
    >>> tg.grad(my_exp)(0.0)
    np.float64(1.0)

    The forward of the next one has computed the exponential, which its rule needs; `my_exp` is what that is:

    >>> @tg.primitive(x=lambda g, e: g * e, keep={"e": my_exp})
    ... def my_expm1(x):
    ...     e = np.exp(x)
    ...     return e - 1, e
    >>> tg.grad(tg.grad(my_expm1))(0.0)
    np.float64(1.0)

    >>> @tg.primitive(terms=lambda g, terms: {name: g * 2 * term for name, term in terms.items()})
    ... def sum_of_squares(terms):
    ...     return sum(term**2 for term in terms.values())
    >>> tg.grad(sum_of_squares)({"a": 1.0, "b": 2.0})
    {'a': np.float64(2.0), 'b': np.float64(4.0)}

    Straight through a step, reversed, and bounded:

    >>> @tg.primitive(x=lambda g: g)
    ... def binarized(x):
    ...     return np.where(x > 0, 1.0, 0.0)
    >>> tg.grad(lambda x: np.sum(binarized(x) * x))(np.array([0.5, -1.0]))
    array([ 1.5, -1. ])

    >>> @tg.primitive(x=lambda g, scale: -scale * g)
    ... def reversed_gradient(x, scale=1.0):
    ...     return np.copy(x)
    >>> tg.grad(lambda x: reversed_gradient(x, 0.5) ** 2)(3.0)
    np.float64(-3.0)

    >>> @tg.primitive(x=lambda g, bound: np.clip(g, -bound, bound))
    ... def with_bounded_gradient(x, bound):
    ...     return np.copy(x)
    >>> tg.grad(lambda x: np.sum(with_bounded_gradient(x, 1.0) ** 2))(np.array([0.1, 5.0]))
    array([0.2, 1. ])
    """
    if function is not None:
        raise WrongRule(
            "primitive is given the rules, not the function: write @primitive(x=lambda g, x: …), with "
            "parentheses and a rule for each argument, in the line before def."
        )

    def decorate(function: Function) -> Function:
        return recorded(function, op_from(function, broadcasts, keep, joint, rules))

    return decorate


def recorded(function: Function, op: Op) -> Function:
    """The function, as somebody's own op: what is called with tensors is watched, checked and recorded."""
    op.trusted, op.forward = False, watched(op.forward, op.name, len(op.keep))
    plain = watched(function, op.name, len(op.keep))
    plain = first_output(plain) if op.keep else plain

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        tensor = None
        for value in (*args, *kwargs.values()) if kwargs else args:
            if is_tensor(value):
                tensor = value
            elif children(value) is not None and any(map(is_tensor, flatten(value)[0])):
                from .tree_call import tree_call

                return tree_call(op, op.bind(args, kwargs))
        if tensor is not None:
            if len(args) == op.arity and not kwargs and (told := getattr(tensor, "_recorded", None)):
                return told(op, args)
            return tensor.__array_function__(call, (type(tensor),), args, kwargs)
        return plain(*args, **kwargs)

    return carrying(call, op)  # type: ignore[return-value]  # wraps keeps the signature


def watched(forward: Callable[..., Any], name: str, kept: int) -> Callable[..., Any]:
    """The forward of somebody's own op: nothing that needs a gradient is recorded in it, and it returns
    arrays.
    """

    @wraps(forward)
    def run(*args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if getattr(mode.debug.value, "guards_forwards", False):
            args = tuple(map(_read_only, args))
        token = MODE.set(Mode(mode.recording, mode.debug, name, mode))
        try:
            out = forward(*args, **kwargs)
        finally:
            MODE.reset(token)
        return _checked(name, out, kept)

    return run


def _checked(name: str, out: Any, kept: int) -> Any:
    """What a forward returned: arrays, and as many kept values as it promised."""
    if kept and not (type(out) is tuple and len(out) == 1 + kept):
        got = f"a tuple of {len(out)}" if isinstance(out, tuple) else f"a {type(out).__name__}"
        expected = f"a tuple of its output and {kept} kept values"
        raise WrongRule(f"{name}: with keep=, its forward returns {expected}; it returned {got}.")
    output = out[0] if kept else out
    if isinstance(output, tuple) and hasattr(output, "_fields"):  # such as np.linalg.slogdet returns
        output = tuple(output)
        out = (output, *out[1:]) if kept else output
    for part in output if type(output) is tuple else (output,):
        if hasattr(part, "requires_grad"):
            raise WrongRule(
                f"{name}: its forward returned a Tensor; it is given plain arrays and returns one.\n"
                "  Compute with NumPy's functions on the arrays that it is given, or return "
                "y.detach().numpy()."
            )
        if not (isinstance(part, NUMBERS) or hasattr(part, "__array_function__")):
            expected = "an array, or a tuple of arrays for several outputs"
            raise WrongRule(f"{name}: its forward returned a {type(part).__name__}; expected {expected}.")
    return out


def _read_only(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value
