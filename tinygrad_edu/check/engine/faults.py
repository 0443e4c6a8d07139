"""The mistakes that people make who write an engine, each as a model that makes it; the most likely first."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .model import RULES, Fault, Rule, summed
from .operations import OPERATIONS, method_of
from .orders import breadth_first, depth_first, every_path, last_only, levels_again, unmarked

# ---- the order of the backward pass ------------------------------------------------------------------------


EARLY = "visited before all its users: a node hands its gradient on while some of it is still to come"
PASSES = [
    *(
        Fault(f"{EARLY} (depth first, without a topological order)", walk=depth_first(t))
        for t in (False, True)
    ),
    *(
        Fault(f"{EARLY} (breadth first is no topological order)", walk=breadth_first(t))
        for t in (False, True)
    ),
    *(
        Fault(
            "visited once for each use: a node that is used twice hands all its gradient on twice", walk=walk
        )
        for walk in [
            unmarked(False),
            unmarked(True),
            levels_again,
            *(every_path(t, once) for t in (False, True) for once in (True, False)),
        ]
    ),
    Fault(
        "the topological order is not reversed, or ends at the root: only the last operation counts",
        walk=last_only,
    ),
    Fault("the root's gradient is not set to 1 before the pass", seed="none"),
    Fault("the root's gradient is set to its own value before the pass, and is 1", seed="value"),
    Fault("gradient not reset: the root starts with `+= 1`, where `= 1` belongs", seed="add"),
    Fault("gradient not reset: a pass runs through the operations of earlier passes again", replays=True),
    Fault(
        "accumulation over passes is missing: backward() sets gradients to 0 that earlier passes left",
        resets=True,
    ),
    Fault("gradient not reset: what was visited in an earlier pass is not visited again", remembers=True),
    Fault("gradient not 0 at first: a new value starts with 1", start=1.0),
]


# ---- how gradients add up ----------------------------------------------------------------------------------


def _unsummed(g: Any, value: Any) -> Any:
    return g


def _leading(g: Any, value: Any) -> Any:
    return np.sum(g, axis=tuple(range(np.ndim(g) - np.ndim(value))))


def _ones(g: Any, value: Any) -> Any:
    short = tuple(i for i, n in enumerate(np.shape(value)[::-1], 1) if n == 1 != np.shape(g)[-i])
    return np.sum(g, axis=tuple(-i for i in short), keepdims=True)


def _of_shape(reduce: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Another reduction than the sum over what was broadcast."""

    def fit(g: Any, value: Any) -> Any:
        if np.shape(g) == np.shape(value):
            return g
        return summed(g, value) if reduce is np.sum else _reduced(g, value, reduce)

    return fit


def _reduced(g: Any, value: Any, reduce: Callable[..., Any]) -> Any:
    total, count = summed(g, value), np.size(g) / np.size(value)
    return total / count if reduce is np.mean else summed(g[-1:], value)


BROADCAST = [
    Fault("broadcast not summed: the gradient has the shape of the result", fit=_unsummed),
    Fault("broadcast not summed over axes of length 1, only over those that were added", fit=_leading),
    Fault("broadcast not summed over axes that were added, only over those of length 1", fit=_ones),
    Fault("broadcast averaged, and not summed", fit=_of_shape(np.mean)),
    Fault("broadcast not summed: only a part of the result's gradient comes back", fit=_of_shape(np.take)),
]


ASSIGNED = [
    Fault("`=` where `+=` belongs: {line}", sets={"": (0, 1)}),
    *(
        Fault(f"`=` where `+=` belongs, in {method_of(key)}: {{line}}", sets={key: places})
        for key in RULES
        for places in ([(0, 1), (0,), (1,)] if len(RULES[key]) == 2 else [(0,)])
    ),
]


# ---- derivatives -------------------------------------------------------------------------------------------

