"""Run examples with their training steps compiled, and compare what they print.

    python -m tests.compiler.examples                       all of them, the 29 systems too, in short
    python -m tests.compiler.examples custom_model.py       some of them

The statements of a loop from ``zero_grad`` (or the loss) to ``optimizer.step()`` become a function that is
compiled, or all of them where weights are changed by hand; functions that make one step are compiled, and
closures that compute gradients; and `train.fit` is told ``compile=True``.  Nothing else of a
script changes, so it must print the same; and so must be, to the bit, whatever the steps return and the
histories and weights that `train.fit` ends with.  Where a step is refused, the reason and the line are told,
and it is made as it is.
"""

import ast
import contextlib
import functools
import hashlib
import io
import os
import re
import runpy
import sys
import tempfile
from pathlib import Path

import numpy as np

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import train
from tinygrad_edu.compiler.step import MADE
from tinygrad_edu.errors import TraceError
from tinygrad_edu.trees import flatten

EXAMPLES = ROOT / "examples"
ARGUMENTS = {  # of examples that take long
    "digits.py": ["--seeds", "0", "--epochs", "3"], "cnn.py": ["--seeds", "0"],
    "autoencoder.py": ["--seeds", "0"],
    "transformer.py": ["--steps", "30"], "char_lstm.py": ["--steps", "20"],
}  # fmt: skip
SYSTEMS = sorted((EXAMPLES / "systems").glob("[0-9][0-9]_*.py"))
DATA = {"mnist.py": ["--quick"], "gallery.py": []}  # which need files, or draw
FETCHING = {"mnist.py", *(path.name for path in SYSTEMS)}
TIMES = re.compile(r"[\d.,]+ ?(s|ms|µs|seconds|minutes)\b")


def names(node, context):
    """The names that code loads or stores, but for those of comprehensions, which are their own."""
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
    added = (n.target for n in ast.walk(node) if isinstance(n, ast.AugAssign))
    found |= {n.id for n in added if isinstance(n, ast.Name)}  # which are loaded, too
    inner = [n.target for n in ast.walk(node) if isinstance(n, ast.comprehension)]
    return found - {n.id for target in inner for n in ast.walk(target) if isinstance(n, ast.Name)}


