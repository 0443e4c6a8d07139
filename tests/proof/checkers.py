"""The checkers: how each library files a rule, and what its checker of gradients says of it."""

import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from .rules import Case

Rule = Callable[..., Any]


def _all(gradients: Any, n: int) -> tuple[Any, ...]:
    """The gradients of all inputs, as a tuple."""
    return gradients if n > 1 else (gradients,)


def ours(case: Case, rule: Rule) -> None:
    """`tg.gradcheck`, as it comes."""
    import tinygrad_edu as tg

    if len(case.inputs) == 1:
        f = tg.primitive(x=lambda g, x: rule(np, g, x))(lambda x: case.forward(np, x))
    else:
        f = tg.primitive(a=lambda g, a, b: rule(np, g, a, b)[0], b=lambda g, a, b: rule(np, g, a, b)[1])(
            lambda a, b: case.forward(np, a, b)
        )
    tg.gradcheck(f, *case.inputs)


def torch(case: Case, rule: Rule) -> None:
    """`torch.autograd.gradcheck`, as it comes; the rule computes with NumPy."""
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            return torch.from_numpy(np.asarray(case.forward(np, *(x.detach().numpy() for x in inputs))))

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            arrays = (x.detach().numpy() for x in ctx.saved_tensors)
            found = _all(rule(np, g.numpy(), *arrays), len(ctx.saved_tensors))
            return tuple(torch.from_numpy(np.ascontiguousarray(gradient)) for gradient in found)

    inputs = tuple(torch.tensor(x, requires_grad=True) for x in case.inputs)
    torch.autograd.gradcheck(Function.apply, inputs)


def jax(case: Case, rule: Rule) -> None:
    """`jax.test_util.check_grads` of second order, in reverse mode."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    xp = jax.numpy

    @jax.custom_vjp
    def f(*inputs: Any) -> Any:
        return case.forward(xp, *inputs)

    f.defvjp(
        lambda *inputs: (case.forward(xp, *inputs), inputs),
        lambda inputs, g: _all(rule(xp, g, *inputs), len(inputs)),
    )
    check_grads(f, tuple(map(xp.asarray, case.inputs)), order=2, modes=["rev"])


def autograd(case: Case, rule: Rule) -> None:
    """HIPS autograd's `check_grads` of second order, in reverse mode."""
    import autograd.numpy as xp
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    f = primitive(lambda *inputs: case.forward(np, *inputs))

    def of(i: int) -> Rule:
        def vjp(answer: Any, *inputs: Any) -> Rule:
            return lambda g: _all(rule(xp, g, *inputs), len(inputs))[i]

        return vjp

    defvjp(f, *map(of, range(len(case.inputs))))
    argnums = range(len(case.inputs))
    for i in argnums:
        others = list(case.inputs)
        check_grads(lambda x, i=i, others=others: f(*others[:i], x, *others[i + 1 :]), modes=["rev"])(
            case.inputs[i]
        )


CHECKERS: dict[str, tuple[str, Callable[[Case, Rule], None]]] = {  # by name: the package, and the check
    "tinygrad_edu": ("tinygrad_edu", ours),
    "PyTorch": ("torch", torch),
    "JAX": ("jax", jax),
    "HIPS autograd": ("autograd", autograd),
}


def available() -> dict[str, Callable[[Case, Rule], None]]:
    """The checkers that are installed, ours first."""
    return {name: check for name, (package, check) in CHECKERS.items() if find_spec(package)}


def versions(names: Any) -> str:
    """The versions of the packages of these checkers, in one line."""
    others = [f"{name} {version(CHECKERS[name][0])}" for name in names if name != "tinygrad_edu"]
    return ", ".join([f"NumPy {np.__version__}", *others])


def says(check: Callable[[Case, Rule], None], case: Case, rule: Rule) -> str:
    """What a checker says of a rule: empty if it passes it, or the first line of its objection."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            check(case, rule)
        except Exception as error:  # each has its own
            first = next(iter(str(error).strip().splitlines()), "")
            return f"{type(error).__name__}: {first}"
    return ""
