"""The pages that are scripts: those of the site, which all run, and the examples, of which the short ones do.

sphinx-gallery wants a title above a script's docstring, and a picture.  The examples are therefore copied
to the folder `made`, with a title that is their file's name, and the picture of that name in
`examples/pictures`, if there is one.
"""

import ast
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from docstrings import formulas  # beside this file
from sphinx.application import Sphinx
from sphinx.config import Config

import tinygrad_edu as tg

HERE = Path(__file__).parent
EXAMPLES = HERE.parent
MADE = HERE / "made"
OURS = ("tutorials", "howto", "how")
SHORT = ("custom_model", "define_a_layer", "define_an_op", "scalar", "schedules", "spiral", "xor")
LEFT = ("gallery", "run", "report", "index")  # no examples, but programs about them
UPPER = ("cnn", "lstm", "mnist", "xor")
TO_THE_END = re.compile(
    r"^\.\. only:: html\n\n    \.\. note::\n.*?(?=^\.\. rst-class::)", re.MULTILINE | re.DOTALL
)
PARTS = {
    "examples": """Examples
========

Short scripts, each of which ends by asserting what it claims.  Those that take no more than seconds ran when
this site was built; ``examples/README.md`` has the figures of all.
""",
    "systems": """Systems from tutorials
======================

Networks that people write by hand when they learn how networks learn, from tutorials, recipes and course
notes, each rebuilt in a short script, and measured against the original's figures by
``python examples/systems/run.py``.
""",
}

GALLERY: dict[str, Any] = {
    "examples_dirs": [*OURS, *(f"made/sources/{part}" for part in PARTS)],
    "gallery_dirs": [f"made/{folder}" for folder in (*OURS, *PARTS)],
    "filename_pattern": rf"/(?:{'|'.join(OURS)})/[^/]*$|/examples/(?:{'|'.join(SHORT)})\.py",
    "ignore_pattern": r"/tour/|__init__",
    "copyfile_regex": r"index\.rst",
    "nested_sections": False,
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "default_thumb_file": str(MADE / "graph.svg"),
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 1e9,
    "remove_config_comments": True,
}


def title_of(script: Path) -> str:
    """The title that the index of the systems gives a script, or its file's name in words."""
    index = (EXAMPLES / "systems" / "README.md").read_text(encoding="utf-8")
    if found := re.search(rf"^\| (\d+) \| \[{script.name}\]\(.*?\): (.*?) \|", index, re.MULTILINE):
        return f"{found[1]}. {found[2]}"
    words = " ".join(word.upper() if word in UPPER else word for word in script.stem.split("_"))
    return words[0].upper() + words[1:]


def titled(script: Path) -> str:
    """The script with a title above its docstring, and its picture, if it has one, below."""
    text, title = script.read_text(encoding="utf-8"), title_of(script)
    picture = next(EXAMPLES.glob(f"pictures/**/{script.stem}.[ps][nv]g"), None)
    above, below, thumbnail = f"{title}\n{'=' * len(title)}\n\n", "", ""
    if picture:
        path = f"../{picture.relative_to(EXAMPLES)}"
        below = f"\n\n.. image:: /{path}\n"
        thumbnail = f"\n# sphinx_gallery_thumbnail_path = {path!r}\n"
    docstring = ast.get_docstring(ast.parse(text), clean=False)
    told = "\n".join(formulas(docstring.rstrip().splitlines()))  # and commands, which are set off likewise
    return text.replace(docstring, above + told + below, 1) + thumbnail


def prepare(app: Sphinx, config: Config) -> None:
    """Copy the examples as sphinx-gallery wants them, and draw the picture of those that have none."""
    for part, header in PARTS.items():
        target, folder = MADE / "sources" / part, {"examples": EXAMPLES}.get(part, EXAMPLES / part)
        target.mkdir(parents=True, exist_ok=True)
        (target / "GALLERY_HEADER.rst").write_text(header, encoding="utf-8")
        for script in sorted(folder.glob("*.py")):
            if script.stem not in LEFT:
                (target / script.name).write_text(titled(script), encoding="utf-8")
    shutil.copytree(EXAMPLES / "tour", MADE / "sources" / "examples" / "tour", dirs_exist_ok=True)
    x = tg.Tensor(3.0, requires_grad=True)
    y = np.tanh(x * 0.5)
    y.backward(retain_graph=True)
    tg.draw(y, names={"x": x, "y": y}).save(MADE / "graph.svg")


def tidied(app: Sphinx, document: str, source: list[str]) -> None:
    """Say where a line stands without the folder in which the site was built, and begin with the title."""
    if document.startswith("made/"):
        source[0] = TO_THE_END.sub("", source[0].replace(f"{HERE}/", ""))


def setup(app: Sphinx) -> dict[str, bool]:
    app.config.sphinx_gallery_conf = GALLERY
    app.connect("source-read", tidied)
    app.connect("config-inited", prepare, priority=1)  # before sphinx-gallery looks for the folders
    return {"parallel_read_safe": True, "parallel_write_safe": True}
