"""The page of the layers of torch.nn that are not here names all of them, and its formulas are right."""

import math
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT, generic
from tests.oracle import frozen
from tinygrad_edu import nn

PAGE = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Layers of `torch.nn` that are not here")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| ([A-Z]\w+(?:, \w+)*) \| (.+) \|$", TABLE, re.MULTILINE)
FORMULAS = {name: re.search(r"`(np\.mean\(.+?)`", place) for name, place in ROWS if name.endswith("Loss")}
FORMULAS = {name: found[1] for name, found in FORMULAS.items() if found}


def test_it_names_all_that_pytorch_has_and_we_have_not():
    named = [name for names, _ in ROWS for name in names.split(", ")]
    assert sorted(named) == sorted(set(frozen.about_torch()["nn"]) - set(vars(nn)))


X, X1, X2, Y, MARGIN = (
    generic(3, 2),
    generic(3, 2, seed=1),
    generic(3, 2, seed=2),
    np.array([[1, -1]] * 3),
    0.3,
)
PAIRS = list(zip(X.flat, np.broadcast_to(Y, X.shape).flat))
# fmt: off
BY_HAND = {
    "GaussianNLLLoss":    [-math.log(math.exp(-((x - y) ** 2) / 2 / (x * x + 1)) / math.sqrt(x * x + 1)) for x, y in PAIRS],
    "PoissonNLLLoss":     [math.exp(x) - y * x for x, y in PAIRS],
    "SoftMarginLoss":     [math.log(1 + math.exp(-y * x)) for x, y in PAIRS],
    "MarginRankingLoss":  [max(0, MARGIN - y * (a - b)) for a, b, (_, y) in zip(X1.flat, X2.flat, PAIRS)],
    "HingeEmbeddingLoss": [x if y == 1 else max(0, MARGIN - x) for x, y in PAIRS],
}
# fmt: on


@pytest.mark.parametrize("name", BY_HAND)
def test_its_formulas_are_the_losses(name):
    given = {"x": X, "x1": X1, "x2": X2, "var": X**2 + 1, "target": Y, "margin": MARGIN}
    value = eval(FORMULAS[name], {"np": np, "tg": tg, **given})  # noqa: S307  # the page's own words
    np.testing.assert_allclose(value, np.mean(BY_HAND[name]), rtol=1e-12)
    with pytest.raises(AttributeError, match=re.escape(FORMULAS[name].replace("tg.", "tinygrad_edu."))):
        getattr(nn, name)


def test_all_formulas_are_checked():
    assert FORMULAS.keys() == BY_HAND.keys()
