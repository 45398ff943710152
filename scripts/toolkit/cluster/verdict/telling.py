"""What is said while a rollout goes on: what changed, and from time to time what is still awaited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from toolkit.base.spaces import Space
from toolkit.cluster.diagnosis.finding import Finding
from toolkit.cluster.diagnosis.kinds import table
from toolkit.cluster.diagnosis.kinds.rule import Applied, State, View
from toolkit.cluster.verdict.patience import Patience
from toolkit.cluster.verdict.timeline import Timeline


class Teller:
    """Says each thing once, to the person at the terminal and into the timeline."""

    def __init__(self, space: Space, timeline: Timeline) -> None:
        self.space = space
        self.timeline = timeline
        self._said: dict[str, str] = {}

    def changes(
        self,
        applied: Sequence[Applied],
        views: Mapping[str, View],
        findings: Iterable[Finding],
        patience: Patience,
    ) -> bool:
        """Say what is new; whether there was anything."""
        spoke = False
        for each in applied:
            said = line(each, views.get(each.shown))
            if self._once(each.shown, said):
                self.timeline.add(said)
                spoke = True
        for finding in findings:
            if patience.is_news(finding):
                spoke = self._once(" ".join(finding.key), f"{finding.severity}: {finding.clause}") or spoke
        return spoke

    def waiting(
        self, left: float, lines: Iterable[str], findings: Sequence[Finding], troubles: Iterable[str]
    ) -> None:
        """Say what is still awaited; left in seconds."""
        for each in lines:
            self.space.say(f"still waiting (for at most {left:.0f} s more): {each}")
        for finding in findings[:3]:
            self.space.say(f"  {finding.clause}")
        for reason in dict.fromkeys(troubles):
            self.space.say(f"  {reason}")

    def trouble(self, reason: str, *, over: bool) -> None:
        """Say that the cluster cannot be seen, and when it can be seen again (over)."""
        before = self._said.get("trouble", "")
        if reason and reason != before:
            self.timeline.add(f"the cluster cannot be seen: {reason}")
            self.space.say(f"{reason}; trying again")
        elif before and not reason and over:
            self.timeline.add("the cluster can be seen again")
            self.space.say("the cluster answers again")
        else:
            return
        self._said["trouble"] = reason

    def _once(self, key: str, said: str) -> bool:
        if not said or self._said.get(key) == said:
            return False
        self._said[key] = said
        self.space.say(said)
        return True


def line(each: Applied, view: View | None) -> str:
    """How far an object is; "" when there is nothing to say of it."""
    if view is None or not view.said:
        return ""
    if each.kind in table.RUNNING:
        return f"{each.name}: {view.said}"
    return f"{each.shown}: {view.said}" if view.state is State.WAITING else ""


def awaited(applied: Iterable[Applied], views: Mapping[str, View]) -> list[str]:
    """How far each object is that is still awaited."""
    found = []
    for each in applied:
        view = views.get(each.shown)
        if view is None or view.state is State.WAITING:
            named = each.name if each.kind in table.RUNNING else each.shown
            found.append(line(each, view) or f"{named}: not seen yet")
    return found
