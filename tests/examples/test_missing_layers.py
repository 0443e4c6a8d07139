"""The page of the layers of torch.nn that are not here names all of them."""

import re

from tests.helpers import ROOT
from tests.oracle import frozen
from tinygrad_edu import nn

PAGE = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Layers of `torch.nn` that are not here")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| ([A-Z]\w+(?:, \w+)*) \| (.+) \|$", TABLE, re.MULTILINE)


def test_it_names_all_that_pytorch_has_and_we_have_not():
    named = [name for names, _ in ROWS for name in names.split(", ")]
    assert sorted(named) == sorted(set(frozen.about_torch()["nn"]) - set(vars(nn)))
