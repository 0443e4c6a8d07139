"""The line of the user's program that runs just now."""

import linecache
import os
import sys
from typing import Any

from .whose_code import is_of_the_user


def users_line() -> str:
    """The file and the line of the user's program that runs just now."""
    frame = _users_frame()
    if frame is None:
        return "an unknown line"
    return f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}"


def users_text() -> str:
    """The text of that line."""
    frame = _users_frame()
    return "" if frame is None else linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def _users_frame() -> Any:
    frame: Any = sys._getframe(2)
    while frame is not None and not is_of_the_user(frame.f_code.co_filename):
        frame = frame.f_back
    return frame
