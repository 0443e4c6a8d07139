"""Compute all configurations with PyTorch, and freeze the results::

    python -m tests.oracle.make            # write tests/oracle/data/
    python -m tests.oracle.make sequences  # of one family alone
    python -m tests.oracle.make --compare  # write nothing; say by how much this PyTorch differs

from the root of the repository, with torch 2.14 (the CPU build does) and safetensors installed; nothing else
here needs them.  The same PyTorch on the same machine writes the same bytes.
"""

import argparse
import inspect
import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from . import frozen, optimizers
from .cases import Case, Part, leaves, uniform
from .configurations import CASES

Results = dict[str, dict[str, np.ndarray]]


def tensors(value: Any, constant: bool = True) -> Any:
    """Nested arrays as tensors; floating ones require gradients unless they are constant."""
    if isinstance(value, np.ndarray):
        return torch.tensor(value, requires_grad=not constant and value.dtype.kind == "f")
    if isinstance(value, (tuple, list)) and leaves(value) and isinstance(leaves(value)[0], np.ndarray):
        return tuple(tensors(v, constant) for v in value)
    return {k: tensors(v, constant) for k, v in value.items()} if isinstance(value, dict) else value


class Hardsigmoid(torch.nn.Module):
    """By its definition: the slope of torch's own is 1/6 rounded to float32, for float64 too, 3e-8 off."""

    def forward(self, x: Any) -> Any:
        return torch.clip(x + 3, 0, 6) / 6


def built(kind: str, args: Any, settings: dict[str, Any]) -> Any:
    """PyTorch's layer or loss."""
    cls = Hardsigmoid if kind == "Hardsigmoid" else getattr(torch.nn, kind)
    # Above its threshold, which is 20, it is a line, up to 2e-9 off.
    exact = {"threshold": 40.0} if kind == "Softplus" and "threshold" not in settings else {}
    args = [built(a.kind, a.args, a.settings) if isinstance(a, Part) else a for a in args]
    settings = {
        k: built(v.kind, v.args, v.settings) if isinstance(v, Part) else v for k, v in settings.items()
    }
    return cls(*args, **tensors(settings), **exact)


def packed(module: Any, x: Any, hx: Any = None, *, lengths: list[int]) -> Any:
    """What a recurrent layer makes of padded sequences of several lengths."""
    first, utils = module.batch_first, torch.nn.utils.rnn
    sequences = utils.pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
    output, final = module(sequences, hx)
    steps = x.shape[1 if first else 0]
    return utils.pad_packed_sequence(output, batch_first=first, total_length=steps)[0], final


def layer(case: Case) -> dict[str, np.ndarray]:
    """Outputs; gradients of inputs and parameters; buffers after the call."""
    module = built(case.kind, case.draw("args"), case.draw("settings")).train(case.train)
    if not case.kind.endswith("Loss"):  # the state of a loss is its settings
        module.load_state_dict(
            {k: torch.tensor(case.state(k, tuple(v.shape))) for k, v in module.state_dict().items()}
        )
    inputs = [tensors(x, constant=i in case.constant) for i, x in enumerate(case.draw("inputs"))]
    call = packed if "lengths" in case.call else torch.nn.Module.__call__
    outputs = leaves(call(module, *inputs, **tensors(case.draw("call"))))
    cotangents = [torch.tensor(case.cotangent(i, tuple(y.shape))) for i, y in enumerate(outputs)]
    smooth = [i for i, y in enumerate(outputs) if y.requires_grad]  # and not the places of maxima
    torch.autograd.backward([outputs[i] for i in smooth], [cotangents[i] for i in smooth])
    differentiated = [x for x in leaves(inputs) if x.requires_grad]
    results = {f"output {i}": y for i, y in enumerate(outputs)}
    results |= {f"input {i}": x.grad for i, x in enumerate(differentiated)}
    results |= {f"parameter {k}": p.grad for k, p in module.named_parameters()}
    results |= {f"buffer {k}": b for k, b in module.named_buffers()}
    return {k: v.detach().numpy() for k, v in results.items()}


