"""Domains of losses."""

from collections.abc import Callable
from typing import Any

from ..calls import Domain

# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
}
# fmt: on