# fmt: off
SPECIFIC: list[tuple[str, int, str, Rule]] = [
    ("mul", 0, "its own value in place of the other factor's",  lambda g, x, y, out: g * x),
    ("mul", 1, "its own value in place of the other factor's",  lambda g, x, y, out: g * y),
    ("sub", 1, "the minus of the second operand is missing",    lambda g, x, y, out: g),
    ("neg", 0, "the minus is missing",                          lambda g, x, out: g),
    ("div", 0, "multiplied where it is to be divided",          lambda g, x, y, out: g * y),
    ("div", 1, "the minus of the denominator is missing",       lambda g, x, y, out: g * x / y**2),
    ("div", 1, "the denominator is not squared",                lambda g, x, y, out: -g * x / y),
    ("div", 1, "the numerator is missing",                      lambda g, x, y, out: -g / y**2),
    ("div", 1, "the derivative of 1 / x, not of a quotient",    lambda g, x, y, out: g / x),
    ("pow", 0, "pow's exponent is missing as a factor",         lambda g, x, n, out: g * x ** (n - 1.0)),
    ("pow", 0, "pow's exponent is not lowered by 1",            lambda g, x, n, out: g * n * x**n),
    ("pow", 0, "pow's exponent is lowered in the factor too",   lambda g, x, n, out: g * (n - 1) * x ** (n - 1.0)),
    ("pow", 0, "pow's exponent is raised by 1",                 lambda g, x, n, out: g * n * x ** (n + 1.0)),
    ("pow", 0, "pow's exponent is lowered in the factor only",  lambda g, x, n, out: g * (n - 1) * x**n),
    ("pow", 0, "pow's exponent is taken for 2",                 lambda g, x, n, out: g * 2 * x),
    ("pow", 0, "pow's power is missing, only its exponent is there", lambda g, x, n, out: g * n),
    ("relu", 0, "the mask is missing",                          lambda g, x, out: g),
    ("relu", 0, "the mask is the wrong way round",              lambda g, x, out: g * (x < 0)),
    ("relu", 0, "the output stands where its sign (0 or 1) belongs", lambda g, x, out: g * out),
    ("relu", 0, "the mask looks at the gradient, not at the value", lambda g, x, out: g * (g > 0)),
    ("tanh", 0, "the square is missing: 1 - t",                 lambda g, x, out: g * (1 - out)),
    ("tanh", 0, "of the argument, not of the output: 1 - x²",   lambda g, x, out: g * (1 - x**2)),
    ("tanh", 0, "a sign is wrong: 1 + t²",                      lambda g, x, out: g * (1 + out**2)),
    ("tanh", 0, "the derivative of a sigmoid, t (1 - t)",       lambda g, x, out: g * out * (1 - out)),
    ("exp", 0, "the argument stands where the output belongs",  lambda g, x, out: g * x),
    ("exp", 0, "the rule of powers, x exp(x - 1)",              lambda g, x, out: g * x * np.exp(x - 1)),
    ("exp", 0, "exp is taken of the output once more",          lambda g, x, out: g * np.exp(out)),
    ("log", 0, "multiplied where it is to be divided",          lambda g, x, out: g * x),
    ("log", 0, "the output stands where the argument belongs",  lambda g, x, out: g / out),
    ("sigmoid", 0, "the factor 1 - s is missing",               lambda g, x, out: g * out),
    ("sigmoid", 0, "the factor s is missing",                   lambda g, x, out: g * (1 - out)),
    ("sigmoid", 0, "of the argument, not of the output",        lambda g, x, out: g * x * (1 - x)),
    ("sin", 0, "sin where cos belongs",                         lambda g, x, out: g * np.sin(x)),
    ("cos", 0, "cos where -sin belongs",                        lambda g, x, out: g * np.cos(x)),
    ("sqrt", 0, "the 2 is missing",                             lambda g, x, out: g / out),
    ("sqrt", 0, "multiplied where it is to be divided",         lambda g, x, out: g * out / 2),
    ("mean", 0, "not divided by the number of elements",        lambda g, x, out: g + np.zeros_like(x)),
    ("transpose", 0, "the gradient is not transposed back",     lambda g, x, out: g),
    ("reshape", 0, "the gradient is not reshaped back",         lambda g, x, out: g),
    ("matmul", 0, "the other matrix is not transposed",         lambda g, x, y, out: g @ y),
    ("matmul", 1, "the other matrix is not transposed",         lambda g, x, y, out: x @ g),
    ("matmul", 0, "the factors are in the wrong order",         lambda g, x, y, out: y.T @ g),
    ("matmul", 1, "the factors are in the wrong order",         lambda g, x, y, out: g @ x.T),
    ("matmul", 0, "elementwise, not by matrices",               lambda g, x, y, out: g * y),
    ("matmul", 1, "elementwise, not by matrices",               lambda g, x, y, out: g * x),
    ("matmul", 0, "the gradient goes to the wrong factor",      lambda g, x, y, out: x.T @ g),
    ("matmul", 1, "the gradient goes to the wrong factor",      lambda g, x, y, out: g @ y.T),
]
# fmt: on


