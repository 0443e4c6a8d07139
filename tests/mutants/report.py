"""What a hunt found, in words; survivors that change nothing are explained in ``equivalent.txt``."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .hunt import Hunt, Hunted

EQUIVALENT = Path(__file__).with_name("equivalent.txt")
FATES = ("killed", "timeout", "equivalent", "survived", "never run", "invalid")
Reasons = dict[tuple[str, str, str], str]


def reasons(text: str) -> Reasons:
    """The explained mutants, by file and the lines before and after: blocks of ``file: reason``, - and +."""
    found = {}
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            head, before, *after = lines
            file, _, reason = head.partition(": ")
            for line in after:
                found[file, before.removeprefix("- "), line.removeprefix("+ ")] = reason
    return found


def explained(results: Iterable[Hunted], known: Reasons) -> list[Hunted]:
    """The results, in which survivors that are known to change nothing are equivalent."""
    out = []
    for r in results:
        reason = known.get((r.mutant.file, r.mutant.before, r.mutant.after))
        lives = r.fate in ("survived", "never run")
        out.append(Hunted(r.mutant, "equivalent", reason) if lives and reason else r)
    return out


def table(title: str, results: list[Hunted], of: dict[str, str]) -> list[str]:
    """Lines that count the fates, one for each group of mutants."""
    groups = dict.fromkeys(of[str(r.mutant)] for r in results)
    lines = [f"{title:24}" + "".join(f"{fate:>11}" for fate in FATES)]
    for group in [*groups, "all"]:
        counts = Counter(r.fate for r in results if group in ("all", of[str(r.mutant)]))
        lines.append(f"{group:24}" + "".join(f"{counts[fate]:>11}" for fate in FATES))
    return lines


def report(hunt: Hunt) -> str:
    """The whole report."""
    results = explained(hunt.results, known())
    lines = table("file", results, {str(r.mutant): r.mutant.file for r in results})
    lines += ["", *table("change", results, {str(r.mutant): r.mutant.operator for r in results}), ""]
    killed = sum(r.fate in ("killed", "timeout") for r in results)
    judged = sum(r.fate not in ("equivalent", "invalid") for r in results)
    lines += [
        f"{sum(hunt.made.values())} mutants can be made, {len(results)} were tried, of the sample with the "
        f"seed {hunt.options.seed}; of the {judged} neither equivalent nor invalid {killed} were killed"
        + (f": {killed / judged:.1%}" if judged else ""),
        f"unmutated: {hunt.tests} tests, {len(hunt.broken)} of them failed and were left out",
        *(f"  {name}" for name in hunt.broken[:20]),
    ]
    return "\n".join(lines)


def listed(result: Hunted) -> str:
    """A survivor as a change of a line, in the form of the list of equivalents."""
    m = result.mutant
    head = f"# line {m.line}, {m.operator}: {result.fate} {result.killer}\n{m.file}: "
    return f"{head}\n- {m.before}\n+ {m.after}\n\n"


def known() -> Reasons:
    """The mutants that are explained."""
    return reasons(EQUIVALENT.read_text()) if EQUIVALENT.exists() else {}
