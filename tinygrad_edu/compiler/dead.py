"""Dead code: which steps of a program matter for anything that is seen of it."""

from collections.abc import Iterable

from .program import Call, Check, Program, Ref, refs_in


def needed(program: Program, results: list[Ref]) -> set[int]:
    """The places of the steps that matter: for a result, a check, or what is there after the step."""

    def owners(refs: Iterable[Ref]) -> set[int]:
        return {program.owner(r) for r in refs}

    there, live = owners(program.inputs), set()
    wanted, looked_at = set(results), owners(results)
    for i in reversed(range(len(program.steps))):
        step = program.steps[i]
        if isinstance(step, Check):
            reads = [step.ref]
        elif isinstance(step, Call):
            writes = owners(step.writes)
            if wanted.isdisjoint(step.outputs) and not writes & (there | looked_at):
                continue
            reads, looked_at = [*refs_in(step.args), *refs_in(step.kwargs)], looked_at | writes
        else:
            reads = []
        live.add(i)
        wanted.update(reads)
        looked_at |= owners(reads)
    return live
