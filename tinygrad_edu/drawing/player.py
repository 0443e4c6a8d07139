"""An explanation as a page: the graph, and a slider that replays the forward and the backward pass over it.

The page is one file.  Its script writes texts and switches classes, and builds no HTML; a policy in the head
forbids it to load anything.
"""

import json
from typing import Any

import numpy as np

from ..graph import Leaf, Node
from .known import UNKNOWN
from .numbers import short
from .page import page
from .reading import whole_of
from .scene import Scene
from .steps import Steps
from .svg import svg, text_width
from .words import paragraph

COLUMNS = 53  # of the text beside the graph
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
)
STYLE = """<style>
body{margin:0;height:100vh;display:grid;grid-template:minmax(0,1fr)/minmax(0,1fr) 460px}
body{font:14px system-ui,sans-serif}
#graph{overflow:auto;padding:12px} #side{overflow:auto;padding:14px;border-left:1px solid #8a94a0}
#side pre{white-space:pre-wrap;font:12.5px/1.5 ui-monospace,Menlo,Consolas,monospace}
#at{width:100%} button{font:inherit;min-width:3em} #phase{font-weight:700}
.tgd .hidden{visibility:hidden} .tgd .item.now rect.box{stroke:#d97706;stroke-width:3.5}
.tgd .item.later{opacity:.45} .tgd .label.now{font-weight:700}
.tgd .item.sent rect.box{stroke:#d97706;stroke-width:2;stroke-dasharray:4 3}
@media (max-width:900px){body{grid-template:55vh minmax(0,1fr)/minmax(0,1fr)}
#side{border-left:0;border-top:1px solid #8a94a0}}
</style>"""
SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent);
const at = document.getElementById("at"), items = [...document.querySelectorAll("#graph .item")];
const labels = [...document.querySelectorAll("#graph .label")];
let timer = null;
function show() {
  const now = Number(at.value), frame = data.frames[now];
  document.getElementById("phase").textContent = frame.phase + ", " + now + " of " + (data.frames.length - 1);
  document.getElementById("text").textContent = frame.text;
  items.forEach((item, i) => {
    const value = item.querySelector(".value"), grad = item.querySelector(".grad");
    const sums = (data.sums[i] || []).filter(([when]) => when <= now);
    item.classList.toggle("now", frame.items[0] === i);
    item.classList.toggle("sent", frame.items.indexOf(i) > 0);
    item.classList.toggle("later", now < data.from[i]);
    if (value) value.classList.toggle("hidden", now < data.from[i]);
    if (grad) grad.classList.toggle("hidden", !sums.length);
    if (grad && sums.length) grad.textContent = sums[sums.length - 1][1];
  });
  labels.forEach(label => {
    label.classList.toggle("hidden", now < data.turn);
    label.classList.toggle("now", now > data.turn && frame.items[0] === Number(label.dataset.item));
  });
  const active = items[frame.items[0]];
  if (active) active.scrollIntoView({block: "nearest", inline: "nearest"});
}
function move(by) { at.value = Number(at.value) + by; show(); }
at.addEventListener("input", show);
document.getElementById("back").addEventListener("click", () => move(-1));
document.getElementById("next").addEventListener("click", () => move(1));
document.getElementById("play").addEventListener("click", () => {
  if (timer) { clearInterval(timer); timer = null; return; }
  if (Number(at.value) === data.frames.length - 1) at.value = 0;
  timer = setInterval(() => {
    move(1);
    if (Number(at.value) === data.frames.length - 1) { clearInterval(timer); timer = null; }
  }, 900);
});
show();
"""


def player(walk: Steps, title: str, conclusion: str) -> str:
    """The page of an explanation."""
    shown = [step.node for step in walk.steps if not isinstance(step.node, Leaf)]
    scene = Scene(walk.graph, shown, {}, None, len(shown))
    place = {item.inside[0]: i for i, item in enumerate(scene.items)}
    data = _script_of(walk, place, title, conclusion)
    for i, item in enumerate(scene.items):
        longest = max((text_width(text) for _, text in data["sums"].get(i, [])), default=0)
        item.lines = [(kind, text.ljust(longest) if kind == "grad" else text) for kind, text in item.lines]
    content = json.dumps(data).replace("<", "\\u003c")
    last = len(data["frames"]) - 1
    body = (
        f'<div id="graph">{svg(scene, conclusion)}</div><div id="side">'
        f'<label><span id="phase"></span><input id="at" type="range" min="0" max="{last}" value="0"></label>'
        '<p><button id="back">&#9664;</button> <button id="play">play</button> '
        '<button id="next">&#9654;</button></p><pre id="text" aria-live="polite"></pre></div>'
        f'<script type="application/json" id="data">{content}</script><script>{SCRIPT}</script>'
    )
    return page(title, body, POLICY + STYLE)


def _script_of(walk: Steps, place: dict[Node, int], title: str, conclusion: str) -> dict[str, Any]:
    """What the page's script plays: the frames, from when on each box has its value, and its sums."""
    operations = [step for step in walk.steps if not isinstance(step.node, Leaf)]
    variables = [step for step in walk.steps if isinstance(step.node, Leaf)]
    frames = [_frame("forward", "The variables have their values; now each operation is computed.", [])]
    frames[0]["items"] = [place[step.node] for step in variables if step.node in place]
    begin = {place[step.node]: i for i, step in enumerate(reversed(operations), 1)}
    for step in reversed(operations):
        value = "not kept" if step.value is UNKNOWN else short(step.value)
        frames.append(_frame("forward", f"#{step.number}  {step.title} = {value}", [place[step.node]]))
    root, turn = walk.graph.root, len(frames)
    frames.append(_frame("backward", title, [place[root]]))
    total: dict[Node, Any] = {}
    sums: dict[int, list[tuple[int, str]]] = {}
    if operations[0].gradient is not UNKNOWN:
        sums[place[root]] = [(turn, f"grad {short(operations[0].gradient)}")]
    for now, step in enumerate(operations, turn + 1):
        targets = [place[whole_of(sent.target)] for sent in step.sent if whole_of(sent.target) in place]
        text = "\n".join(paragraph(step, walk, COLUMNS))
        frames.append(_frame("backward", text, [place[step.node], *targets]))
        for sent in step.sent:
            before = total.get(sent.target)
            total[sent.target] = sent.value if before is None else before + sent.value
            if (target := whole_of(sent.target)) in place:
                shown = np.conjugate(total[sent.target])
                sums.setdefault(place[target], []).append((now, f"grad {short(shown)}"))
    for step in variables:
        frames.append(_frame("variables", "\n".join(paragraph(step, walk, COLUMNS)), [place[step.node]]))
    frames.append(_frame("end", conclusion, []))
    count = max(place.values(), default=-1) + 1
    return {"frames": frames, "from": [begin.get(i, 0) for i in range(count)], "sums": sums, "turn": turn}


def _frame(phase: str, text: str, items: list[int]) -> dict[str, Any]:
    return {"phase": phase, "text": text, "items": items}
