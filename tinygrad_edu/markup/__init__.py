"""HTML for notebooks: a few elements that escape what they are given, and look right on light and on dark
pages.

Colors are those of the page, or tones that are readable on both; there is no script and no style sheet, since
notebooks and code hosts take these out.  What opens is a ``<details>``.
"""

from .array import array, statistics
from .curve import curves
from .elements import Html, box, details, escape, heading, note, table

__all__ = ["Html", "array", "box", "curves", "details", "escape", "heading", "note", "statistics", "table"]
