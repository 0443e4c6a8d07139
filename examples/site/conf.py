"""Sphinx's settings of the site; examples/README.md has the command that builds it."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]  # this checkout's package, and the extensions beside this file
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # small matrices are fastest with one thread
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(HERE / "made" / "hypothesis"))

import tinygrad_edu  # of this checkout

project = "tinygrad_edu"
author = "The tinygrad_edu authors"
copyright = f"{author}, MIT license"
release = version = tinygrad_edu.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "docstrings",
    "mathml",
    "pages",
    "reference",
    "scripts",
]
exclude_patterns = ["tutorials", "howto", "how", "made/sources"]  # pages are made of these scripts, in `made`
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
default_role = "autolink"  # `name` in a docstring links to the name, where the site has it
nitpicky = True
smartquotes = False  # "mean" and --out are to be copied as they are

autosummary_generate = False
autodoc_typehints = "none"  # the docstrings name the types, in words
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # autodoc shows them, on the same page
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "tinygrad_edu"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "friendly", "monokai"
