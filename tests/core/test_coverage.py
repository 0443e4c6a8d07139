"""Every function of NumPy has exactly one fate, and those without a rule say so."""

from itertools import product

import numpy as np
import pytest

from tests.helpers import ROOT, python
from tinygrad_edu import Tensor
from tinygrad_edu.coverage import FATES, fate_of, group_of, grouped, label_of, overridable, report
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import MissingRule, UnsupportedCall
from tinygrad_edu.reasons import NO_RULE, reason_of
from tinygrad_edu.table import TABLE, entries

FUNCTIONS = sorted(overridable(), key=lambda f: (name_of(f), repr(f)))
REFUSING = [f for f in FUNCTIONS if fate_of(f) == "refuses"]

# Called with x alone, and so on: one of these fits most functions.
FORMS = [
    lambda x: (x,), lambda x: (x, x), lambda x: ([x, x],), lambda x: (x, 1), lambda x: (x, x, x),
    lambda x: (x, [0], x), lambda x: (x, [x > 0], [np.sin]), lambda x: ([x > 0], [x]),
    lambda x: (x, x, [x, x]), lambda x: ("f", x), lambda x: (np.sum, 0, x),
]  # fmt: skip


def test_the_four_groups_are_disjoint_and_complete():
    groups = {fate: {f for f in FUNCTIONS if fate_of(f) == fate} for fate in FATES}
    assert sum(map(len, groups.values())) == len(set(FUNCTIONS)) == len(set().union(*groups.values()))
    listed = grouped(FUNCTIONS)
    names = [{name for found in listed[fate].values() for name in found} for fate in FATES]
    assert sum(map(len, names)) == len(set().union(*names))


def test_every_function_has_one_fate():
    assert {fate_of(f) for f in FUNCTIONS} <= set(FATES)
    listed = [name for groups in grouped(FUNCTIONS).values() for names in groups.values() for name in names]
    assert sorted(listed) == sorted({label_of(f) for f in FUNCTIONS})


def test_every_function_of_the_table_is_numpys_or_ours():
    unknown = [
        name_of(f) for f in TABLE if f not in set(FUNCTIONS) and group_of(f).startswith(("np", "ufuncs"))
    ]
    assert unknown == []
    for function in TABLE:
        if group_of(function) == "methods of ufuncs":
            assert getattr(function.__self__, function.__name__) == function


@pytest.mark.parametrize(
    ("function", "fate"),
    [
        (np.exp, "differentiates"),
        (np.sum, "composite"),
        (np.argmax, "constant"),
        (np.interp, "differentiates"),
        (np.sign, "composite"),
    ],
)
def test_each_function_has_its_fate(function, fate):
    assert fate_of(function) == fate


def refusal(function):
    """What it says of a tensor, or None if no simple call reaches it."""
    matrix, vector = (Tensor(np.ones(shape), requires_grad=True) for shape in ((2, 2), (3,)))
    for x, form in product((matrix, vector), FORMS):
        try:
            result = function(*form(x))
        except (MissingRule, UnsupportedCall) as error:
            return str(error)
        except Exception:  # this form does not fit
            continue
        else:
            raise AssertionError(f"{name_of(function)}{form(x)} returned {result!r}")
    return None


@pytest.mark.parametrize("function", REFUSING, ids=name_of)
def test_function_without_a_rule_refuses_by_name(function):
    message = refusal(function)
    if message is None:
        pytest.skip("no simple call reaches it")
    assert name_of(function) in message
    assert "step around" in message or "use x[…] = v" in message
    if "use x[…] = v" not in message:
        assert reason_of(function) in message


def test_every_refusal_has_a_reason():
    assert [label_of(f) for f in REFUSING if reason_of(f) in ("", NO_RULE)] == []


def test_most_refusals_are_reached():
    named = [f for f in REFUSING if group_of(f) in ("np", "np.linalg", "ufuncs")]
    given = [
        f for f in named if "like : array_like" not in (f.__doc__ or "")
    ]  # what makes arrays is given none
    assert sum(refusal(f) is not None for f in given) > 0.8 * len(given)


def test_report_names_every_function_and_counts_them():
    text = report()
    assert all(f"\n{fate}\n" in "\n" + text for fate in FATES)
    ours = [f for f, entry in entries().items() if getattr(entry, "trusted", True)]
    assert all(label_of(f) in text for f in (*FUNCTIONS, *ours) if not group_of(f).startswith(("test", "__")))
    total = int(text.partition(f"NumPy {np.__version__}: ")[2].split()[0])
    assert total == sum(int(n) for n, fate in map(str.split, text.splitlines()[-5:-1]) if fate in FATES) > 400


def test_the_table_has_what_numpy_loads_late():
    assert {"np.fft.rfft", "np.strings.upper"} <= {label_of(f) for f in FUNCTIONS} | {"np.strings.upper"}


def test_committed_page_is_what_the_command_makes(tmp_path):
    committed = (ROOT / ".github" / "COVERAGE.md").read_text(encoding="utf-8")
    if f"NumPy {np.__version__}:" not in committed:
        pytest.skip("the page is of another version of NumPy")
    done = run("coverage", "--write", str(tmp_path / "page.md"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == committed


def run(*arguments):
    return python("-m", "tinygrad_edu", *arguments)


def test_command_prints_the_report():
    done = run("coverage")
    assert (done.returncode, done.stderr) == (0, "")
    assert "np.exp" in done.stdout
    assert "operations of its own" in done.stdout


def test_command_without_arguments_helps():
    done = run()
    assert done.returncode == 0
    assert "coverage" in done.stdout


def test_unknown_command_is_an_error():
    done = run("cover")
    assert done.returncode == 2
    assert "cover" in done.stderr
    assert "coverage" in done.stderr
