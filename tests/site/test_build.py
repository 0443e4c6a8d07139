"""The site builds without a warning, by the command of examples/README.md; its links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urlparse

import pytest

from tests.core.test_package import NAMES
from tests.helpers import ROOT

for needed in ("sphinx", "numpydoc", "furo", "sphinx_gallery", "myst_parser"):
    pytest.importorskip(needed, reason="the site is built with the extra site: pip install -e '.[site]'")

README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    (command,) = re.findall(r"python (-m sphinx .*) out/site$", README, re.MULTILINE)
    out = tmp_path_factory.mktemp("site")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *shlex.split(command), str(out), "-q"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-6000:]
    assert "-W" in command
    return out


class Page(HTMLParser):
    """The links of a page, and the places in it that a link can lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.places = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value is not None:
                self.links.add(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.places.add(value)


def dead(folder):
    """The links within a folder of pages that lead nowhere, each with its page."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            if urlparse(link).scheme or link.startswith("//"):
                continue
            address, place = urldefrag(link)
            file = (path.parent / unquote(urlparse(address).path)).resolve() if address else path
            if not file.exists() or (place and file in pages and unquote(place) not in pages[file].places):
                found.append((str(path.relative_to(folder)), link))
    return found


def test_every_public_name_can_be_linked_to(site):
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", os.path.join)
    known = {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}
    named = {f"tinygrad_edu{module}.{name}" for module, names in NAMES.items() for name in names}
    assert named - known == set()
    assert {"tinygrad_edu.Tensor.backward", "tinygrad_edu.nn", "tinygrad_edu.stats.norm.logpdf"} <= known


def test_links_lead_somewhere(site):
    assert len(list(site.rglob("*.html"))) > 30
    assert dead(site) == []


def test_a_dead_link_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#there">1</a><a href="b.html#no">2</a><img src="c.png">')
    (tmp_path / "b.html").write_text('<p id="there">')
    assert sorted(dead(tmp_path)) == [("a.html", "b.html#no"), ("a.html", "c.png")]


def test_pages_load_nothing_from_elsewhere(site):
    loads = re.compile(r"<(?:script|img|link|iframe)[^>]*?(?:src|href)=.(https?:[^ >]*)")
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert {path: found for path, text in pages.items() if (found := loads.findall(text))} == {}
