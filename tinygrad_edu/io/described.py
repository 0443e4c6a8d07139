"""What the pickle in a file of PyTorch's describes: tensors, and the storages that their elements lie in.

`CALLS` is the table of all that such a pickle can call, with what stands for it here; `Storages` answers its
persistent identifiers.  A tensor becomes a `Stored`, which knows where its elements lie, and makes the
array once the bytes are there.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from ..errors import FormatError
from .elements import OF_STORAGE, STORED, as_numpy, itemsize
from .pickled import MOST, Global
from .pickled_numpy import NUMPY
from .values import Array, check_shape

Order = Literal["<", ">"]


class Storage(NamedTuple):
    """The bytes of one or several tensors, by the key under which they lie in the file."""

    key: str
    dtype: str  # empty for bytes of no dtype
    size: int  # in elements
    begin: int  # in elements: where in the storage of the key a view of it begins


class Stored:
    """A tensor, as a pickle describes it."""

    def __init__(
        self, storage: Any, offset: Any, shape: Any, strides: Any, dtype: str, metadata: Any
    ) -> None:
        if type(storage) is not Storage or type(shape) is not tuple or type(strides) is not tuple:
            raise ValueError("a tensor of no storage, or of no shape")
        if len(shape) != len(strides) or len(shape) > 64:
            raise ValueError("not one stride for each axis, of which there are at most 64")
        if not all(type(n) is int and 0 <= n < 1 << 60 for n in (offset, *shape, *strides)):
            raise ValueError("lengths that are no numbers of at least 0")
        self.storage, self.dtype = storage, dtype or storage.dtype
        self.shape, self.strides, self.offset = shape, strides, offset + storage.begin
        self.metadata = metadata if type(metadata) is dict else {}
        self.array: Array | None = None

    def take_state(self, state: Any) -> None:
        """Attributes that were put on a tensor are left aside."""

    def check(self, where: str) -> int:
        """The bytes of its array; an error if it reaches beyond its storage."""
        where = f"{where}: a tensor of storage {self.storage.key!r:.40}"
        if self.dtype not in STORED:
            raise FormatError(f"{where} is of dtype {self.dtype or 'none'!r:.40}, which no array can have.")
        if self.storage.dtype not in ("", self.dtype):
            raise FormatError(f"{where} is of dtype {self.dtype}; the storage is of {self.storage.dtype}.")
        size = check_shape(self.shape, self.array_itemsize(), where)
        there = self.storage.size // (1 if self.storage.dtype else itemsize(self.dtype))
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides))
        if size and last >= self.storage.begin + there:
            reach = f"reaches to element {last}, and the storage has {there}"
            raise FormatError(f"{where}, of shape {self.shape!s:.60}, {reach}.")
        return size

    def array_itemsize(self) -> int:
        return as_numpy(np.empty(0, STORED[self.dtype]), self.dtype).dtype.itemsize

    def fill(self, raw: Array, order: Order) -> None:
        """Make the array, of the bytes of its storage."""
        if not math.prod(self.shape):
            self.array = as_numpy(np.empty(self.shape, STORED[self.dtype]), self.dtype)
            return
        dtype = np.dtype(STORED[self.dtype]).newbyteorder(order)
        elements = raw[: len(raw) // dtype.itemsize * dtype.itemsize].view(dtype)[self.offset :]
        strides = [stride * dtype.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(elements, self.shape, strides, writeable=False)
        array = as_numpy(view, self.dtype)
        if self.metadata.get("conj") is True:
            np.conjugate(array, out=array)
        if self.metadata.get("neg") is True and array.dtype.kind != "b":
            np.negative(array, out=array)
        self.array = array


class Storages:
    """The storages that a pickle speaks of, each with one length."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}
        self.counts: dict[str, int] = {}  # of elements

    def __call__(self, identifier: Any) -> Storage:
        """What a persistent identifier stands for: ("storage", class, key, device, length), a view behind."""
        what, kind, key, _, count, view = identifier if len(identifier) == 6 else (*identifier[:6], None)
        if what != "storage" or type(kind) is not Global or type(key) is not str or type(count) is not int:
            raise ValueError("an identifier of no storage")
        name = kind.name.rpartition(".")[2]
        if name not in OF_STORAGE:
            raise FormatError(f"the elements of a tensor are in a {name:.60}, which no array can hold.")
        dtype = OF_STORAGE[name]
        size = count * (itemsize(dtype) if dtype else 1)
        if not 0 <= size < 1 << 60 or self.bytes.setdefault(key, size) != size:
            raise ValueError("a storage of several lengths")
        self.counts[key] = count
        if view is None:
            return Storage(key, dtype, count, 0)
        _, begin, length = view
        if not all(type(n) is int and n >= 0 for n in (begin, length)) or begin + length > count:
            raise ValueError("a view beyond its storage")
        return Storage(key, dtype, length, begin)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Stored:
    """``_rebuild_tensor`` and ``_rebuild_tensor_v2``: requires_grad and hooks are no part of the values."""
    return Stored(storage, offset, shape, strides, "", rest[2] if len(rest) > 2 else None)


