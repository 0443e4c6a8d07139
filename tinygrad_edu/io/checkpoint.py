"""Checkpoints: everything that a training needs to go on, in one file, and back to the bit.

A checkpoint is a safetensors file.  Its tensors are the arrays of the state, under names such as
``model.0.weight``, so that other programs can read the weights; its ``__metadata__`` has the format's name,
its version, and the rest of the state as JSON:

    {"model": {"0.weight": {"$array": "model.0.weight"}}, "step": 7, "betas": {"$tuple": [0.9, 0.999]}}

An object whose only key begins with a dollar sign stands for what JSON has not:

    $array    an array, by its name in the file      $int      an integer beyond ±2^53, in hexadecimal
    $scalar   a NumPy scalar, likewise               $float    a float that is not finite, as 16 digits
    $tuple    a tuple                                $dict     a dict that has such a key of its own

There is nothing in it that names a class or a function: reading one can only give dicts, lists, tuples,
arrays, numbers and strings.
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, FormatError
from ..files import FilePath, opened
from ..tensor import Tensor
from .safetensors import read_arrays, read_header, write
from .strict_json import parse
from .values import MAX_BYTES, Arrays

FORMAT = "tinygrad_edu checkpoint"
VERSION = 1
TAGS = ("$array", "$scalar", "$tuple", "$dict", "$int", "$float")
STATES = "dicts, lists and tuples of arrays, numbers, strings, booleans and None"
DEEPEST = 100  # levels of nesting: far more than states have, far fewer than Python's stack


def save_checkpoint(path: FilePath, state: Any) -> None:
    """Save a nested state: all of it, or the file stays as it was.

    Parameters
    ----------
    path : str or path-like
        The folder must exist.
    state : nested dict, list and tuple
        It holds arrays, tensors, NumPy's scalars, numbers, strings, booleans and None.  Keys are strings.
        What has a method ``state_dict()``, such as a model or an optimizer, is saved as what that returns; of
        a random generator, save ``rng.bit_generator.state``.

    Raises
    ------
    ArgumentError
        Naming the place of what cannot be saved; see also `atomic_write`.
    DTypeError
        If safetensors has no such dtype.

    Examples
    --------
    >>> import tempfile
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/best.ckpt"
    ...     save_checkpoint(path, {"step": 7, "w": np.ones(2), "rng": rng.bit_generator.state})
    ...     state = load_checkpoint(path)
    >>> state["step"], state["w"]
    (7, array([1., 1.]))
    >>> resumed = np.random.default_rng()
    >>> resumed.bit_generator.state = state["rng"]
    >>> resumed.random() == rng.random()
    True
    """
    arrays: Arrays = {}
    text = json.dumps(_encoded(state, (), arrays), allow_nan=False, separators=(",", ":"))
    write(path, arrays, {"format": FORMAT, "version": str(VERSION), "state": text})


def load_checkpoint(path: FilePath, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read the state that `save_checkpoint` saved.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2 GiB
        The most that the arrays together may take, and 16 times the most that all else may.

    Returns
    -------
    nested dict, list and tuple
        What was saved, except that mappings are dicts and tensors are arrays.

    Raises
    ------
    FormatError
        If it is no checkpoint, is damaged, or is of another version: nothing is loaded then.
    OSError
        If there is no such file, or it may not be read.
    """
    with opened(path, max_bytes, str(path)) as (file, size):
        entries, metadata = read_header(file, size, str(path), max_bytes)
        tree = _tree(metadata, str(path))
        arrays = read_arrays(file, entries, str(path))
    state = _decoded(tree, arrays, str(path), DEEPEST)
    if arrays:
        left = f"{next(iter(arrays))!r:.80}"
        raise FormatError(f"{path}: the state does not say where its array {left} belongs.")
    return state


# ---- writing -----------------------------------------------------------------------------------------------


