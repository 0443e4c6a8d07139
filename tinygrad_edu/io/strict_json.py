"""JSON from strangers: what the standard parser lets pass and no honest writer writes is an error."""

import json
from typing import Any, NoReturn

from ..errors import FormatError


def parse(text: str, where: str) -> Any:
    """The value of a JSON text without repeated keys, NaN and Infinity.

    Parameters
    ----------
    text : str
    where : str
        What the text is, for the message.

    Raises
    ------
    FormatError
        If it is no such text.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is not valid JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name!r:.80} comes twice")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
