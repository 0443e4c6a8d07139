"""A scene as SVG: still, without scripts, with colors for light and dark screens."""

import textwrap
import unicodedata
from collections.abc import Iterator
from itertools import accumulate
from xml.sax.saxutils import escape

from .layout import Layout, placed
from .scene import Item, Scene

WIDE, HIGH, PAD = 7.3, 17.0, 9.0  # of a letter of 12 pixels, a line, and a margin
LONG, LABEL = 52, 24  # letters of a line, and of a label
NARROW = 430.0  # a picture is no narrower, for what stands above it
STRIP = 20.0  # above a box, for the labels of its edges

# fmt: off
LIGHT = {"ground": "#fff",    "ink": "#1b1f24", "soft": "#5c6773", "edge": "#8a94a0", "val": "#0b5cad",
         "op": "#f4f6f8",     "var": "#e9f3ea", "mod": "#eaf0fb",  "old": "#f6efe3",  "grad": "#b3261e"}
DARK = {"ground": "#15181c",  "ink": "#e7eaee", "soft": "#9aa5b1", "edge": "#6d7884", "val": "#7ab8ff",
        "op": "#22272e",      "var": "#1d3324", "mod": "#1f2c47",  "old": "#3a3020",  "grad": "#ff9a8f"}
# fmt: on
SHAPES = """
.tgd text{font:12px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.tgd .title{font-weight:700} .tgd .label{paint-order:stroke;stroke-width:4px} .tgd rect.box{stroke-width:1.2}
.tgd rect.module{stroke-width:2} .tgd rect.older{stroke-dasharray:5 3} .tgd rect.outside{stroke-dasharray:3 3}
.tgd path{fill:none;stroke-width:1.3}
"""
COLORS = """
.tgd .ground{fill:%(ground)s} .tgd text{fill:%(ink)s} .tgd rect.box{stroke:%(edge)s;fill:%(op)s}
.tgd .muted,.tgd .constant,.tgd .note{fill:%(soft)s} .tgd .value{fill:%(val)s}
.tgd .grad,.tgd .label{fill:%(grad)s} .tgd .label{stroke:%(ground)s}
.tgd rect.variable{fill:%(var)s} .tgd rect.module{fill:%(mod)s} .tgd rect.older{fill:%(old)s}
.tgd path{stroke:%(edge)s} .tgd .head{fill:%(edge)s;stroke:none}
"""
STYLE = SHAPES + COLORS % LIGHT + f"@media (prefers-color-scheme:dark){{{COLORS % DARK}}}"


def svg(scene: Scene, caption: str) -> str:
    """The picture of a scene, as a text that is an SVG file and an element of a page."""
    items = scene.items
    number = {id(item): i for i, item in enumerate(items)}
    boxes = [_size(item) for item in items]
    ports = [_ports(item, width) for item, (width, _) in zip(items, boxes)]
    edges = [
        (number[id(source)], i, port)
        for i, item in enumerate(items)
        for (source, _), port in zip(item.sources, ports[i])
    ]
    layout = placed([(w, h + STRIP) for w, h in boxes], edges)
    parts = [*_edges(items, layout, ports, boxes), *_boxes(items, layout, boxes, ports)]
    width = max(layout.width, NARROW) + 2 * PAD
    lines = textwrap.wrap(_clean(caption), int((width - 2 * PAD) / WIDE))
    top = len(lines) * HIGH
    height = top + layout.height + 2 * PAD
    said = "".join(f'<text y="{n * HIGH - 4:.0f}">{escape(text)}</text>' for n, text in enumerate(lines, 1))
    label = escape(_clean(caption), {'"': "&quot;"})
    head = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tgd" role="img" aria-label="{label}" {head}>'
        f'<style>{STYLE}</style><rect class="ground" width="100%" height="100%" rx="6"/>'
        f'<g transform="translate({PAD:.0f},{PAD:.0f})">{said}<g transform="translate(0,{top:.0f})">'
        f"{''.join(parts)}</g></g></svg>"
    )


