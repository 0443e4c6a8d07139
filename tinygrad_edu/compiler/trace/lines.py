"""The line of the user's program that runs just now."""

import linecache
import os
import sys
from typing import Any

from .whose_code import is_of_the_user


def users_line() -> str:
    """The line of the user's program that runs just now."""
    frame: Any = sys._getframe(1)
    while frame is not None and not is_of_the_user(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return "an unknown line"
    return f"{os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno}"


def users_text() -> str:
    """The text of the line of the user's program that runs just now."""
    frame: Any = sys._getframe(1)
    while frame is not None and not is_of_the_user(frame.f_code.co_filename):
        frame = frame.f_back
    return "" if frame is None else linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
