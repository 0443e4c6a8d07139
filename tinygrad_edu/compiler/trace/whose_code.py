"""Whose code it is that runs: the user's, or Python's, NumPy's, this package's."""

import os
import re
import sys
import types
from functools import lru_cache
from pathlib import Path

import numpy as np

# Folders, each with the separator behind it: beside the package a user may have tinygrad_edu_notes.py.
PACKAGE, NUMPY = f"{Path(__file__).parents[2]}{os.sep}", f"{Path(np.__file__).parent}{os.sep}"
PYTHON = f"{Path(types.__file__).parent}{os.sep}"
INSTALLED = re.compile(r"(?:site|dist)-packages[/\\]([^/\\.]+)")  # a library; Debian's Python says dist
OURS = __name__.partition(".")[0]
LIBRARIES = sys.stdlib_module_names | {
    OURS, "numpy", "torch", "matplotlib", "pandas", "scipy", "sklearn", "_distutils_hack",  # an import's
}  # fmt: skip


@lru_cache(4096)
def is_near(file: str) -> bool:
    """Whether a file is this package's or NumPy's."""
    return file.startswith((PACKAGE, NUMPY))


@lru_cache(4096)  # it is asked at every call of a run that is watched
def is_of_the_user(file: str) -> bool:
    """Whether a file is neither this package's, nor NumPy's, nor Python's."""
    if file.startswith("<"):
        return not file.startswith(("<frozen", "<__array_function__", "<compiled"))
    if libraries := INSTALLED.findall(file):
        return libraries[-1] not in LIBRARIES
    return not file.startswith((PACKAGE, NUMPY, PYTHON))