def _encoded(value: Any, place: tuple[str, ...], arrays: Arrays) -> Any:
    """The value as JSON has it; the arrays in it are put beside, each under a name of its own."""
    if len(place) > DEEPEST:
        where = f"more than {DEEPEST} levels deep, at {_named(place)}"
        raise ArgumentError(f"save_checkpoint: the state is nested {where}. Does it contain itself?")
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) <= 1 << 53 else {"$int": hex(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": struct.pack(">d", value).hex()}
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        name = _free(_named(place), arrays)
        arrays[name] = plain(value, f"save_checkpoint: {_named(place)}")
        return {"$scalar" if isinstance(value, np.generic) else "$array": name}
    if callable(getattr(value, "state_dict", None)):
        return _encoded(value.state_dict(), place, arrays)
    if isinstance(value, Mapping):
        return _encoded_dict(value, place, arrays)
    if type(value) in (list, tuple):
        items = [_encoded(item, (*place, str(i)), arrays) for i, item in enumerate(value)]
        return items if type(value) is list else {"$tuple": items}
    found = f"{_named(place)} is of type {type(value).__name__}; expected {STATES}"
    raise ArgumentError(f"save_checkpoint: {found}. Save what it can be built from again.")


def _encoded_dict(value: Mapping[Any, Any], place: tuple[str, ...], arrays: Arrays) -> Any:
    for key in value:
        if type(key) is not str:
            found = f"{_named(place)} has the key {key!r:.80}"
            raise ArgumentError(f"save_checkpoint: keys are strings; {found}. Save a list, or str(key).")
    items = {key: _encoded(item, (*place, key), arrays) for key, item in value.items()}
    return {"$dict": items} if any(key.startswith("$") for key in items) else items


def _named(place: tuple[str, ...]) -> str:
    return ".".join(place).encode(errors="backslashreplace").decode() or "state"


def _free(name: str, taken: Arrays) -> str:
    """The name, or one like it that no other array has: ``{"a": {"b": x}, "a.b": y}`` has two of the same."""
    candidate, number = name, 1
    while candidate in taken or candidate == "__metadata__":
        candidate, number = f"{name}~{number}", number + 1
    return candidate


# ---- reading -----------------------------------------------------------------------------------------------


def _tree(metadata: dict[str, str], path: str) -> Any:
    """The JSON part of a checkpoint of this format and version."""
    kind, version = metadata.get("format"), metadata.get("version")
    if kind != FORMAT:
        found = f"its format is {kind!r:.80}, expected {FORMAT!r}"
        raise FormatError(f"{path} is no checkpoint: {found}. load_safetensors reads files of arrays.")
    if version != str(VERSION):
        readable = f"this tinygrad_edu reads '{VERSION}'. Use the one that wrote it"
        raise FormatError(f"{path} is a checkpoint of version {version!r:.40}; {readable}.")
    if metadata.keys() != {"format", "version", "state"}:
        found = f"{', '.join(map(repr, metadata)):.120}"
        raise FormatError(f"{path}: expected format, version and state, and nothing else; got {found}.")
    return parse(metadata["state"], f"{path}: its state")


def _decoded(value: Any, arrays: Arrays, path: str, levels: int) -> Any:
    """The value that a JSON value stands for; arrays are taken out of ``arrays``."""
    if levels < 0:
        raise FormatError(f"{path}: its state is nested more than {DEEPEST} levels deep.")
    if isinstance(value, list):
        return [_decoded(item, arrays, path, levels - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise FormatError(f"{path}: a number is too large for a float.")
    if not isinstance(value, dict):
        return value
    if not any(key.startswith("$") for key in value):
        return {key: _decoded(item, arrays, path, levels - 1) for key, item in value.items()}
    (tag, content), *more = value.items()
    if more or tag not in TAGS:
        found = f"{', '.join(map(repr, value)):.120}"
        raise FormatError(f"{path}: expected one of {', '.join(TAGS)} alone; got {found}.")
    return _tagged(tag, content, arrays, path, levels)


def _tagged(tag: str, content: Any, arrays: Arrays, path: str, levels: int) -> Any:
    """What an object with this one key stands for."""
    match tag, content:
        case "$array", str() if content in arrays:
            return arrays.pop(content)
        case "$scalar", str() if content in arrays and not arrays[content].shape:
            return arrays.pop(content)[()]
        case "$tuple", list():
            return tuple(_decoded(content, arrays, path, levels))
        case "$dict", dict():
            return {key: _decoded(item, arrays, path, levels - 1) for key, item in content.items()}
        case "$int", str() if re.fullmatch(r"-?0x[0-9a-f]+", content):
            return int(content, 16)
        case "$float", str() if re.fullmatch(r"[0-9a-f]{16}", content):
            return struct.unpack(">d", bytes.fromhex(content))[0]
    raise FormatError(f"{path}: {tag} cannot be {content!r:.80}.")
