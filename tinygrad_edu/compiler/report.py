"""Report: what there is of a compiled function, and why, in words."""

from typing import Any


def report_of(compiled: Any, useless: int) -> str:
    """Each trace of a function, what was not traced, and how many were useless, if too many were."""
    traces, calls = compiled.traces, compiled.eager
    counted = f"{traces} trace{'s' * (traces != 1)}, {calls} call{'s' * (calls != 1)}"
    lines = [f"{compiled._name}: {counted} as it is"]
    if useless:
        lines[0] += f"; after {useless} traces for a call each, what fits none of them runs as it is"
    lines += [f"  could not be traced, and ran as it is: {why}" for why in dict.fromkeys(compiled.failures)]
    for one in compiled.specializations:
        program, source = one.run.program, one.source
        lines.append(
            f"  {source.title}: traced for {one.reason}; {source.lines} lines, "
            f"{len(one.checks)} checks of values, {source.size:,} bytes of buffers, "
            f"{len(program.inputs)} arrays from outside"
        )
        traced, made = (seconds * 1000 for seconds in one.took)
        lines.append(f"    traced in {traced:.0f} ms, a call among them, and made ready in {made:.0f} ms")
        lines += [f"    {line}" for line in source.report()]
        outside = dict.fromkeys(
            [*(f"{a.name}, a list" for a in one.run.appended), *(p.name for p in one.run.assigned)]
        )
        lines += [f"    changes outside of it: {name}" for name in outside]
        lines += [f"    a check of values in {where}" for where in dict.fromkeys(c.where for c in one.checks)]
    return "\n".join(lines)
