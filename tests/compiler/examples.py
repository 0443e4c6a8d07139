"""Run examples with their training steps compiled, and compare what they print.

    python -m tests.compiler.examples                       every example with a training loop
    python -m tests.compiler.examples custom_model.py       some of them

The statements of a loop from ``zero_grad`` (or the loss) to ``optimizer.step()`` become a function that is
compiled; `train.fit` is told ``compile=True``.  Nothing else of a script changes, so it must print the same.
"""

import ast
import contextlib
import functools
import io
import runpy
import sys
import tempfile
from pathlib import Path

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import train

EXAMPLES = ROOT / "examples"
ARGUMENTS = {  # of examples that take long
    "digits.py": ["--seeds", "0", "--epochs", "3"], "cnn.py": ["--seeds", "0"],
    "autoencoder.py": ["--seeds", "0"],
    "transformer.py": ["--steps", "30"], "char_lstm.py": ["--steps", "20"],
}  # fmt: skip
ELSEWHERE = {"mnist.py", "gallery.py"}  # which need files, or draw pictures; train.fit is theirs


def names(node, context):
    """The names that code loads or stores."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def method_of(statement):
    """The name of the method that a statement calls, if it is such a call alone."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


class Outlining(ast.NodeTransformer):
    """Has the training steps of loops compiled; ``found`` counts them."""

    def __init__(self):
        self.found, self.loops, self.made = 0, [], []

    def loop(self, node):
        self.loops.append(node)
        self.generic_visit(node)
        self.loops.pop()
        node.body = self.outlined(node.body)
        made, self.made = self.made, [] if not self.loops else self.made
        return [*made, node] if not self.loops else node

    visit_For = visit_While = loop

    def outlined(self, body):
        methods = [method_of(s) for s in body]
        if "step" not in methods or "backward" not in methods[: methods.index("step")]:
            return body
        stop = methods.index("step") + 1
        start = methods.index("zero_grad") if "zero_grad" in methods[:stop] else methods.index("backward") - 1
        part = ast.Module(body[start:stop], [])
        outer = self.loops[0] if self.loops else ast.Module(body, [])
        changing = names(outer, ast.Store)
        changing |= {
            n.id
            for s in body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        stored = sorted(names(part, ast.Store))
        own: set[str] = set()  # what has been stored here before it is loaded
        given = set()
        for statement in part.body:
            given |= (names(statement, ast.Load) & changing) - own
            own |= names(statement, ast.Store)
        given = sorted(given)
        name, self.found = f"_step_{self.found}", self.found + 1
        arguments = ", ".join(given)
        function = ast.parse(
            f"def {name}({arguments}):\n    return ({''.join(f'{s}, ' for s in stored)})"
        ).body[0]
        function.body[:0] = part.body
        function.decorator_list = [ast.parse("_compile").body[0].value]
        self.made.append(function)
        call = ast.parse(
            f"{''.join(f'{s}, ' for s in stored)}{'= ' if stored else ''}{name}({arguments})"
        ).body
        return [*body[:start], *call, *body[stop:]]


def printed(path, arguments, compiled):
    """What a script prints, and how many of its steps were compiled."""
    made, tree = [], ast.parse(path.read_text())
    steps = 0
    if compiled:
        outlining = Outlining()
        tree = ast.fix_missing_locations(outlining.visit(tree))
        steps = outlining.found

    def wrap(function):
        made.append(tg.compile(function))
        return made[-1]

    text, fit, argv = io.StringIO(), train.fit, sys.argv
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / path.name
        script.write_text(ast.unparse(tree))
        sys.argv = [path.name, *arguments]
        sys.path.insert(0, str(path.parent))
        train.fit = functools.partial(fit, compile=True) if compiled else fit
        try:
            with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
                runpy.run_path(str(script), {"_compile": wrap}, "__main__")
        finally:
            sys.argv, train.fit = argv, fit
            sys.path.remove(str(path.parent))
    return text.getvalue(), steps, made


def main(chosen):
    """Compare the examples of these names, or all; returns how many differ."""
    wrong = 0
    for path in sorted(EXAMPLES.glob("*.py")):
        text = path.read_text()
        if path.name not in (chosen or {path.name} - ELSEWHERE) or not (
            "backward()" in text or "fit(" in text
        ):
            continue
        arguments = ARGUMENTS.get(path.name, [])
        expected, _, _ = printed(path, arguments, False)
        found, steps, made = printed(path, arguments, True)
        traces = sum(one.traces for one in made)
        same = [a for a in expected.splitlines() if " s" not in a] == [
            a for a in found.splitlines() if " s" not in a
        ]
        wrong += not same
        print(
            f"{path.name:20} {'the same' if same else 'DIFFERS'}  {steps} steps compiled, {traces} traces",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
