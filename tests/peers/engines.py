"""The engines: how each is asked for the value and the gradients of a loss.

Ours and advect take NumPy's own functions, autograd has wrapped ones in ``autograd.numpy``, and MyGrad
has its own in ``mygrad``; where that lacks one, NumPy's is called, which its tensors answer for a part of
NumPy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

Loss = Callable[..., Any]  # of inputs by position, real, of one element
Answer = tuple[Any, Any]  # the value, and the gradient of the only input or a tuple of those of all


@dataclass(frozen=True)
class Engine:
    """One contestant.

    Attributes
    ----------
    name : str
    namespaces : dict of str to module
        What a line calls ``np`` and ``special``.
    transform : callable
        Takes a loss and the number of its inputs; returns a function of these inputs that gives the value
        and the gradients.
    conjugated : bool
        Whether the gradient of a complex number is ∂L/∂re − i ∂L/∂im, as autograd's; PyTorch's, advect's and
        ours is ∂L/∂re + i ∂L/∂im.
    higher : bool
        Whether it differentiates its gradients.
    missing : tuple of str
        How its error begins, or what class it has, when it has no rule for a function at all.
    """

    name: str
    namespaces: dict[str, Any]
    transform: Callable[[Loss, int], Callable[..., Answer]]
    conjugated: bool = False
    higher: bool = True
    missing: tuple[str, ...] = ()

    def lacks(self, error: BaseException) -> bool:
        """Whether an error says that there is no such function, rather than that this call is refused."""
        said = f"{type(error).__name__}: {error}"
        return any(words in said for words in self.missing)


class Either:
    """A namespace that looks names up in one module, then in another."""

    def __init__(self, first: Any, second: Any) -> None:
        self._first, self._second = first, second

    def __getattr__(self, name: str) -> Any:
        second = getattr(self._second, name)
        first = getattr(self._first, name, second)
        return Either(first, second) if isinstance(second, type(np)) and first is not second else first


def ours() -> Engine:
    import tinygrad_edu as tg

    def transform(loss: Loss, count: int) -> Callable[..., Answer]:
        return tg.value_and_grad(loss, _argnums(count))

    return Engine(
        "ours", {"np": np, "special": _special("scipy.special")}, transform, missing=("MissingRule",)
    )


def advect() -> Engine:
    import advect as ad

    def transform(loss: Loss, count: int) -> Callable[..., Answer]:
        return ad.value_and_grad(loss, argnums=_argnums(count))

    special = _special("advect.scipy.special")
    missing = ("Unsupported", "no attribute", "has no derivative", "ufunc() is not supported")
    return Engine("advect", {"np": np, "special": special}, transform, missing=missing)


def autograd() -> Engine:
    import autograd
    import autograd.numpy as anp

    def transform(loss: Loss, count: int) -> Callable[..., Answer]:
        return autograd.value_and_grad(loss, _argnums(count))

    special = _special("autograd.scipy.special")
    missing = ("NotImplementedError: VJP of", "no attribute")
    return Engine("autograd", {"np": anp, "special": special}, transform, conjugated=True, missing=missing)


def mygrad() -> Engine:
    import mygrad as mg

    def transform(loss: Loss, count: int) -> Callable[..., Answer]:
        def value_and_grad(*inputs: Any) -> Answer:
            tensors = [mg.tensor(x) for x in inputs]
            value = loss(*tensors)
            value.backward()
            gradients = tuple(np.zeros(t.shape) if t.grad is None else t.grad for t in tensors)
            return value.data, gradients[0] if count == 1 else gradients

        return value_and_grad

    namespaces = {"np": Either(mg, np), "special": _special("scipy.special")}
    return Engine(
        "MyGrad",
        namespaces,
        transform,
        higher=False,
        missing=("no implementation found", "all returned NotImplemented", "no attribute"),
    )


def _argnums(count: int) -> Any:
    """A number where there is one input only: engines have a shorter way for it."""
    return 0 if count == 1 else tuple(range(count))


def _special(name: str) -> Any:
    """A module of special functions, or one without any."""
    package = name.partition(".")[0]
    return import_module(name) if find_spec(package) and find_spec("scipy") else type(np)(name)


ENGINES: dict[str, tuple[str, Callable[[], Engine]]] = {  # by name: the package, and how it is made
    "ours": ("tinygrad_edu", ours),
    "advect": ("advect", advect),
    "autograd": ("autograd", autograd),
    "MyGrad": ("mygrad", mygrad),
}


def available() -> tuple[dict[str, Engine], list[str]]:
    """The engines that are installed, ours first, and the names of those that are not."""
    found, left_out = {}, []
    for name, (package, make) in ENGINES.items():
        if find_spec(package):
            found[name] = make()
        else:
            left_out.append(name)
    return found, left_out


def staged(loss: Loss, inputs: tuple[Any, ...]) -> Callable[..., Answer]:
    """What advect makes of a loss and its gradient when it compiles them for inputs of these shapes."""
    import advect as ad

    return ad.stage(ad.value_and_grad(loss, argnums=_argnums(len(inputs))), *inputs)


def by_backward(loss: Loss, count: int) -> Callable[..., Answer]:
    """Ours without a transform: tensors that need gradients, and ``backward()`` of the loss."""
    import tinygrad_edu as tg

    def value_and_grad(*inputs: Any) -> Answer:
        tensors = [tg.Tensor(x, requires_grad=True) for x in inputs]
        value = loss(*tensors)
        value.backward()
        return value.item(), tensors[0].grad.data if count == 1 else tuple(t.grad.data for t in tensors)

    return value_and_grad


def versions(engines: dict[str, Engine]) -> str:
    """NumPy's and the engines' versions, in one line."""
    peers = [f"{name} {version(ENGINES[name][0])}" for name in engines if name != "ours"]
    return ", ".join([f"NumPy {np.__version__}", *peers])
