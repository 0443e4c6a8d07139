"""Products of matrices in C: loops where one of them is tiny, and else NumPy's inner loop, which is BLAS."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..loops.kinds import Product
from ..loops.memories import C_TYPES

SMALL = 1 << 15  # multiplications: up to here a product is loops, above it is BLAS'
SHORT = 4  # numbers of a sum: of so few BLAS makes no use
TALL = 1 << 17  # multiplications of a product of a tall matrix with a tiny one
NARROW, DEEP = 8, 16  # rows that are no vector; products of a sum that are one expression
LANE, REGISTERS = 8, 64  # numbers: of which rows in registers are multiples, and of all such rows
CHUNK, LANES = 128, 16  # of long sums of products: numbers that are brought together, sums side by side
SUMS = 12  # long sums that stay in registers


def product(statement: Product, places: list[str], called: Callable[..., list[str]]) -> list[str]:
    """The lines of one product of matrices, which begin in these places; ``called`` prints a call of NumPy's
    loop.
    """
    out, a, b = statement
    (m, n), p = a.shape[-2:], b.shape[-1]
    kind = C_TYPES[out.dtype.str[1:]]
    ends = [[s // o.dtype.itemsize for s in o.strides[-2:]] for o in (out, a, b)]
    if n * p <= 32 and m >= 8 and m * n * p <= TALL:
        return tall_product(kind, places, ends, m, n, p)
    if m * p <= 64 and n >= 64 and m * n * p <= TALL:
        return long_product(kind, places, ends, m, n, p)
    if (m * n * p <= SMALL or n <= SHORT) and n * p <= 4096 and p <= 512:
        return small_product(kind, places, ends, m, n, p)
    return by_blas(statement, [f"(char *){at}" for at in places], called)


def by_blas(statement: Product, places: list[str], called: Callable[..., list[str]]) -> list[str]:
    """The lines of a product that is NumPy's inner loop."""
    out, a, b = statement
    strides = [0, 0, 0, *(s for o in (a, b, out) for s in o.strides[-2:])]
    types = f"{out.dtype.char * 2}->{out.dtype.char}"
    return called(np.matmul, types, [*places[1:], places[0]], [1, *a.shape[-2:], b.shape[-1]], strides)


def pointers(kind: str, places: list[str]) -> list[str]:
    """Names for where a product and its factors begin."""
    return [
        f"{kind} *const o = {places[0]};",
        f"const {kind} *const a = {places[1]}, *const b = {places[2]};",
    ]


def small_product(kind: str, places: list[str], ends: Any, m: int, n: int, p: int) -> list[str]:
    """A product of small matrices: the numbers of its rows, or of its columns, are vectors."""
    (oi, oj), (ai, ak), (bk, bj) = ends
    if p < min(m, NARROW):  # out.T = b.T @ a.T
        (oi, oj), (ai, ak), (bk, bj), m, p = (oj, oi), (bj, bk), (ak, ai), p, m
        places = [places[0], places[2], places[1]]
    lines, b = pointers(kind, places), "b"
    if bj != 1 and p > 1 and n > 1:
        lines += turned(kind, n, p, bk, bj)
        b, bk, bj = "c", p, 1
    if 1 < m < NARROW and n > SHORT and p % LANE == 0 and m * p <= REGISTERS:
        return [*lines, *product_in_registers(kind, b, (oi, oj, ai, ak, bk), m, n, p)]
    rows = range(m) if m < NARROW else ("i",)  # those that share what is read of b

    def loop(to: str, terms: range, total: str = "0") -> list[str]:
        """Add some products to a sum, for the numbers of the rows."""
        lines = []
        for row in rows:
            text, at = total, row if m < NARROW else 0
            for k in terms:
                x, y = f"a[{row} * {ai} + {k * ak} + q * {ak}]", f"{b}[({k} + q) * {bk} + j * {bj}]"
                text = f"FMA({x}, {y}, {text})"
            lines.append(f"    {to} = {text};".replace("ROW", str(row)).replace("AT", f"{at * p} + j"))
        return ["IVDEP", f"for (word j = 0; j < {p}; j++) {{", *lines, "}"]

    out, t, rest = f"o[ROW * {oi} + j * {oj}]", "t[AT]", n % DEEP
    body = ["enum { q = 0 };", *loop(out, range(n))]
    if n > DEEP:
        body = [f"{kind} t[{len(rows) * p}] ALIGNED;", "memset(t, 0, sizeof t);"]
        body += [f"for (word q = 0; q < {n - rest}; q += {DEEP}) {{", *loop(t, range(DEEP), t), "}"]
        body += [f"enum {{ q = {n - rest} }};", *loop(out, range(rest), t)]
    return [*lines, *body] if m < NARROW else [*lines, f"for (word i = 0; i < {m}; i++) {{", *body, "}"]


