"""The page of wrong rules: gradcheck rejects each and accepts the right one, and the page shows them all."""

import re

import numpy as np
import pytest

from tests.helpers import ROOT
from tests.proof.checkers import CHECKERS, says
from tests.proof.rules import CASES

OURS = CHECKERS["tinygrad_edu"][1]
PAGE = (ROOT / ".github" / "PROOF.md").read_text(encoding="utf-8")
IDS = [case.mistake for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_right_rule_is_accepted_and_the_wrong_one_rejected(case):
    assert says(OURS, case, case.right) == ""
    assert says(OURS, case, case.wrong).startswith("GradcheckError: ")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_right_rule_is_right_by_differences(case):
    """At the inputs, along one direction, for one cotangent: central differences, by NumPy alone."""
    rng = np.random.default_rng(3)
    along = [rng.normal(size=x.shape) for x in case.inputs]
    ahead, behind = ([x + s * 1e-6 * d for x, d in zip(case.inputs, along)] for s in (1, -1))
    g = rng.normal(size=np.shape(case.forward(np, *case.inputs)))
    slope = np.sum(g * (case.forward(np, *ahead) - case.forward(np, *behind))) / 2e-6
    found = case.right(np, g.copy(), *case.inputs)
    gradients = found if len(case.inputs) > 1 else (found,)
    np.testing.assert_allclose(sum(np.sum(d * v) for d, v in zip(along, gradients)), slope, rtol=1e-6)


def test_the_page_has_a_line_for_each_mistake():
    lines = re.findall(r"^\| (.*?) \| (.*) \|$", PAGE, re.MULTILINE)
    (head, names), *rows, (_, totals) = lines
    assert (head, names.split(" | ")[0]) == ("mistake", "tinygrad_edu")
    assert [mistake for mistake, _ in rows] == IDS
    assert all(cells.split(" | ")[0] == "rejects" for _, cells in rows)
    assert totals.split(" | ")[0] == f"0 of {len(CASES)}"
    for k, name in enumerate(names.split(" | ")):
        column = [cells.split(" | ")[k] for _, cells in rows]
        possible = sum(name not in case.without for case in CASES)
        assert totals.split(" | ")[k] == f"{column.count('**passes**')} of {possible}"