def _general(rule: Rule) -> list[tuple[str, Rule]]:
    """What can be wrong with any derivative."""
    return [
        (
            "the gradient of the output (the chain rule's factor) is missing",
            lambda g, *a: rule(np.ones_like(g), *a),
        ),
        ("the local derivative is missing: the output's gradient goes through as it is", lambda g, *a: g),
        ("no gradient arrives", lambda g, *a: 0 * rule(g, *a)),
        ("a sign is wrong", lambda g, *a: -rule(g, *a)),
        ("it is twice what it should be", lambda g, *a: 2 * rule(g, *a)),
        ("it is half of what it should be", lambda g, *a: 0.5 * rule(g, *a)),
    ]


def _derivatives() -> Iterator[Fault]:
    keys = {**RULES, **{f"r{name}": RULES[name] for name in ("add", "mul", "sub", "div")}}
    for key, rules in keys.items():
        name = key if key in RULES else key[1:]
        words = {place: f", for its {('first', 'second')[place]} operand" for place in (0, 1)}
        special = [(place, why, rule) for of, place, why, rule in SPECIFIC if of == name]
        general = [(place, why, rule) for place, r in enumerate(rules) for why, rule in _general(r)]
        for place, why, rule in special + general:
            if key in RULES or place == 1:  # what is on the left of __radd__ is a constant
                where = words[place] if len(rules) == 2 and key in RULES and name != "pow" else ""
                yield Fault(
                    f"in the backward of {method_of(key)}{where}: {why}: {{line}}", key, rules={place: rule}
                )


# ---- values ------------------------------------------------------------------------------------------------


def _forwards() -> Iterator[Fault]:
    """An operation that computes another one, or takes its operands the other way round."""
    two = ["add", "sub", "mul", "div"]
    for key in ("sub", "div"):
        f = OPERATIONS[key].value
        swapped = lambda x, y, f=f: f(y, x)
        why = (
            f"{method_of('r' + key)} is reversed: it computes with its operands the other way round: {{line}}"
        )
        turned = lambda g, x, y, out, rule=RULES[key][0]: rule(g, y, x, out)
        yield Fault(why, f"r{key}", value=swapped, rules={1: turned})
        yield Fault(why.replace(method_of("r" + key), method_of(key)), key, value=swapped)
    for key in [*two, *(f"r{name}" for name in two), "pow", "iadd"]:
        for other in two:
            if other not in (key, key[1:]) and (key, other) != ("iadd", "add"):
                sign = OPERATIONS[other].text.format("x", "y")
                yield Fault(f"{method_of(key)} computes {sign}: {{line}}", key, value=OPERATIONS[other].value)
    unary = {"neg", *(name for name, operation in OPERATIONS.items() if operation.kind == "function")}
    for key in sorted(unary):
        for other in sorted(unary - {key}):
            sign = OPERATIONS[other].text.format("x")
            yield Fault(
                f"{method_of(key)} computes {sign}: {{line}}", key, value=_real(OPERATIONS[other].value)
            )
        yield Fault(f"{method_of(key)} returns its argument: {{line}}", key, value=lambda x: x)
    yield Fault(
        "relu keeps what is negative, not what is positive: {line}", "relu", value=lambda x: np.minimum(x, 0)
    )
    yield Fault("pow multiplies by its exponent: {line}", "pow", value=lambda x, n: x * n)


def _real(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: np.real(f(x))


FORWARDS = list(_forwards())
BACKWARDS = [*ASSIGNED, *PASSES, *BROADCAST, *(fault for fault in FORWARDS if fault.rules), *_derivatives()]