def method_of(statement):
    """The name of the method that a statement calls, if it is such a call alone."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def makes_a_step(methods):
    """Whether a gradient is computed, and a step made, by methods that are called one after another."""
    return "step" in methods and "backward" in methods[: methods.index("step")]


def computes_gradients(methods):
    """Whether gradients are forgotten and computed, for a step that another one makes."""
    return "zero_grad" in methods and "backward" in methods


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

    def visit_FunctionDef(self, node):
        outer, self.loops, made, self.made = self.loops, [], self.made, []
        self.generic_visit(node)
        self.loops, self.made = outer, made
        is_compiled = any("compile" in ast.unparse(decorator) for decorator in node.decorator_list)
        methods = [method_of(s) for s in node.body]
        if (makes_a_step(methods) or computes_gradients(methods)) and not is_compiled:
            node.decorator_list.insert(0, ast.parse("_compile").body[0].value)
            self.found += 1
        return node

    def outlined(self, body):
        methods = [method_of(s) for s in body]
        if not (makes_a_step(methods) or computes_gradients(methods)):
            return body
        start, stop = 0, len(body)
        if makes_a_step(methods):
            stop = methods.index("step") + 1
            is_there = "zero_grad" in methods[:stop]
            start = methods.index("zero_grad") if is_there else methods.index("backward") - 1
        part = ast.Module(body[start:stop], [])
        outer = self.loops[0] if self.loops else ast.Module(body, [])
        changing = names(outer, ast.Store)
        changing |= {
            n.id
            for s in body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        turns = [
            n.target
            for s in part.body
            if isinstance(s, ast.If)
            for n in ast.walk(s)
            if isinstance(n, ast.For)
        ]
        stored = sorted(names(part, ast.Store) - {n for target in turns for n in names(target, ast.Store)})
        own: set[str] = set()  # what has been stored here before it is loaded
        given, maybe = set(), set()  # maybe: what some branch stores, and is returned anyway
        for statement in part.body:
            targets = [n.target for n in ast.walk(statement) if isinstance(n, ast.For)]
            bound = {name for target in targets for name in names(target, ast.Store)}
            given |= (names(statement, ast.Load) & changing) - own - bound
            branches = isinstance(statement, (ast.If, ast.Try))
            (maybe if branches else own).update(names(statement, ast.Store) & {*stored})
        given |= maybe - own
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


def without_times(text):
    """Lines without times; the last cell of a row of a table is one, and says how wide a column is."""
    found, timed = [], False  # whether the last word of a line is one
    for line in text.splitlines():
        if line.startswith("|"):
            line = "|".join(cell.strip(" -") for cell in line.split("|")[:-2])
        timed = line.endswith("seconds") or (timed and bool(line))
        found.append(line.rpartition(" ")[0].rstrip() if timed else TIMES.sub("", line))
    return "\n".join(found)


class Run:
    """A script as it runs with its steps outlined, and compiled or not.

    Attributes
    ----------
    text : str
        What it prints, without the times.
    digest : hash
        Of all that steps return, and of the histories and weights of trainings.
    steps : int
        How many places make steps: outlined statements, functions and calls of `train.fit`.
    made : list of Compiled
    refused : dict of str to str
        What was refused, each reason by its first line, and how often.
    """

    def __init__(self, path, arguments, compiled):
        self.compiled, self.digest, self.made, self.refused = compiled, hashlib.sha256(), [], {}
        outlining, self.fit = Outlining(), train.fit
        tree = ast.fix_missing_locations(outlining.visit(ast.parse(path.read_text())))
        self.steps, text, argv = outlining.found, io.StringIO(), sys.argv
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / path.name
            script.write_text(ast.unparse(tree))
            sys.argv = [path.name, *arguments]
            sys.path.insert(0, str(path.parent))
            train.fit = self.fitted
            token = MADE.set(self.made)
            try:
                with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
                    runpy.run_path(str(script), {"_compile": self.wrapped}, "__main__")
            finally:
                sys.argv, train.fit = argv, self.fit
                MADE.reset(token)
                sys.path.remove(str(path.parent))
                sys.modules.pop("report", None)
        self.text = without_times(text.getvalue())

    def wrapped(self, function):
        """A step, whose results are noted."""
        step, refused = tg.compile(function) if self.compiled else function, []

        @functools.wraps(function)
        def noted(*args, **kwargs):
            try:
                result = (function if refused else step)(*args, **kwargs)
            except TraceError as error:
                refused.append(self.refuse(error))
                result = function(*args, **kwargs)
            self.note(result)
            return result

        return noted

    def fitted(self, model, *args, **kwargs):
        """`train.fit`; where that refuses, the script ends."""
        self.steps += 1
        if self.compiled:
            kwargs.setdefault("compile", True)
        try:
            history = self.fit(model, *args, **kwargs)
        except TraceError as error:
            self.refuse(error)
            sys.exit()
        self.note({k: v for k, v in history.columns.items() if k != "seconds"}, model.state_dict())
        return history

    def refuse(self, error):
        reason = " ".join(str(error).split())
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return reason

    def note(self, *values):
        """Digest the arrays and numbers in nested values."""
        for leaf in flatten(list(values))[0]:
            array = np.asarray(leaf.data if isinstance(leaf, tg.Tensor) else leaf)
            if array.dtype.kind in "fiubc":
                self.digest.update(array.tobytes())


def printed(path, arguments, compiled):
    """What a script prints, how many of its steps were outlined, and what was compiled."""
    run = Run(path, arguments, compiled)
    return run.text, run.steps, run.made


def compare(path, arguments):
    """Run a script both ways and print in a line how that went; whether it was as it should."""
    try:
        expected, found = (Run(path, arguments, compiled) for compiled in (False, True))
    except NameError as error:  # where statements were taken out of their function
        print(f"{path.name:26} cannot be outlined: {error}", flush=True)
        return True
    ended = bool(found.refused) and not found.made  # `train.fit` refused, and nothing came after
    same = ended or (expected.text == found.text and expected.digest.digest() == found.digest.digest())
    eager, traces = (sum(getattr(one, name) for one in found.made) for name in ("eager", "traces"))
    most = max((one.traces for one in found.made), default=0)
    word = "refused" if found.refused else "the same" if found.steps else "no step"
    word = word if same else "DIFFERS"
    print(
        f"{path.name:26} {word:8}  {found.steps} steps, {len(found.made)} times compiled, {traces} traces, "
        f"{most} of a step at most, {eager} calls as they are",
        flush=True,
    )
    for reason, times in found.refused.items():
        print(f"    {times} times: {reason}")
    for reason in {why for one in found.made for why in one.failures}:
        print(f"    ran as it is: {reason}")
    return same


def main(chosen):
    """Compare the examples of these names, or all; returns how many differ."""
    wrong = 0
    for path in [*sorted(EXAMPLES.glob("*.py")), *SYSTEMS]:
        if chosen and path.name not in chosen:
            continue
        text = path.read_text()
        if "backward()" not in text and "fit(" not in text:
            continue
        if path.name not in chosen and path.name in FETCHING and "TINYGRAD_EDU_DATA" not in os.environ:
            print(f"{path.name:26} skipped: set TINYGRAD_EDU_DATA to a folder of data sets, or name it")
            continue
        usual = ["--quick"] if path in SYSTEMS else DATA.get(path.name, [])
        wrong += not compare(path, ARGUMENTS.get(path.name, usual))
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
