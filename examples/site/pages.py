"""Pages that stand elsewhere in the repository, in Markdown: included, never copied.

A page of the site that holds the line ``{page} .github/PROOF.md`` is that file; with ``{page} README.md #
Speed`` it is the section of that name.  A link into the repository becomes a link to the page of the site
that holds its target, or else plain text.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\{page\} (\S+)(?: # (.+))?$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^][]+)\]\((?!https?:|/|#)([^()\s]+)\)")
HELD = {  # what the site has of the files that others link to
    "COVERAGE.md": "/how_it_works/coverage.md",
    "PROOF.md": "/how_it_works/proof.md",
    "MIGRATION.md": "/migration/autograd.md",
    "PYTORCH.md": "/migration/pytorch.md",
    "DISTRIBUTED.md": "/how_it_works/distributed.md",
    "GPU.md": "/how_it_works/gpu.md",
    "CONTRIBUTING.md": "/project/contributing.md",
    "#layers-of-torchnn-that-are-not-here": "/migration/missing_layers.md",
}


def section(text: str, title: str | None) -> str:
    """A text, or of it the section of level 2 with this title, which becomes the page's own."""
    if title is None:
        return text
    found = re.search(rf"^## {re.escape(title)}$\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"there is no section {title!r} any more")
    return f"# {title}\n{found.group(1)}"


def linked(found: re.Match[str]) -> str:
    """A link as the site has it."""
    words, target = found.groups()
    page = next((page for end, page in HELD.items() if target.endswith(end)), None)
    return f"[{words}]({page})" if page else words


def read(name: str, title: str | None) -> str:
    """The Markdown of a file of the repository, or of a section of it."""
    inside_code = r"(```.*?```|`[^`\n]*`)"
    parts = re.split(inside_code, section((ROOT / name).read_text(encoding="utf-8"), title), flags=re.DOTALL)
    return "".join(part if part.startswith("`") else LINK.sub(linked, part) for part in parts)


def included(app: Sphinx, document: str, source: list[str]) -> None:
    for name, _ in LINE.findall(source[0]):
        app.env.note_dependency(str(ROOT / name), docname=document)
    source[0] = LINE.sub(lambda found: read(found[1], found[2]), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", included)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