def product_in_registers(kind: str, b: str, steps: Any, m: int, n: int, p: int) -> list[str]:
    """A product of few rows of few vectors, all of whose sums grow at once, by a row of b at a time."""
    oi, oj, ai, ak, bk = steps
    adds = [
        f"        t[{i}][j] = FMA(a[{i * ai} + k * {ak}], {b}[k * {bk} + j], t[{i}][j]);" for i in range(m)
    ]
    stores = [f"    o[{i * oi} + j * {oj}] = t[{i}][j];" for i in range(m)]
    return [
        f"{kind} t[{m}][{p}] ALIGNED;", "memset(t, 0, sizeof t);",
        f"for (word k = 0; k < {n}; k++) {{", "    IVDEP", f"    for (word j = 0; j < {p}; j++) {{", *adds,
        "    }", "}", "IVDEP", f"for (word j = 0; j < {p}; j++) {{", *stores, "}",
    ]  # fmt: skip


def turned(kind: str, n: int, p: int, bk: int, bj: int) -> list[str]:
    """A copy c of a matrix, whose numbers of a row lie one after another, for vectors."""

    def copies(k_end: str, j_end: str, k: str, j: str) -> str:
        """Numbers one by one, from some row and column on."""
        return (
            f"for (word k = {k}; k < {k_end}; k++) for (word j = {j}; j < {j_end}; j++) "
            f"c[k * {p} + j] = b[k * {bk} + j * {bj}];"
        )

    lines = [f"{kind} c[{n * p}] ALIGNED;"]
    if bk == 1 and n <= NARROW:
        whole = [f"    c[{k * p} + j] = b[{k} + j * {bj}];" for k in range(n)]
        return [*lines, "IVDEP", f"for (word j = 0; j < {p}; j++) {{", *whole, "}"]
    if bk != 1:
        return [*lines, copies(str(n), str(p), "0", "0")]
    side = f"SIDE({kind})"
    rows, columns = (f"{size} / {side} * {side}" for size in (n, p))
    return [
        *lines,
        f"for (word k = 0; k < {rows}; k += {side})",
        f"    for (word j = 0; j < {columns}; j += {side})",
        f"        turn_{kind}(b + k + j * {bj}, {bj}, c + k * {p} + j, {p});",
        copies(str(n), str(p), "0", columns),  # which are none of whole squares
        copies(str(n), columns, rows, "0"),
    ]


def tall_product(kind: str, places: list[str], ends: Any, m: int, n: int, p: int) -> list[str]:
    """A product with a tiny matrix, whose numbers stay in registers: many rows side by side."""
    (oi, oj), (ai, ak), (bk, bj) = ends
    lines = pointers(kind, places)
    lines += [f"const {kind} b{k}_{j} = b[{k * bk + j * bj}];" for k in range(n) for j in range(p)]
    lines += ["IVDEP", f"for (word i = 0; i < {m}; i++) {{"]
    lines += [f"    const {kind} a{k} = a[i * {ai} + {k * ak}];" for k in range(n)]
    for j in range(p):
        total = "0"  # which a sum of -0 is, too
        for k in range(n):
            total = f"FMA(a{k}, b{k}_{j}, {total})"
        lines.append(f"    o[i * {oi} + {j * oj}] = {total};")
    return [*lines, "}"]