def text_width(text: str) -> int:
    """The columns of a text, of which letters of East Asia take two and marks on others none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def cut(text: str, most: int) -> str:
    """A text of a line, no longer than so many columns."""
    text = _clean(text)
    if text_width(text) <= most:
        return text
    while text_width(text) > most - 1:
        text = text[:-1]
    return text + "…"


def _clean(text: str) -> str:
    """A text of one line without what cannot be printed, and what no XML may hold."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _size(item: Item) -> tuple[float, float]:
    """The width and height of a box: room for its lines, and for the labels of its edges side by side."""
    lines = max(text_width(cut(text, LONG)) for _, text in item.lines) * WIDE
    labels = sum(_label_width(label) for _, label in item.sources)
    return max(lines, labels) + 2 * PAD, len(item.lines) * HIGH + PAD + 3


def _label_width(label: str) -> float:
    return text_width(cut(label, LABEL)) * WIDE + 18


def _ports(item: Item, width: float) -> list[float]:
    """Where on its upper side the edges of a box end, from its middle, each left of room for its label; an
    edge alone as near to the middle as the room allows.
    """
    widths = [_label_width(label) for _, label in item.sources]
    start = -sum(widths) / 2 if len(widths) > 1 else min(-6.0, width / 2 - sum(widths))
    ends = accumulate(widths, initial=start)
    if not any(label for _, label in item.sources):
        return [x + (w / 2 if len(widths) > 1 else 6) for x, w in zip(ends, widths)]
    return [x + 6 for x, _ in zip(ends, widths)]


def _edges(
    items: list[Item], layout: Layout, ports: list[list[float]], boxes: list[tuple[float, float]]
) -> Iterator[str]:
    routes, number = iter(layout.routes), {id(item): i for i, item in enumerate(items)}
    for i, item in enumerate(items):
        for k, (source, _) in enumerate(item.sources):
            first, *between, last = next(routes)
            x, y = first.x, first.bottom
            path = [f"M{x:.1f},{first.y + STRIP + boxes[number[id(source)]][1]:.1f}V{y:.1f}"]
            points = [(spot.x, spot.y, spot.bottom) for spot in between]
            for right, top, bottom in [*points, (last.x + ports[i][k], last.y, last.y + STRIP - 5)]:
                middle = (y + top) / 2
                path.append(
                    f"C{x:.1f},{middle:.1f} {right:.1f},{middle:.1f} {right:.1f},{top:.1f}V{bottom:.1f}"
                )
                x, y = right, bottom
            yield f'<path d="{"".join(path)}"/>'
            yield f'<path class="head" d="M{x - 3.5:.1f},{y - 2:.1f}h7l-3.5,6z"/>'


def _boxes(
    items: list[Item], layout: Layout, boxes: list[tuple[float, float]], ports: list[list[float]]
) -> Iterator[str]:
    for i, (item, (width, height)) in enumerate(zip(items, boxes)):
        spot = layout.spots[i]
        left, top = spot.x - width / 2, spot.y + STRIP
        corner = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"'
        yield f'<g class="item" data-item="{i}"><title>{escape(_clean(item.line or item.title))}</title>'
        yield f'<rect class="box {item.kind}" {corner}/>'
        for n, (kind, text) in enumerate(item.lines, 1):
            at = f'x="{left + PAD:.1f}" y="{top + n * HIGH - 1:.1f}"'
            yield f'<text class="{kind}" {at}>{escape(cut(text, LONG))}</text>'
        yield "</g>"
        for k, (_, label) in enumerate(item.sources):
            if label:
                at = f'data-item="{i}" x="{spot.x + ports[i][k] + 7:.1f}" y="{top - 7:.1f}"'
                title = f"<title>{escape(_clean(label))}</title>" if cut(label, LABEL) != label else ""
                yield f'<text class="label" {at}>{title}{escape(cut(label, LABEL))}</text>'
