"""The directive ``names``: a table of public names, each with its first sentence, then every one in full.

    .. names:: tinygrad_edu.nn

       Linear
       Bilinear

What is also a name of the top level is told there, and has one line here.
"""

import importlib
import inspect
import pydoc
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import signature, stringify_signature

TOP = "tinygrad_edu"
WITH_BASES = ("Tensor",)  # classes whose methods lie in bases of their own
INDENT = "   "


class Names(SphinxDirective):
    """A table of the names of a module, and their documentation below it."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        module = self.arguments[0]
        names = " ".join(self.content).split()
        lines = [f".. currentmodule:: {module}", "", ".. autosummary::", INDENT + ":nosignatures:", ""]
        lines += [INDENT + name for name in names]
        for name in names:
            lines += ["", *entry(module, name)]
        return self.parse_text_to_nodes("\n".join(lines))


def entry(module: str, name: str) -> list[str]:
    """The lines that document one name, as reStructuredText."""
    value = getattr(importlib.import_module(module), name)
    full = f"{module}.{name}"
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "data"
    top = importlib.import_module(TOP)
    if module != TOP and name in top.__all__ and getattr(top, name) is value:
        return [f".. py:{kind}:: {name}", "", f"{INDENT}The same as :py:obj:`{TOP}.{name}`."]
    lines = [f".. auto{kind}:: {full}"]
    if kind == "class":
        lines += [f"{INDENT}:members:"]
        if name in WITH_BASES:
            lines += [f"{INDENT}:inherited-members:", f"{INDENT}:undoc-members:"]
        lines += [f"{INDENT}:exclude-members: set_fit_request, set_score_request, set_partial_fit_request"]
    if kind == "data":
        lines += [f"{INDENT}:no-value:", "", *methods(full, value)]
    return lines


def methods(full: str, value: Any) -> Iterator[str]:
    """The public methods of an object that stands for a family, such as a distribution."""
    for name in dir(type(value)):
        method = getattr(value, name)
        if name.startswith("_") or not inspect.ismethod(method) or isinstance(value, tuple):
            continue
        summary = inspect.getdoc(method) or ""
        called = stringify_signature(signature(method), show_annotation=False)
        yield f"{INDENT}.. py:method:: {full.rpartition('.')[2]}.{name}{called}"
        yield ""
        yield f"{INDENT}{INDENT}{summary.partition(chr(10))[0]}"
        yield ""


def elsewhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element
) -> nodes.Node | None:
    """What the name in a docstring links to, where it is no name of its own module.

    ``gradcheck`` in the module check is the one of the top level.  What exists, but is none of the public
    names (NumPy's functions, modules of this package), is shown as code and links nowhere; what does not
    exist warns.
    """
    if node.get("refdomain") != "py" or node.get("reftype") != "obj":
        return None
    domain, name = env.domains["py"], node["reftarget"]
    found = [entry[0] for entry in domain.find_obj(env, None, None, name, None, 1)]
    if found:
        target = min(found, key=len)
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, shown)
    places = (f"{node.get('py:module')}.", f"{TOP}.", "")
    return shown if any(pydoc.locate(place + name) is not None for place in places) else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("names", Names)
    app.connect("missing-reference", elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
