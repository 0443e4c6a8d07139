"""Functions of our own texts: less memory, and the same lines, results and tracebacks."""

import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.compiler.texts import defined, slim

LINES = st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["x = x + 1", "x = [i + x for i in [1]][0]"])))


@given(LINES)
def test_lines_are_as_they_were(lines):
    body = "".join("\n" * gap + f"    {line}\n" for gap, line in lines)
    text = f"def call(x):\n{body}    return x\n"
    code = compile(text, "text", "exec")
    function, less = code.co_consts[0], slim(code).co_consts[0]
    lines_of = [[line for a, b, line in c.co_lines() for _ in range(a, b, 2)] for c in (function, less)]
    assert lines_of[0] == lines_of[1]
    assert sys.getsizeof(less.co_linetable) <= sys.getsizeof(function.co_linetable)
    assert defined(text, "text", {})["call"](1) == len(lines) + 1


def test_an_exception_says_its_line():
    call = defined("def call(x):\n    y = x\n\n\n    return 1 / y\n", "text", {})["call"]
    with pytest.raises(ZeroDivisionError) as error:
        call(0)
    assert traceback.extract_tb(error.tb)[-1].lineno == 5


def test_only_what_is_named_stays():
    text = "a = b = c = 1\nd = given\ndef call():\n    return [a for _ in [0]]\n"
    found = defined(text, "text", {"given": 2}, ["c", "missing"])
    assert found.keys() - {"__builtins__"} == {"a", "c", "call"}
    assert found["call"]() == [1]
    assert found["call"].__globals__ is found
