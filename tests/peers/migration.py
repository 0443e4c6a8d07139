"""The lines of the page for people who leave autograd, `.github/MIGRATION.md`, in both languages.

A row of a table is run if its left cell is one line of code and its right cell begins with one, or says
"the same".  What autograd gave is kept in ``autograd.json``, which ``python -m tests.peers migration`` writes
where autograd is installed.
"""

import contextlib
import json
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parents[2] / ".github" / "MIGRATION.md"
RECORD = Path(__file__).with_name("autograd.json")


@dataclass(frozen=True)
class Row:
    """A line of autograd's, and what stands for it here."""

    theirs: str
    ours: str


def rows() -> list[Row]:
    """The rows that are run."""
    found = []
    for left, right in re.findall(
        r"^\| `([^`]*)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    ):
        if right.startswith("the same") and left.isascii():
            found.append(Row(left, left))
        elif right.startswith("`") and runs(left) and runs(right[1:].partition("`")[0]):
            found.append(Row(left, right[1:].partition("`")[0]))
    return found


def runs(code: str) -> bool:
    """Whether a line is an expression of the names of the page, which have a derivative in them."""
    return bool(re.search(r"\)\(|tg\.\w+\(|^adam\(|check_grads|dict\(|optimizers.adam", code))


def programs() -> list[tuple[str, str]]:
    """The programs of the page, and what they print."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", text, re.DOTALL)


def names() -> str:
    """The program at the head of the page, which makes what the lines name."""
    return re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


def here() -> dict[str, Any]:
    """What the lines on the right see."""
    import tinygrad_edu as tg

    def D(f: Any, n: int = 0) -> Any:
        return tg.grad(lambda *a: np.sum(f(*a)), n)

    space: dict[str, Any] = {"np": np, "tg": tg, "D": D, "grad": tg.grad}
    with contextlib.suppress(ImportError):
        space["special"] = import_module("scipy.special")
    exec(names(), space)  # noqa: S102  # the page's own code
    for program, _ in programs():
        exec(re.sub(r"^print.*", "", program, flags=re.MULTILINE), space)  # noqa: S102
    return space


def there() -> dict[str, Any]:
    """What the lines on the left see, where autograd is installed."""
    import autograd

    space = {name: getattr(autograd, name) for name in dir(autograd) if not name.startswith("_")}
    space |= {"np": import_module("autograd.numpy"), "D": autograd.elementwise_grad}
    space |= {
        name: import_module(f"autograd.scipy.{name}") for name in ("special", "stats", "linalg", "signal")
    }
    space |= {"misc": import_module("autograd.misc"), "test_util": import_module("autograd.test_util")}
    for name in ("optimizers", "fixed_points"):
        import_module(f"autograd.misc.{name}")
    for name in ("hessian_tensor_product", "tensor_jacobian_product"):
        space[name] = getattr(import_module("autograd"), name)
    exec(names(), space)  # noqa: S102
    return space


def numbers(value: Any) -> list[Any]:
    """All numbers of a result, in any containers, in order; a complex one counts as two."""
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers(value[key])]
    if isinstance(value, (tuple, list)):
        return [number for part in value for number in numbers(part)]
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return []  # what a check returns
    parts = [array.real, array.imag] if np.any(np.imag(array)) else [array.real]
    return [float(number) for part in parts for number in np.ravel(part)]


def record() -> None:
    """Write what autograd gives for the lines on the left."""
    space, found = there(), {}
    for row in rows():
        try:
            found[row.theirs] = numbers(eval(row.theirs, space))  # noqa: S307
        except Exception as error:
            print(f"autograd refuses {row.theirs}: {type(error).__name__}: {error}")
    RECORD.write_text(json.dumps(found, indent=0) + "\n")
    print(f"{len(found)} answers of autograd in {RECORD}")
