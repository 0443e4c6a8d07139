"""Checking derivatives: `gradcheck`, and the numerical derivatives that it compares with; and whole engines.

`check_engine` finds the mistake in somebody's own engine.  It, and the strategies in
`tinygrad_edu.check.strategies`, need hypothesis; the others do not.
"""

from typing import TYPE_CHECKING, Any

from .gradcheck import Report, gradcheck
from .numerical import numerical_jvp, numerical_vjp

if TYPE_CHECKING:
    from .engine import Engine, check_engine, engine_tests

__all__ = ["Engine", "Report", "check_engine", "engine_tests", "gradcheck", "numerical_jvp", "numerical_vjp"]


def __getattr__(name: str) -> Any:
    """What needs hypothesis is imported when it is first asked for."""
    if name in ("Engine", "check_engine", "engine_tests"):
        try:
            from . import engine
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            how = "pip install 'tinygrad_edu[check]', or pip install hypothesis"
            raise ImportError(f"check.{name} draws its programs by hypothesis: {how}.") from None
        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
