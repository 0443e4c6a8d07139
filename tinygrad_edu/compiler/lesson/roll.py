"""Rolling: lines that repeat with other numbers become a loop.

A block of lines follows another one like it if they differ in whole numbers, which grow by the same step from
block to block, and in names that a block gives to what it alone uses.  The loop computes what the lines did.
"""

import re

TOKEN = re.compile(r"[A-Za-z_]\w*|(?<![\w.])\d+(?![\w.])|\s+|.")
LONGEST = 40  # lines of a block
FEWEST = 3  # repetitions


def rolled(lines: list[str]) -> list[str]:
    """The lines with loops in the place of repeated blocks, the shortest blocks first."""
    bare = [re.sub(r"\s+# \(.*\)$", "", line) for line in lines]
    tokens = [TOKEN.findall(line) for line in bare]
    shapes = [tuple("0" if t.isdigit() else "n" if t.isidentifier() else t for t in ts) for ts in tokens]
    places: dict[str, set[int]] = {}  # in which lines a name stands
    for i, ts in enumerate(tokens):
        for t in ts:
            if t.isidentifier():
                places.setdefault(t, set()).add(i)
    found, i = [], 0
    while i < len(lines):
        for size in range(1, min(LONGEST, (len(lines) - i) // FEWEST) + 1):
            if shapes[i : i + size] != shapes[i + size : i + 2 * size]:
                continue
            loop, count = _loop(tokens, shapes, places, i, size)
            if count >= FEWEST:
                found += loop
                i += count * size
                break
        else:
            found.append(lines[i])
            i += 1
    return found


def _loop(
    tokens: list[list[str]], shapes: list[tuple[str, ...]], places: dict[str, set[int]], start: int, size: int
) -> tuple[list[str], int]:
    """The lines of a loop over the blocks from a line on, and how many they are."""
    blocks: list[list[str]] = []
    steps: dict[int, int] = {}
    while True:
        at = start + len(blocks) * size
        if at + size > len(tokens) or shapes[at : at + size] != shapes[start : start + size]:
            break
        block = [t for line in tokens[at : at + size] for t in [*line, "\n"]]
        if blocks and not _follows(blocks, block, steps):
            break
        if not _is_closed(block, places, range(at, at + size)) and not blocks:
            break
        if blocks and not _names_fit(blocks[0], block, places, range(at, at + size)):
            break
        blocks.append(block)
    if len(blocks) < FEWEST or not any(steps.values()):
        return [], 0
    first = blocks[0]
    leading = next(k for k, step in steps.items() if step)
    begin, step = int(first[leading]), steps[leading]
    name = next(n for n in ("i", "j", "k", "index", "index_") if n not in places)
    written = [_linear(t, steps.get(k, 0), begin, step, name) for k, t in enumerate(first)]
    stop = begin + step * len(blocks)
    ends = f"{begin}, {stop}, {step}" if step != 1 else f"{begin}, {stop}" if begin else f"{stop}"
    head = f"for {name} in range({ends}):"
    return [head, *(f"    {line}" for line in "".join(written).splitlines())], len(blocks)


def _follows(blocks: list[list[str]], block: list[str], steps: dict[int, int]) -> bool:
    """Whether the numbers of a block are those of the first one, and a step more for each block between."""
    for k, (a, b) in enumerate(zip(blocks[0], block)):
        if not a.isdigit():
            continue
        if len(blocks) == 1:
            steps[k] = int(b) - int(a)
            if steps[k] < 0:
                return False
        elif int(b) != int(a) + steps[k] * len(blocks):
            return False
    return True


def _own(block: list[str]) -> set[str]:
    """The names that a block assigns to."""
    text = "".join(block)
    return set(re.findall(r"^(\w+) = ", text, re.MULTILINE))


def _is_closed(block: list[str], places: dict[str, set[int]], lines: range) -> bool:
    """Whether nobody else uses the names that a block assigns to."""
    return all(places[name] <= set(lines) for name in _own(block))


def _names_fit(first: list[str], block: list[str], places: dict[str, set[int]], lines: range) -> bool:
    """Whether a block names the same things as the first one, and its own in a way of its own."""
    own, others = _own(first), _own(block)
    by: dict[str, str] = {}
    for a, b in zip(first, block):
        if not a.isidentifier():
            continue
        if a in own and b in others:
            if by.setdefault(a, b) != b:
                return False
        elif a != b:
            return False
    return _is_closed(block, places, lines)


def _linear(token: str, step: int, begin: int, unit: int, name: str) -> str:
    """A number that grows by a step, where the loop's variable grows by a unit from its beginning."""
    if not step:
        return token
    if step % unit:
        return f"({token} + ({name} - {begin}) * {step} // {unit})"
    factor = step // unit
    rest = int(token) - factor * begin
    text = name if factor == 1 else f"{factor} * {name}"
    return text if not rest else f"{text} {'+' if rest > 0 else '-'} {abs(rest)}"