def long_product(kind: str, places: list[str], ends: Any, m: int, n: int, p: int) -> list[str]:
    """A tiny product of long sums, each of which is several side by side."""
    if m * p <= SUMS:
        return few_long_sums(kind, places, ends, m, n, p)
    (oi, oj), (ai, ak), (bk, bj) = ends
    if bj == 1 and p >= LANE:
        return long_sums_of_rows(kind, places, ends, m, n, p)

    def part(first: str, count: int) -> list[str]:
        """Bring so many rows together, and zeros up to whole vectors; add their products."""
        end = -(-count // LANES) * LANES
        copies = [f"    c[{i}][k] = a[{i * ai} + ({first} + k) * {ak}];" for i in range(m)]
        copies += [f"    d[{j}][k] = b[{j * bj} + ({first} + k) * {bk}];" for j in range(p)]
        zeros = "".join(f" {name}[{i}][k] = 0;" for name, rows in (("c", m), ("d", p)) for i in range(rows))
        side_by_side = f"for (word l = 0; l < {LANES}; l++)"
        return [
            "IVDEP", f"for (word k = 0; k < {count}; k++) {{", *copies, "}",
            *[f"for (word k = {count}; k < {end}; k++) {{{zeros} }}"] * (count < end),
            f"for (word i = 0; i < {m}; i++) for (word j = 0; j < {p}; j++) {{",
            f"    {kind} s[{LANES}];",
            f"    {side_by_side} s[l] = t[i * {p} + j][l];",
            f"    for (word k = 0; k < {end}; k += {LANES})",
            f"        {side_by_side} s[l] = FMA(c[i][k + l], d[j][k + l], s[l]);",
            f"    {side_by_side} t[i * {p} + j][l] = s[l];",
            "}",
        ]  # fmt: skip

    whole, rest = n - n % CHUNK, n % CHUNK
    loop = [f"for (word q = 0; q < {whole}; q += {CHUNK}) {{", *part("q", CHUNK), "}"] if whole else []
    return [
        *pointers(kind, places),
        f"{kind} t[{m * p}][{LANES}] ALIGNED, c[{m}][{CHUNK}] ALIGNED, d[{p}][{CHUNK}] ALIGNED;",
        "memset(t, 0, sizeof t);",
        *loop,
        *(part(str(whole), rest) if rest else []),
        f"for (word i = 0; i < {m}; i++) for (word j = 0; j < {p}; j++) {{",
        f"    for (word w = {LANES // 2}; w > 0; w /= 2)",
        f"        for (word l = 0; l < w; l++) t[i * {p} + j][l] += t[i * {p} + j][l + w];",
        f"    o[i * {oi} + j * {oj}] = t[i * {p} + j][0];",
        "}",
    ]


def long_sums_of_rows(kind: str, places: list[str], ends: Any, m: int, n: int, p: int) -> list[str]:
    """The same where rows of b are vectors: a sum of every so many rows, and the sums of these."""
    (oi, oj), (ai, ak), (bk, _) = ends
    columns = f"for (word j = 0; j < {p}; j++)"
    adds = [f"s[{i * p} + j] = FMA(a[{i * ai} + k * {ak}], r[j], s[{i * p} + j]);" for i in range(m)]
    return [
        *pointers(kind, places),
        f"{kind} t[{LANES}][{m * p}] ALIGNED;",
        "memset(t, 0, sizeof t);",
        f"for (word k = 0; k < {n}; k++) {{",
        f"    {kind} *const s = t[k % {LANES}];",
        f"    const {kind} *const r = b + k * {bk};",
        *(line for add in adds for line in ("    IVDEP", f"    {columns} {add}")),
        "}",
        f"for (word w = {LANES // 2}; w > 0; w /= 2)",
        f"    for (word l = 0; l < w; l++) for (word j = 0; j < {m * p}; j++) t[l][j] += t[l + w][j];",
        *(f"{columns} o[{i * oi} + j * {oj}] = t[0][{i * p} + j];" for i in range(m)),
    ]


def few_long_sums(kind: str, places: list[str], ends: Any, m: int, n: int, p: int) -> list[str]:
    """So few that all of them stay in registers."""
    (oi, oj), (ai, ak), (bk, bj) = ends
    lanes = LANE if m * p > 1 else 4 * LANE
    whole, pairs = n - n % lanes, [(i, j) for i in range(m) for j in range(p)]

    def adds(first: str, count: int) -> list[str]:
        return [
            "IVDEP", f"for (word l = 0; l < {count}; l++) {{",
            *(f"    const {kind} x{i} = a[{i * ai} + ({first} + l) * {ak}];" for i in range(m)),
            *(f"    const {kind} y{j} = b[{j * bj} + ({first} + l) * {bk}];" for j in range(p)),
            *(f"    t{i}_{j}[l] = FMA(x{i}, y{j}, t{i}_{j}[l]);" for i, j in pairs), "}",
        ]  # fmt: skip

    return [
        *pointers(kind, places),
        *(f"{kind} t{i}_{j}[{lanes}] ALIGNED;" for i, j in pairs),
        f"for (word l = 0; l < {lanes}; l++) {{{''.join(f' t{i}_{j}[l] = 0;' for i, j in pairs)} }}",
        *([f"for (word q = 0; q < {whole}; q += {lanes}) {{", *adds("q", lanes), "}"] if whole else []),
        *(adds(str(whole), n - whole) if n > whole else []),
        *(
            f"for (word l = 0; l < {lanes >> k}; l++) t{i}_{j}[l] += t{i}_{j}[l + {lanes >> k}];"
            for i, j in pairs
            for k in range(1, lanes.bit_length())
        ),
        *(f"o[{i * oi} + {j * oj}] = t{i}_{j}[0];" for i, j in pairs),
    ]
