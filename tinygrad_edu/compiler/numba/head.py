"""What every text for numba may use: memory by its address, NumPy's inner loops, sums in NumPy's order."""

import math
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

WORD = 64  # bits of an address


def is_installed() -> bool:
    """Whether there is numba."""
    return find_spec("numba") is not None


@cache
def head() -> dict[str, Any]:
    """The names that a text may use.

    ``pointer(at, kind)`` is memory of that type, of which ``m[i]`` is a number, and ``address(m, i)`` says
    where that lies; ``room(n, kind)`` is memory on the stack, ``call(loop, arrays, sizes, strides, data)``
    an inner loop of NumPy's, and ``invoke(function, word)`` one of Python's C interface.
    """
    import numba

    names = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32", "float64"]
    kinds = {name: getattr(numba, name) for name in [*names, "intp"]}
    sums = {f"sum_{kind}": _pairwise(kinds[kind]) for kind in ("float32", "float64")}
    return {
        **kinds,
        **sums,
        **_memory(),
        **_calls(),
        "inf": math.inf,
        "nan": math.nan,
        "math": math,
        "np": np,
    }


def _memory() -> dict[str, Any]:
    """Memory by its address, which numba does not know of itself, as pieces of LLVM's code."""
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def pointer(_: Any, at: Any, kind: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind.dtype)(types.intp, kind), code

    @intrinsic  # type: ignore[untyped-decorator]
    def address(_: Any, memory: Any, i: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.ptrtoint(builder.gep(args[0], [args[1]]), ir.IntType(WORD))

        return types.intp(memory, types.intp), code

    @intrinsic  # type: ignore[untyped-decorator]
    def room(_: Any, n: Any, kind: Any) -> Any:
        if not isinstance(n, types.Literal):
            return None  # numba tries again with what is written

        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            dtype = context.get_data_type(kind.dtype)
            with builder.goto_entry_block():
                made = builder.alloca(ir.ArrayType(dtype, n.literal_value))
                made.align = 64
            return builder.bitcast(made, dtype.as_pointer())

        return types.CPointer(kind.dtype)(n, kind), code

    return {"pointer": pointer, "address": address, "room": room}


def _calls() -> dict[str, Any]:
    """Calls of functions in C by their addresses, likewise."""
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    word = ir.IntType(WORD)

    @intrinsic  # type: ignore[untyped-decorator]
    def call(_: Any, loop: Any, arrays: Any, sizes: Any, strides: Any, data: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            def stored(words: Any, count: int) -> Any:
                at = cgutils.alloca_once(builder, ir.ArrayType(word, count))
                for k in range(count):
                    builder.store(builder.extract_value(words, k), builder.gep(at, [word(0), word(k)]))
                return builder.bitcast(at, word.as_pointer())

            given = [stored(a, t.count) for a, t in zip(args[1:4], signature.args[1:4])]
            kind = ir.FunctionType(ir.VoidType(), [*(word.as_pointer() for _ in given), word])
            builder.call(builder.inttoptr(args[0], kind.as_pointer()), [*given, args[4]])
            return context.get_dummy_value()

        return types.void(types.intp, arrays, sizes, strides, types.intp), code

    @intrinsic  # type: ignore[untyped-decorator]
    def invoke(_: Any, function: Any, given: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = ir.FunctionType(word, [word])
            return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1]])

        return types.intp(types.intp, types.intp), code

    return {"call": call, "invoke": invoke}


@cache
def hold() -> Any:
    """`words.TEXT` for numba: whether words of memory and forms of arrays are as a table has them."""
    import numba

    names = head()
    pointer, invoke, intp = (names[name] for name in ("pointer", "invoke", "intp"))

    def holds(this: Any, x: Any, n: Any) -> Any:
        p, given = pointer(pointer(this, intp)[2], intp), pointer(x, intp)
        same, q = intp(n == p[2]), 4
        for _ in range(p[1]):
            same &= intp(pointer(p[q], intp)[0] == p[q + 1])
            q += 2
        for i in range(n):
            a, axes = pointer(given[i], intp), p[q]
            if same == 0 or a[1] != p[3] or a[3] & 0xFFFFFFFF != axes or a[7] != p[q + 1]:
                return invoke(p[0], 0)
            shape, strides = pointer(a[4], intp), pointer(a[5], intp)
            for k in range(axes):
                same &= intp(shape[k] == p[q + 2 + k]) & intp(strides[k] == p[q + 2 + axes + k])
            q += 2 + 2 * axes
        return invoke(p[0], same)

    return numba.cfunc(numba.intp(numba.intp, numba.intp, numba.intp), error_model="numpy")(holds)


def _pairwise(kind: Any) -> Any:
    """NumPy's pairwise sum of n numbers of a memory, from one on, s apart."""
    import numba

    @numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
    def pairwise(a: Any, at: Any, n: Any, s: Any) -> Any:
        if n < 8:
            t = kind(-0.0)
            for i in range(n):
                t += a[at + i * s]
            return t
        if n > 128:
            m = n // 16 * 8
            return pairwise(a, at, m, s) + pairwise(a, at + m * s, n - m, s)
        r0, r1, r2, r3 = a[at], a[at + s], a[at + 2 * s], a[at + 3 * s]
        r4, r5, r6, r7 = a[at + 4 * s], a[at + 5 * s], a[at + 6 * s], a[at + 7 * s]
        end = n - n % 8
        for i in range(8, end, 8):
            j = at + i * s
            r0, r1, r2, r3 = r0 + a[j], r1 + a[j + s], r2 + a[j + 2 * s], r3 + a[j + 3 * s]
            j += 4 * s
            r4, r5, r6, r7 = r4 + a[j], r5 + a[j + s], r6 + a[j + 2 * s], r7 + a[j + 3 * s]
        t = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
        for i in range(end, n):
            t += a[at + i * s]
        return t

    return pairwise
