"""The result, object by object: a row each, for the terminal and for the record. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from toolkit.base.table import aligned
from toolkit.cluster.diagnosis.finding import Finding, Severity
from toolkit.cluster.diagnosis.kinds import table
from toolkit.cluster.diagnosis.kinds.rule import Applied, State, View
from toolkit.objects.fields import at, name

# In the details of an outcome: the rows.
OBJECTS = "objects"
# As long as a line of the table gets; the record has all of it.
LONGEST = 150
MOST_CLAUSES = 6


# What a person looks for stands first.
_GRAVITY = (
    *(State.FAILED, State.TIMED_OUT, State.WAITING, State.NOT_APPLIED),
    *(State.UNJUDGED, State.GOOD),
)


class Row(NamedTuple):
    """What became of one object. cause is "" unless it failed or timed out with one."""

    object: str
    state: State
    said: str
    cause: str = ""

    @property
    def json(self) -> dict[str, str]:
        """For the record."""
        return {"object": self.object, "state": str(self.state), "cause": self.cause, "said": self.said}


def rows(
    applied: Sequence[Applied],
    views: Mapping[str, View],
    fatal: Sequence[Finding] = (),
    overdue: Iterable[str] = (),
) -> list[Row]:
    """A row for each object that is judged. fatal is what dooms the rollout, overdue whose time was up."""
    late = set(overdue)
    return [_row(each, views.get(each.shown), fatal, late) for each in applied]


def _row(each: Applied, view: View | None, fatal: Sequence[Finding], late: set[str]) -> Row:
    if view is None:
        return Row(each.shown, State.TIMED_OUT if each.shown in late else State.WAITING, "not seen yet")
    grave = {finding.key: finding for finding in fatal}
    mine = [grave[finding.key] for finding in view.findings if finding.key in grave]
    if mine:
        others = [f for f in view.findings if f.key not in grave and f.severity is Severity.SUSPICIOUS]
        # What time might have healed was not in time: that it failed was never proven.
        state = State.TIMED_OUT if all(finding.heals for finding in mine) else State.FAILED
        return Row(each.shown, state, clauses([*mine, *others]), str(mine[0].cause))
    if view.state in (State.GOOD, State.UNJUDGED):
        return Row(each.shown, view.state, view.said)
    said = clauses(view.findings)
    cause = str(view.findings[0].cause) if view.findings else ""
    if each.shown in late:
        return Row(each.shown, State.TIMED_OUT, "; ".join(filter(None, (view.said, said))), cause)
    return Row(each.shown, State.WAITING, view.said or said)


def clauses(findings: Sequence[Finding]) -> str:
    """Every failing container and object once; pods of one kind that fail alike are counted."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for each in findings:
        about = "Pod" if each.object.startswith("Pod/") else each.object
        alike.setdefault((str(each.cause), about, each.container), []).append(each)
    said = []
    for group in list(alike.values())[:MOST_CLAUSES]:
        more = f" (and {len(group) - 1} more alike)" if len(group) > 1 else ""
        said.append(f"{group[0].cause}: {group[0].clause}{more}")
    left = len(alike) - MOST_CLAUSES
    return "; ".join([*said, *([f"and {left} more"] if left > 0 else [])])


def data(applied: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows for what is done once it was applied."""
    return [Row(_shown(obj), State.GOOD, "applied") for obj in applied]


def left_out(early: Iterable[Mapping[str, Any]], rest: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows for what nobody looked at, because what had to come before it failed."""
    unseen = "it was applied, and the release ended before it was looked at"
    found = [
        Row(_shown(obj), State.GOOD, "applied")
        if table.is_data(table.kind_of(dict(obj)))
        else Row(_shown(obj), State.UNJUDGED, unseen)
        for obj in early
    ]
    return [*found, *(Row(_shown(obj), State.NOT_APPLIED, "what comes before it failed") for obj in rest)]


def _shown(obj: Mapping[str, Any]) -> str:
    return f"{table.kind_of(dict(obj))}/{name(obj)}"


def lines(found: Sequence[Row]) -> list[str]:
    """The table, for a terminal: what is only data in one line, the rest each in one of its own."""
    plain = [row for row in found if row.state is State.GOOD and _is_data(row)]
    rest = sorted((row for row in found if row not in plain), key=lambda row: _GRAVITY.index(row.state))
    kinds = Counter(row.object.partition("/")[0] for row in plain)
    cells = [(row.object, str(row.state), _cut(row.said)) for row in rest]
    if plain:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        cells.append((counted, str(State.GOOD), "applied"))
    return [line.rstrip() for line in aligned(cells)] if cells else []


def idle(applied: Sequence[Applied]) -> str:
    """For the end of a reason: what is to have no pods, and so is there and does nothing; "" for nothing."""
    names = [each.shown for each in applied if at(each.object, "spec", "replicas") == 0]
    if not names:
        return ""
    verb = "wants" if len(names) == 1 else "want"
    ask = "if it is to run, ask for 1 replica or more in its manifest"
    return f"; {_some(names)} {verb} no pods (replicas: 0), nothing of it runs: {ask}"


def unjudged(found: Sequence[Row]) -> str:
    """For the end of a reason: what was not judged; "" for nothing."""
    names = [row.object for row in found if row.state is State.UNJUDGED]
    return f"; not judged: {_some(names)}" if names else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _is_data(row: Row) -> bool:
    return table.is_data(row.object.partition("/")[0])


def _cut(said: str) -> str:
    flat = " ".join(said.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"
