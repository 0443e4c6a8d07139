"""Pictures and explanations as files: well-formed, whole, escaped, and loading nothing."""

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import leaf, message_of
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError

NASTY = "</text></pre></script><script>alert(1)</script><img src=x onerror=a()>&amp;\"'\0\ud800]]>-->"
PAGE = {"html", "head", "meta", "title", "style", "body", "div", "details", "summary", "p", "pre", "script"}
ALLOWED = PAGE | {"svg", "g", "rect", "path", "text", "label", "span", "input", "button"}


class Tags(HTMLParser):
    """The elements of a page, their attributes, and the texts of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.scripts, self.inside = [], [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs
        self.inside = tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self.inside = ""


def graph_of(name):
    """A loss, with this name for one of its variables and for a module."""
    x, layer = leaf([1.0, -2.0]), nn.Linear(2, 1, rng=0, dtype=np.float64)
    return np.sum(layer(x) * x), {name: x, f"{name}.": layer}


def check_page(page, scripts):
    found = Tags(page)
    assert set(found.names) <= ALLOWED
    assert found.names.count("script") == len(found.scripts) == scripts
    assert not any(name.startswith("on") or name in ("href", "src") for name, _ in found.attributes)
    assert not re.search(r"(https?:)?//(?!www\.w3\.org/2000/svg)[a-z]|@import|url\(", page)
    return found


@given(st.text(max_size=30) | st.just(NASTY))
def test_names_are_escaped(name):
    loss, names = graph_of(name)
    for modules in (1, None):
        picture = tg.draw(loss, names=names, modules=modules)
        tree = ElementTree.fromstring(picture._repr_svg_())
        assert {element.tag.split("}")[1] for element in tree.iter()} <= {
            "svg", "style", "rect", "g", "path", "text", "title"
        }  # fmt: skip
        check_page(picture._repr_html_(), 0)
        assert all(line.isprintable() for line in str(picture).split("\n"))


@given(st.text(max_size=30) | st.just(NASTY))
def test_the_page_of_an_explanation_is_escaped_and_its_data_are_json(name):
    loss, names = graph_of(name)
    walk = tg.explain(loss, names=names)
    from tinygrad_edu.drawing.player import player

    data, script = check_page(player(walk.walk, walk.title, walk.conclusion), 2).scripts
    frames = json.loads(data)["frames"]
    assert frames[-1]["text"] == walk.conclusion
    assert [frame["phase"] for frame in frames].count("backward") == 1 + 3
    assert "innerHTML" not in script
    assert "document.write" not in script
    assert "eval" not in script


@pytest.mark.parametrize(
    ("make", "suffixes"), [(tg.draw, [".svg", ".html", ".txt"]), (tg.explain, [".html", ".txt"])]
)
def test_files_are_written_whole_or_not_at_all(make, suffixes, tmp_path, monkeypatch):
    made = make(graph_of("x")[0])
    for suffix in suffixes:
        path = tmp_path / f"graph{suffix}"
        assert made.save(path) == path
        first = path.read_bytes()
        assert first.decode("utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", failing)
            with pytest.raises(OSError, match="disk"):
                make(graph_of("other")[0]).save(path)
        assert path.read_bytes() == first
    assert sorted(os.listdir(tmp_path)) == sorted(f"graph{suffix}" for suffix in suffixes)
    assert "the suffix is one of" in message_of(ArgumentError, made.save, tmp_path / "graph.png")
    assert "no folder" in message_of(ArgumentError, made.save, tmp_path / "no" / "graph.txt")
    assert "a path is expected" in message_of(ArgumentError, made.save, 3)


def failing(*arguments):
    raise OSError("the disk is gone")


def test_the_svg_is_still_and_stands_alone(tmp_path):
    loss, names = graph_of("x")
    text = tg.draw(loss, names=names).save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<a " not in text
    assert "javascript" not in text
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "prefers-color-scheme:dark" in text
    page = tg.draw(loss, names=names).save(tmp_path / "graph.html").read_text(encoding="utf-8")
    check_page(page, 0)


def test_the_page_of_an_explanation_may_load_nothing(tmp_path):
    page = tg.explain(graph_of("x")[0]).save(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    check_page(page, 2)
