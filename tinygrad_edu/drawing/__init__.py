"""Pictures of what was computed: `draw` shows the recorded graph, `explain` walks back through it.

`watch` is a block in which all that they can show is written down, constants and results too.
"""

from .explain import Explanation, explain
from .picture import Picture, draw
from .watch import Watch, watch

__all__ = ["Explanation", "Picture", "Watch", "draw", "explain", "watch"]
