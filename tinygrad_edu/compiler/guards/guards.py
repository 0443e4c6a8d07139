"""What is asked before every step: that all is as it was, on which a trace has depended."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..program import Call, Live, Program, owner_of
from ..state.caches import cached
from ..state.places import Place
from .conditions import (
    Names,
    is_same,
    of_arguments,
    of_attributes,
    of_counts,
    of_distances,
    of_form,
    of_gradients,
    of_identities,
    of_length,
    of_shapes,
    of_tensors,
)


def guards(
    one: Any, asked: list[tuple[Place, Any]], arrays: list[str], leaves: list[tuple[Any, Any]],
    constants: list[Any], name: Names,
) -> list[tuple[str, list[str]]]:  # fmt: skip
    """Conditions as texts, in groups, each with words that say what is otherwise where they do not hold.

    Parameters
    ----------
    one : Specialization
    asked : list of (Place, object)
        The places that are looked at, with what they held.
    arrays : list of str
        What the arrays of the arguments are called.
    leaves : list of (Leaf, Tensor or None)
        The variables whose gradients from before are of matter, with these.
    constants : list of Tensor
        The tensors that are no variables.
    name : Names
    """
    run, program = one.run, one.run.program
    counts = [
        (pack, optimizer, phases(program, optimizer, pack, before["counts"]), is_even(before["counts"]))
        for optimizer, pack, before in run.swap.packs
    ]
    apart = [f"apart({a})" for a in arrays] if program.reordered else []
    return [
        ("other shapes, dtypes or values of arguments", of_arguments(run.layout.kinds, name)),
        ("arguments that are one object, or that the step can reach", of_identities(run.layout, name)),
        ("a constant that became a variable", of_tensors(constants, name)),
        ("gradients that were there, or not, before the step", of_gradients(leaves, name)),
        ("another count of steps", of_counts(counts, name)),
        *((f"another {p.name!r}", [is_same(p.text(name), value, name)]) for p, value in asked),
        *((what, [condition]) for what, condition in of_containers(one, name)),
        *of_surroundings(one, name),
        ("an argument that shares memory with what the step writes", apart),
        ("arguments that share memory", of_distances(program, run.layout.refs, arrays)),
    ]


def of_containers(one: Any, name: Names) -> Iterator[tuple[str, str]]:
    """What is otherwise, and the condition that it is not, of containers, arrays, modules and caches."""
    state, sizes = one.run.state, asked_sizes(one.run.state)
    for n, container, content in state.contents:
        yield f"another content of {n!r}", f"content_of({name(container)}) == {name(content)}"
    for known, names in state.missing.values():
        for n in sorted(names):
            yield f"a new global {n!r}", f"{n!r} not in {name(known)}"
    for n, container, size in sizes:
        yield f"another length of {n!r}", of_length(container, size, name)
    for n, _, text in forms(one, name):
        yield f"another form of {n!r}", text
    if arrays := shaped(state):
        yield "another shape of a tensor's array", of_shapes(arrays, name, hasattr(one.source, "language"))
    for n, module, names in state.attributes:
        yield f"another attribute of {n!r}", of_attributes(module, names, name)
    for n, container, size in sizes:
        if isinstance(container, dict) and size > 1 and not n.startswith("__"):
            yield f"another order of {n!r}", f"[*{name(container)}] == {name([*container])}"
    for n, function, _ in state.caches.found:
        f, what = name(function), f"another content of the cache of {n!r}"
        yield what, f"{f}.cache_info().misses == {function.cache_info().misses}"
        yield what, f"cached({f}).keys() == {name(cached(function))}.keys()"


def of_surroundings(one: Any, name: Names) -> Iterator[tuple[str, list[str]]]:
    """What is done about errors of floating-point numbers, and where random numbers come from."""
    run = one.run
    if (
        run.state.sets_errors
        or sum(how != "ignore" for how in run.ambient.values()) < 3  # what this package ignores may be all
        or any(len({*s.errors.values()}) > 1 for s in run.program.steps if isinstance(s, Call) and s.errors)
    ):
        yield "another numpy.errstate", [f"geterr() == {name(run.ambient)}"]
    yield "another numpy.errstate", one.source.conditions(name)
    if run.drawn_from is not None:
        default = [f"default().value is {name(run.drawn_from[0], 'r')}"]
        yield "another default generator, by seed", default


def asked_sizes(state: Any) -> list[tuple[str, Any, int]]:
    """Containers, with their names, that are to have as many items."""
    spaces = (s for s in state.spaces if state.asks_for_absence or type(s[1]) is not dict)
    return [*state.sizes, *spaces]


def forms(one: Any, name: Names) -> list[tuple[str, Any, str]]:
    """The user's arrays that a step reads, with their names, and the conditions on their forms."""
    program = one.run.program
    written = {
        id(owner_of(program.values[w.number]))
        for step in program.steps if isinstance(step, Call) for w in step.writes
    }  # fmt: skip
    arrays = {
        id(v): (p.name, v) for p, v in one.run.state.places if type(v) is np.ndarray and not p.of_optimizer
    }
    return [(n, v, of_form(v, id(owner_of(v)) in written, name)) for n, v in arrays.values() if v.size]


def shaped(state: Any) -> list[Any]:
    """The arrays of tensors, of which nobody counts that ``p.data.shape`` is set."""
    return [t._array for t in state.tensors.values() if type(t._array) is np.ndarray]


def is_even(counts: list[int]) -> bool:
    """Whether all parameters have made as many steps."""
    return counts.count(counts[0]) == len(counts)


def phases(program: Program, optimizer: Any, pack: Any, counts: list[int]) -> list[tuple[int, int, Any]]:
    """The phase of each step that a call makes, of all parameters of a pack or of one, behind the number of
    the parameter whose count says it, and how many steps of that come before in the call.
    """
    lives = [s.of for s in program.steps if isinstance(s, Live) and s.of is not None and s.of[0] is pack]
    own = [i or 0 for *_, i in lives]
    steps = [(i, own[: k + 1].count(i)) for k, i in enumerate(own)]
    return [(i, k, optimizer.phase(pack.group, counts[i] + k)) for i, k in steps]