def _tensor_of_dtype(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Stored:
    """``_rebuild_tensor_v3``, of a dtype that has no class of storages of its own."""
    dtype, metadata = rest[2], rest[3] if len(rest) > 3 else None
    return Stored(storage, offset, shape, strides, dtype.name.removeprefix("torch."), metadata)


def _subclassed(function: Global, kind: Any, args: tuple[Any, ...], state: Any) -> Any:
    """A tensor with attributes, or of a class of PyTorch's own."""
    if len(args) > MOST:
        raise ValueError("a tensor of many arguments")
    return TENSORS[function.name](*args)


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    """An OrderedDict; pairs, which Python 2 wrote, are texts and values."""
    if not all(type(key) is str for key, _ in pairs):
        raise TypeError("an OrderedDict with keys that are no texts")
    return dict(pairs)


def _itself(value: Any, *rest: Any) -> Any:
    return value


def _encoded(text: str, encoding: str) -> bytes:
    if type(text) is not str or encoding != "latin1":
        raise ValueError("bytes in another encoding than latin1")
    return text.encode("latin1")


def _number(real: Any, imaginary: Any) -> complex:
    if type(real) is not float or type(imaginary) is not float:
        raise ValueError("a complex number of what are no floats")
    return complex(real, imaginary)


def _device(kind: Any, index: Any = None) -> str:
    return f"{kind:.20}" if index is None else f"{kind:.20}:{index:d}"


def _refused(what: str) -> Callable[..., Any]:
    def refuse(*args: Any) -> Any:
        raise FormatError(f"{what}. In PyTorch, make a plain one of it, and save that.")

    return refuse


# fmt: off
TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor":               _tensor,
    "torch._utils._rebuild_tensor_v2":            _tensor,
    "torch._utils._rebuild_tensor_v3":            _tensor_of_dtype,
    "torch._utils._rebuild_parameter":            _itself,
    "torch._utils._rebuild_parameter_with_state": _itself,
    "torch._utils._rebuild_sparse_tensor":        _refused("a tensor is sparse, and no array is: x.to_dense()"),
    "torch._utils._rebuild_qtensor":              _refused("a tensor is quantized, and no array is: x.dequantize()"),
    "torch._utils._rebuild_nested_tensor":        _refused("a tensor is nested, and no array is: x.to_padded_tensor(0)"),
    "torch._utils._rebuild_meta_tensor_no_storage": _refused("a tensor is on the device meta, and has no elements"),
}
CALLS: dict[str, Callable[..., Any]] = {
    **TENSORS,
    **NUMPY,
    "torch._tensor._rebuild_from_type_v2": _subclassed,
    "collections.OrderedDict":             _ordered,
    "collections.Counter":                 _itself,
    "torch.Size":                          _itself,
    "torch.device":                        _device,
    "torch.serialization._get_layout":     _itself,
    "_codecs.encode":                      _encoded,
    "__builtin__.complex":                 _number,
    "builtins.complex":                    _number,
}
# fmt: on
