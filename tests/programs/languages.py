"""One program as Python in three languages: for this package, for plain NumPy, and for PyTorch.

The plain form says what the documentation promises: a recorded ``x[i] = v`` or ``x += v`` makes a new value,
which views taken before do not follow; under no_grad both write into the memory of x, and add a constant as
far as derivatives are concerned; what is detached or computed under no_grad is a constant.  So its
derivative, by differences, is the one that must come out.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .operations import Operation


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes
    ----------
    kind : str
        "compute" (also detach), "alias", "write" (an item), "update" (+= and its kin), "data" (an assignment
        to .data), or "backward".
    targets, args : tuple of str
    operation : Operation or None
    settings : dict of str to str
    quiet : bool
        Whether it stands under no_grad.
    needs : bool
        Whether the target's gradient is wanted afterwards.
    """

    kind: str
    targets: tuple[str, ...]
    args: tuple[str, ...] = ()
    operation: Operation | None = None
    settings: dict[str, str] = field(default_factory=dict)
    quiet: bool = False
    needs: bool = True

    def filled(self, template: str, language: str) -> str:
        settings = {k: v for k, v in self.settings.items() if not k.startswith("t_")}
        if language == "torch":
            settings |= {k[2:]: v for k, v in self.settings.items() if k.startswith("t_")}
        return template.format(*self.args, **settings)

    def value(self, language: str) -> str:
        assert self.operation is not None
        return self.filled(self.operation.torch if language == "torch" else self.operation.ours, language)

    def lines(self, language: str, same: list[str]) -> list[str]:
        """The statement; ``same`` are all the names of the object that the first target names."""
        names, s = ", ".join(self.targets), self.settings
        target, every = self.targets[0], " = ".join(same)
        plain, quiet = language == "plain", self.quiet
        match self.kind:
            case "compute" if plain:
                value, made = self.value(language), "constant" if quiet else "array"
                if value.endswith(".detach()"):
                    value, made = self.args[0], "constant"
                line = f"{names} = " + (
                    f"{made}({value})" if len(self.targets) == 1 else f"map({made}, {value})"
                )
            case "compute":
                line = f"{names} = {self.value(language)}"
            case "alias":
                line = f"{target} = {self.args[0]}"
            case "write" if plain:
                what = f"{target}, ({s['key']},), {self.args[0]}"
                line = f"poke({what})" if quiet else f"{every} = put({what})"
            case "write" if language == "torch" and not quiet:
                return [f"{every} = {target}.clone()", f"{target}[{s['t_key']}] = {self.args[0]}"]
            case "write":
                line = f"{target}[{s['t_key'] if language == 'torch' else s['key']}] = {self.args[0]}"
            case "update" if plain and quiet:
                line = f"poke({target}, ..., {target} {s['sign']} {self.args[0]})"
            case "update" if language == "ours" or quiet:
                line = f"{target} {s['sign']}= {self.args[0]}"
            case "update":
                value = f"{target} {s['sign']} {self.args[0]}"
                line = f"{target} = array({value})" if plain else f"{target} = {value}"
            case "data" if s["form"] == "in place":
                forms = {
                    "plain": f"poke({target}, ..., {target} - {self.args[0]})",
                    "torch": f"{target} -= {self.args[0]}",
                }
                line = forms.get(language, f"{target}.data -= {self.args[0]}")
            case "data":
                value = f"{target}.data * 0.5"
                line = (
                    f"{every} = replaced({target}, 0.5 * {target})" if plain else f"{target}.data = {value}"
                )
            case "backward":
                k = self.args[0]
                line = f"counted({target}, {k})" if plain else backward(target, k, language)
        under = {"ours": "tg.no_grad()", "torch": "torch.no_grad()"}.get(language)
        if under and (quiet or (language == "torch" and self.kind == "data")):
            return [f"with {under}:", "    " + line]
        return [line]


def backward(y: str, k: str, language: str, retain: bool = True) -> str:
    """A backward pass with a cotangent.

    PyTorch, given one, would import its compiler, which takes seconds.
    """
    call = f"({y} * {k}).sum().backward(" if language == "torch" else f"{y}.backward({k}, "
    return f"{call}retain_graph={retain})"


@dataclass(frozen=True)
class Program:
    """A program and what it needs.

    Attributes
    ----------
    leaves, constants : dict of str to ndarray
        Names that begin with c are arrays; with t, tensors without gradient.
    statements : tuple of Statement
    outputs : dict of str to str
        Names of tensors that need a gradient, each with the name of its cotangent.
    ending : str
        How the gradients are asked for: one of `ENDINGS`.
    """

    leaves: dict[str, Any]
    constants: dict[str, Any]
    statements: tuple[Statement, ...]
    outputs: dict[str, str]
    ending: str

    def body(self, language: str) -> list[str]:
        lines, same = [], {name: [name] for name in (*self.leaves, *self.constants)}
        for s in self.statements:
            lines += s.lines(language, same.get(s.targets[0], [s.targets[0]]))
            if s.kind in ("compute", "alias") or (s.kind == "update" and not s.quiet):
                for name in s.targets:  # the name is bound anew
                    if name in same:
                        same[name].remove(name)
                    same[name] = same[s.args[0]] if s.kind == "alias" else []
                    same[name].append(name)
        return lines

    @property
    def loss(self) -> str:
        return " + ".join(f"({y} * {k}).sum()" for y, k in self.outputs.items())

    @property
    def written(self) -> bool:
        """Whether something is written into memory, which a backward pass may have to refuse."""
        return any(s.kind == "data" or (s.quiet and s.kind in ("write", "update")) for s in self.statements)