def trajectory(case: optimizers.Trajectory) -> dict[str, np.ndarray]:
    """The parameters after every step."""
    params = [torch.tensor(p, requires_grad=True) for p in case.start()]
    optimizer = getattr(torch.optim, case.kind)(case.groups(*params), **case.settings)
    after: list[list[Any]] = [[], []]
    for step in range(optimizers.STEPS):
        optimizer.zero_grad()
        if case.gradients == "of f":
            optimizers.f(torch, *params).backward()
        else:
            for i, p in enumerate(params):
                p.grad = None if (g := case.gradient(step, i)) is None else torch.tensor(g)
        optimizer.step()
        if case.halved and step == 9:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        for p, values in zip(params, after, strict=True):
            values.append(p.detach().numpy().copy())
    return {"matrix": np.array(after[0]), "vector": np.array(after[1])}


def schedule(case: optimizers.Schedule) -> dict[str, np.ndarray]:
    """The rate used in each epoch."""
    kinds, settings = torch.optim.lr_scheduler, dict(case.settings)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=optimizers.LR)
    if case.kind == "OneCycleLR":
        settings["cycle_momentum"] = False  # this SGD has none
    if case.kind == "SequentialLR":
        settings["schedulers"] = [
            getattr(kinds, kind)(optimizer, **inner) for kind, inner in settings["schedulers"]
        ]
    scheduler = getattr(kinds, case.kind)(optimizer, **settings)
    rates = []
    for epoch in range(optimizers.EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([case.metric(epoch)] if case.kind == "ReduceLROnPlateau" else []))
    return {"rates": np.array(rates)}


def networks() -> dict[str, np.ndarray]:
    """Save the states of an MLP and a CNN as PyTorch users do; an input of each and, in use, its output,
    all float32.
    """
    nn = torch.nn
    mlp = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    cnn = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 10),
    )  # fmt: skip
    models = {"mlp": (mlp, (8, 20)), "cnn": (cnn, (4, 1, 16, 16))}
    calls = {}
    for name, (model, shape) in models.items():
        model = model.float()
        with torch.no_grad():
            for k, p in model.named_parameters():
                p.copy_(torch.tensor(uniform(f"{name}/{k}", p.numel()).reshape(p.shape) - 0.5))
            for i in range(3):  # moves the running statistics away from where they start
                model(
                    torch.tensor(
                        3 * uniform(f"{name}/{i}", int(np.prod(shape))).reshape(shape) - 1,
                        dtype=torch.float32,
                    )
                )
            x = torch.tensor(
                4 * uniform(f"{name}/x", int(np.prod(shape))).reshape(shape) - 2, dtype=torch.float32
            )
            calls |= {f"{name} input": x.numpy(), f"{name} output": model.eval()(x).numpy()}
        save_file(model.state_dict(), frozen.FOLDER / f"{name}.safetensors")
    return calls


def public(module: Any, base: type) -> dict[str, list[str]]:
    """The classes of a module of torch that derive from ``base``, and their settings:
    those of the classes they derive from too, as
    RNN(*args, **kwargs) does not name its own."""
    classes = {
        k: v
        for k, v in sorted(vars(module).items())
        if isinstance(v, type) and issubclass(v, base) and not k.startswith("_")
    }
    return {
        k: list(dict.fromkeys(p for c in v.__mro__[:-1] for p in settings_of(c))) for k, v in classes.items()
    }


def settings_of(cls: type) -> list[str]:
    return [
        p.name
        for p in inspect.signature(cls).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="write nothing; print the largest differences from what is stored",
    )
    parser.add_argument("families", nargs="*", help=f"of {', '.join(CASES)}; by default all")
    arguments = parser.parse_args()
    compare, chosen = arguments.compare, arguments.families or list(CASES)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    compute = {"optimizers": trajectory, "schedules": schedule}
    families: dict[str, Results] = {f: {c.name: compute.get(f, layer)(c) for c in CASES[f]} for f in chosen}
    for family, results in families.items():
        if compare:
            stored = frozen.read(family)
            worst = max(
                np.max(np.abs(v - stored[name][k]), initial=0)
                for name, r in results.items()
                for k, v in r.items()
            )
            print(f"{family}: {len(results)} configurations, largest difference {worst:.1e}")
        else:
            frozen.write(family, results)
            print(
                f"{family}: {len(results)} configurations, "
                f"{sum(v.size for r in results.values() for v in r.values())} numbers"
            )
    if not compare and not arguments.families:
        about = {
            "version": torch.__version__,
            "nn": public(torch.nn, torch.nn.Module),
            "optim": public(torch.optim, torch.optim.Optimizer),
        }
        (frozen.FOLDER / "torch.json").write_text(json.dumps(about).replace("], ", "],\n") + "\n")
        np.savez_compressed(frozen.FOLDER / "networks.npz", **networks())


if __name__ == "__main__":
    main()
