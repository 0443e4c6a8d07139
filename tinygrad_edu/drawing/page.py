"""A scene as a page of its own, or as an element of a notebook: boxes of many operations open below it."""

from xml.sax.saxutils import escape

from ..graph import Node
from .modules import Chain
from .scene import Item, Scene
from .svg import svg

LEVELS, PAGES = 6, 40  # how deep boxes open, and how many of them in a page
OLDER = 2  # levels that a box of older operations counts for
STYLE = """
.tgd-page{font:14px system-ui,sans-serif;overflow-x:auto} .tgd-page details{margin:6px 0 6px 14px}
.tgd-page summary{cursor:pointer;padding:2px 0} .tgd-page svg{max-width:none}
"""
GROUND = """
:root{color-scheme:light dark} body{margin:16px;background:#fff;color:#1b1f24}
@media (prefers-color-scheme:dark){body{background:#15181c;color:#e7eaee}}
"""


def page(title: str, body: str, more: str = "") -> str:
    """A whole page; ``body`` and ``more``, for the head, are HTML, the title is text."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><style>'
        f"{GROUND}</style>{more}</head><body>{body}</body></html>\n"
    )


def opened(scene: Scene, chains: dict[Node, Chain], caption: str) -> str:
    """The picture of a scene, and below it each of its boxes that can be opened, as a picture of its own."""
    left = [PAGES]
    body = _opened(scene, chains, caption, LEVELS, left)
    return f'<div class="tgd-page"><style>{STYLE}</style>{body}</div>'


def _opened(scene: Scene, chains: dict[Node, Chain], caption: str, levels: int, left: list[int]) -> str:
    parts = [svg(scene, caption)]
    for item in reversed(scene.items):
        cost = {"module": 1, "older": OLDER}.get(item.kind, 0)
        hides = len(item.inside) > 1 or len(item.lines) > 3  # operations, or parameters
        if cost and hides and levels >= cost and left[0]:
            left[0] -= 1
            title = ": ".join(text for _, text in item.lines)
            inside = _opened(scene_of(item, scene, chains), chains, item.title, levels - cost, left)
            parts.append(f"<details><summary>{escape(title)}</summary>{inside}</details>")
    return "".join(parts)


def scene_of(item: Item, scene: Scene, chains: dict[Node, Chain]) -> Scene:
    """The inside of a box: of a module one level deeper, of older operations the newest of them."""
    deeper = scene.modules
    if item.kind == "module" and deeper is not None:
        longest = max(len(chains[node]) for node in item.inside)
        deeper = deeper + 1 if longest > deeper + 1 else None
    return Scene(scene.graph, item.inside, chains, deeper, scene.most)