def weights(program: Program) -> dict[str, Any]:
    """A constant for each leaf: the direction of second derivatives and of jvp."""
    rng = np.random.default_rng(1)
    return {f"k{name}": rng.standard_normal(value.shape).round(2) for name, value in program.leaves.items()}


ENDINGS = ("backward", "each", "second", "second and on", "functions")


def source(program: Program, language: str, *, double: bool = False) -> str:
    """The whole program, ready to run; it ends with ``first`` and ``second``, the derivatives by leaf."""
    ours, leaves = language == "ours", list(program.leaves)
    body, functional = program.body(language), program.ending == "functions"
    lines = ["import torch", "import torch.nn.functional as F"]
    if ours:
        lines = [
            "import numpy as np",
            "import tinygrad_edu as tg",
            f"f32, f64 = np.float{64 if double else 32}, np.float64",
        ]
    for name, value in {**program.leaves, **program.constants, **weights(program)}.items():
        leaf, tensor = name in program.leaves, name[0] in "xt"
        kind, values = "f32" if value.dtype == np.float32 else "f64", value.tolist()
        if ours:
            text = f"np.array({values}, {kind})" if value.size else f"np.zeros({value.shape}, {kind})"
            if tensor and not (leaf and functional):
                text = f"tg.Tensor({text}{', requires_grad=True' if leaf else ''})"
        else:
            made = f"tensor({values}" if value.size else f"zeros({value.shape}"
            text = f"torch.{made}, dtype=torch.float64{', requires_grad=True' if leaf else ''})"
        lines.append(f"{name} = {text}")
    dots = " + ".join(f"({{{i}}} * k{name}).sum()" for i, name in enumerate(leaves))
    grads, ks = ", ".join(f"{name}.grad" for name in leaves), ", ".join(f"k{name}" for name in leaves)
    if functional and ours:
        xs = ", ".join(leaves)
        lines += [f"def f({xs}):", *("    " + line for line in body), f"    return {program.loss}"]
        lines += [
            f"everything = {tuple(range(len(leaves)))}",
            f"first = tg.grad(f, everything)({xs})",
            f"slope = tg.jvp(f, ({xs},), "
            f"({', '.join(f'k{name}.astype({name}.dtype)' for name in leaves)},))[1]",
            "directional = lambda *xs: sum((g * k).sum() for g, k in zip(tg.grad(f, everything)(*xs), "
            f"[{ks}]))",
            f"second = tg.grad(directional, everything)({xs})",
        ]
        return "\n".join(lines) + "\n"
    lines += body
    last = next(reversed(program.outputs))
    match program.ending:
        case "each":
            lines += [backward(y, k, language, y != last) for y, k in program.outputs.items()]
            lines += [f"first, second = [{grads}], None"]
        case "backward":
            lines += [f"loss = {program.loss}", "loss.backward()", f"first, second = [{grads}], None"]
        case _ if ours:
            lines += [f"loss = {program.loss}", "loss.backward(create_graph=True)"]
            lines += [backward(last, program.outputs[last], language)] * (program.ending == "second and on")
            lines += [
                f"gradients = [{grads}]",
                "first = [None if g is None else g.data.copy() for g in gradients]",
                f"directional = sum((g * k).sum() for g, k in zip(gradients, [{ks}]) if g is not None)",
                f"for x in [{', '.join(leaves)}]:",
                "    x.grad = None",
                "if getattr(directional, 'requires_grad', False):",
                "    directional.backward()",
                f"second = [{grads}]",
            ]
        case _:
            lines += [f"loss, leaves = {program.loss}, [{', '.join(leaves)}]"]
            lines += [backward(last, program.outputs[last], language)] * (program.ending == "second and on")
            lines += [
                "before = [0 if x.grad is None else x.grad for x in leaves]",
                "gradients = torch.autograd.grad(loss, leaves, create_graph=True, materialize_grads=True)",
                "first = [g.detach() + b for g, b in zip(gradients, before)]",
                f"directional = {dots.format(*(f'gradients[{i}]' for i in range(len(leaves))))}",
                "second = [None] * len(leaves)",
                "if directional.requires_grad:",
                "    second = torch.autograd.grad(directional, leaves, allow_unused=True)",
            ]
    return "\n".join(lines) + "\n"


def run(program: Program, language: str, *, double: bool = False) -> dict[str, Any]:
    """The namespace that the program leaves behind."""
    namespace: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        code = compile(source(program, language, double=double), f"<{language}>", "exec")
        exec(code, namespace)  # noqa: S102  # as above
    return namespace
