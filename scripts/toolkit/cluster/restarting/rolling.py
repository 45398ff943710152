"""Wave by wave: each workload is changed, followed to a verdict, and the first doomed wave is the last.

A workload that is paused is left alone, one that wants no pods is changed and not judged, and one that did
not stand before comes last and dooms nothing: what is wrong with it is not this release's doing. What
somebody else changes or takes away meanwhile is theirs, and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from toolkit.base.outcome import Outcome
from toolkit.base.spaces import Space
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.diagnosis import progress
from toolkit.cluster.diagnosis.kinds.rule import State
from toolkit.cluster.release import lock
from toolkit.cluster.release.apply import RESTARTER, SIDE_BY_SIDE
from toolkit.cluster.restarting import ownership, partials
from toolkit.cluster.standing import ill
from toolkit.cluster.verdict import rollout
from toolkit.cluster.verdict.result import Row, unjudged
from toolkit.cluster.verdict.rollout import Verdict
from toolkit.objects.fields import at, mapping, name, number, objects, shown, text, uid
from toolkit.settings.model import App

Json = dict[str, Any]
TRIES = 5
_GONE = "is not there any more: somebody took it away"
_THEIRS = "was changed by somebody else meanwhile: left as it is"
_PAUSED = "is paused: left as it is"
_IDLE = "wants no pods: it has what was released, and nothing of it runs"
_NOT_REACHED = "not changed: the release ended before its turn"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


class Waves:
    """One release, or one going back (returning: all at once, and every one of them is tried)."""

    def __init__(
        self,
        connection: Connection,
        app: App,
        namespace: str,
        space: Space,
        held: lock.Held,
        *,
        returning: bool = False,
        factor: float | None = None,
    ) -> None:
        self.connection, self.app, self.namespace = connection, app, namespace
        self.space, self.held = space, held
        self.returning, self.factor = returning, factor
        self.rows: list[Row] = []
        self.restarts: dict[str, int] = {}
        self.timeline: list[tuple[str, str]] = []

    def roll(self, found: Sequence[Json], deadline: float) -> Verdict:
        """The verdict on all of them. Raises Failed when one is refused or the lock is lost, Interrupted."""
        restart = self.app.restart
        assert restart is not None  # noqa: S101
        sound, ailing = self._sorted(found)
        if self.returning:
            waves = [sound] if sound else []
        else:
            waves = partials.waves(sound, restart.size(len(sound)))
        last = Verdict(Outcome(), {})
        for number_, wave in enumerate(waves, start=1):
            self.space.say(f"wave {number_} of {len(waves)}: {', '.join(map(shown, wave))}")
            last = self._wave(wave, deadline)
            if not last.outcome.passed:
                left = [each for rest in waves[number_:] for each in rest] + ailing
                self.rows += [Row(shown(each), State.NOT_APPLIED, _NOT_REACHED) for each in left]
                reason = last.outcome.reason if len(waves) == 1 else self._named(last, number_, len(waves))
                return replace(last, outcome=last.outcome._replace(reason=reason), rows=tuple(self.rows))
        if ailing:
            self.space.say(f"did not stand before this release: {', '.join(map(shown, ailing))}")
            self._ailing(ailing, deadline)
        good = [row for row in self.rows if row.state is State.GOOD]
        reason = f"is rolled out to {len(good)} of {len(found)} workloads{unjudged(self.rows)}"
        scene = last.scene._replace(timeline=tuple(self.timeline))
        return Verdict(Outcome(reason=reason), self.restarts, scene, tuple(self.rows))

    def _named(self, verdict: Verdict, number_: int, count: int) -> str:
        return f"{verdict.outcome.reason} (wave {number_} of {count}, the rest was not touched)"

    def _sorted(self, found: Sequence[Json]) -> tuple[list[Json], list[Json]]:
        """Those to change that stood before, and those that did not; of the others a row says why not."""
        sound, ailing = [], []
        for wanted, live in zip(found, self._live(found), strict=True):
            if live is None:
                self._leave(wanted, _GONE)
            elif at(live, "spec", "paused") is True:
                self._leave(wanted, _PAUSED)
            elif progress.stands({**live, "kind": wanted["kind"]}) or self.returning:
                sound.append(wanted)
            elif partials.is_there(live, wanted) and not ill.is_marked(wanted):
                sound.append(wanted)  # on its way there: it is this release's to judge
            else:
                ailing.append(wanted)
        return sound, ailing

    def _wave(self, wave: Sequence[Json], deadline: float) -> Verdict:
        self.space.check()
        self.held.assure()
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="restart") as pool:
            answers = [*pool.map(self._change, wave)]
        changed = [(want, made) for want, made in zip(wave, answers, strict=True) if made is not None]
        awaited = [(want, made) for want, made in changed if not self._is_idle(made)]
        for want, _ in [each for each in changed if each not in awaited]:
            self._leave(want, _IDLE)
        while True:
            if not awaited:
                return Verdict(Outcome(reason="nothing to judge"), {})
            verdict = rollout.follow(
                self.connection,
                self.namespace,
                self.app.restart.selector if self.app.restart else "",
                [made for _, made in awaited],
                self.space,
                deadline=deadline,
                held=self.held.check,
                judging=self.app.judge,
                factor=self.factor,
            )
            self.timeline += verdict.scene.timeline
            ours = [] if verdict.outcome.passed else self._still_ours(awaited)
            if verdict.outcome.passed or len(ours) == len(awaited):
                self.rows += verdict.rows
                self.restarts |= verdict.restarts
                return verdict
            awaited = ours  # the verdict was about what is somebody else's by now

    def _still_ours(self, awaited: list[tuple[Json, Json]]) -> list[tuple[Json, Json]]:
        kept = []
        lives = self._live([want for want, _ in awaited])
        for (want, made), live in zip(awaited, lives, strict=True):
            if live is None or uid(live) != uid(made):
                self._leave(want, _GONE)
            elif not partials.is_there(live, want):
                self._leave(want, _THEIRS)
            else:
                kept.append((want, made))
        return kept

    def _ailing(self, found: Sequence[Json], deadline: float) -> None:
        """Change them too: the release may be what mends them. What fails is told and no failure."""
        before = len(self.rows)
        verdict = self._wave(found, deadline)
        if verdict.outcome.passed:
            return
        why = f"it did not stand before either: {verdict.outcome.reason}"
        self.space.say(f"warning: not judged, {why}")
        self.rows[before:] = [
            row if row.state in (State.GOOD, State.UNJUDGED) else Row(row.object, State.UNJUDGED, why)
            for row in self.rows[before:]
        ]

    def _change(self, wanted: Json) -> Json | None:
        """Change one, unless it is so already; None where it is left to somebody else."""
        path = self.connection.path_of(wanted)
        for _ in range(TRIES):
            live = self.connection.find(path)
            if live is None:
                self._leave(wanted, _GONE)
                return None
            if partials.is_there(live, wanted):
                return {**live, "kind": wanted["kind"], "apiVersion": wanted["apiVersion"]}
            was = partials.before(wanted)
            if was and partials.state(live, wanted) != was:
                self._leave(wanted, _THEIRS)
                return None
            version = text(live, "metadata", "resourceVersion")
            body = {
                "metadata": {"uid": uid(live), "resourceVersion": version},
                "spec": wanted["spec"],
            }
            try:
                made = self._patch(path, body, _STRATEGIC, f"restarting {shown(wanted)}")
            except ApiError as error:
                if error.status == 404:
                    continue
                if error.status != 409:
                    raise
                continue  # its controller, or its maker, wrote in between
            self._hand_back(path, wanted, live, made)
            return {**made, "kind": wanted["kind"], "apiVersion": wanted["apiVersion"]}
        self._leave(wanted, _THEIRS)
        return None

    def _hand_back(self, path: str, wanted: Json, live: Json, made: Json) -> None:
        """Leave the changed fields to those who had them, so that their next apply is no conflict."""
        names = [partials.name_of(each) for each in objects(wanted, "spec", "template", "spec", "containers")]
        before = objects(live, "metadata", "managedFields")
        if not names or not before:
            return
        for _ in range(TRIES):
            after = objects(made, "metadata", "managedFields")
            fields = ownership.handed_back(before, after, names, RESTARTER)
            version = text(made, "metadata", "resourceVersion")
            body = {"metadata": {"managedFields": fields, "resourceVersion": version}}
            try:
                self._patch(path, body, _MERGE, f"handing back fields of {shown(wanted)}")
            except ApiError as error:
                again = self.connection.find(path) if error.status == 409 else None
                if error.status not in (404, 409):
                    raise
                if again is None:
                    return
                made = again
            else:
                return

    def _patch(self, path: str, body: Json, kind: str, doing: str) -> Json:
        query = {"fieldManager": RESTARTER}
        return self.connection.json("PATCH", path, query=query, body=body, content_type=kind, doing=doing)

    def _live(self, found: Sequence[Json]) -> list[Json | None]:
        """Each as it is now: a list a kind, not a request for each."""
        known: dict[tuple[str, str], Json] = {}
        for kind in dict.fromkeys(text(each, "kind") for each in found):
            path = self.connection.resource("apps/v1", kind).path(self.namespace)
            selector = self.app.restart.selector if self.app.restart else ""
            for each in self.connection.list(path, labelSelector=selector)["items"]:
                if not at(each, "metadata", "deletionTimestamp"):
                    known[kind, name(each)] = each
        return [known.get((text(each, "kind"), name(each))) for each in found]

    def _is_idle(self, made: Json) -> bool:
        return "replicas" in mapping(made, "spec") and number(made, "spec", "replicas", default=1) == 0

    def _leave(self, wanted: Json, why: str) -> None:
        self.space.say(f"{shown(wanted)} {why}")
        self.rows.append(Row(shown(wanted), State.UNJUDGED, why))
