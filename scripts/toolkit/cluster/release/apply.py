"""Server-side apply of an app's objects, those of one rank side by side; and restarts that are asked for."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from toolkit.base.outcome import Failed
from toolkit.cluster.api.connection import FIELD_MANAGER, Connection
from toolkit.cluster.api.errors import ApiError, is_manifests
from toolkit.cluster.api.transport import NOBODY_ACTS
from toolkit.cluster.release import accounts
from toolkit.cluster.release.changing import unions
from toolkit.cluster.release.ordering import JOB, WORKLOADS, phases, rows, runs_once
from toolkit.cluster.release.scaling import autoscaled, left_behind, without_replicas
from toolkit.objects import manifests
from toolkit.objects.fields import condition, mapping, number, shown, text
from toolkit.objects.resources import Key, is_a, key_of, named

__all__ = ["WORKLOADS", "apply", "autoscaled", "phases", "restart"]

Json = dict[str, Any]

SIDE_BY_SIDE = 4
# The annotation by which kubectl, too, makes the pods of a workload anew.
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
# A manager of its own: what the templates do not say, the next apply neither contests nor takes away.
RESTARTER = f"{FIELD_MANAGER}-restart"


def apply(
    connection: Connection,
    found: Sequence[Json],
    *,
    scaled: frozenset[Key] = frozenset(),
    force: bool = False,
    before: Sequence[Json] = (),
    idle: dict[str, str] | None = None,
) -> list[Json]:
    """Apply the objects in their order; what the API server made of each.

    scaled are the workloads whose replicas an autoscaler owns: theirs are left alone. before holds what was
    applied already, for the words of an error. Into idle go those of which the API server says that nothing
    acts on them, with its words.

    Raises Failed with a sentence per field that belongs to another manager (force takes them over), for all
    objects at once: what is of a higher rank than the first one is asked about then and not written. Whatever
    is raised tells in its evidence what was applied by then.
    """
    applied: list[Json] = []
    conflicts: list[str] = []
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="apply") as executor:
        for row in rows(found):
            tries = [
                _Try(connection, obj, scaled=key_of(obj) in scaled, force=force, dry=bool(conflicts))
                for obj in row
            ]
            list(executor.map(_Try.run, tries))
            applied += [each.made for each in tries if each.made and not each.dry]
            if idle is not None:
                idle |= {named(each.obj): words for each in tries for words in each.warned if _is_idle(words)}
            conflicts += [line for each in tries for line in each.conflicts]
            for each in tries:
                if each.error is not None:
                    each.error.evidence = (*each.error.evidence, *_so_far([*before, *applied]))
                    each.error.unchanged = not before and not applied and all(map(_Try.is_refused, tries))
                    raise each.error
    if conflicts:
        error = Failed(
            f"{len(conflicts)} field(s) belong to another manager: {conflicts[0]}",
            remedy=f"undo that change by hand, or take the fields over: {_take_over(connection, found)}",
            evidence=[*conflicts, *_so_far([*before, *applied])],
        )
        error.unchanged = not before and not applied
        raise error
    return applied


def _is_idle(said: str) -> bool:
    return NOBODY_ACTS in said


class _Try:
    """One object's apply: made, or conflicts (a line per field), or error. dry only looks for conflicts."""

    def __init__(self, connection: Connection, obj: Json, *, scaled: bool, force: bool, dry: bool) -> None:
        self.connection = connection
        self.obj = obj
        self.scaled = scaled
        self.force = force
        self.dry = dry
        self.made: Json | None = None
        self.conflicts: list[str] = []
        self.warned: list[str] = []
        self.error: Failed | None = None

    def run(self) -> None:
        try:
            self.made = self._apply()
        except ApiError as error:
            if error.status == 409 and error.causes:
                self.conflicts = [f"{shown(self.obj)}: {conflict(cause)}" for cause in error.causes]
            elif not self.dry:  # an object is asked about only because of another one's conflicts
                self.error = error
        except Failed as error:
            self.error = error

    def is_refused(self) -> bool:
        """Whether the API server said no before it wrote anything."""
        if self.error is None:
            return bool(self.conflicts)
        refused = isinstance(self.error, ApiError) and (
            400 <= self.error.status < 500 or is_manifests(self.error) or "webhook" in self.error.reason
        )
        return refused and not runs_once(self.obj)  # of those another one may be gone by then

    def _apply(self) -> Json:
        path = self.connection.path_of(self.obj)
        once = runs_once(self.obj)
        if once and self.obj["kind"] != JOB and not self.dry:
            self._clear_away(path)
        try:
            made = self._send(path)
        except ApiError as error:
            if error.status == 409 and left_behind(error.causes):
                # The autoscaler is gone, and what it set nobody defends; or it has just set another number.
                return self._send(path, force=not self.scaled)
            if error.status != 422 or self.dry:
                raise
            if once:
                return self._replace_job(path)
            if not self._took_out(path):
                raise
            made = self._send(path)
        if is_a(self.obj, JOB) and condition(made, "Failed").get("status") == "True" and not self.dry:
            return self._replace_job(path)
        again = accounts.given_back(self.obj, made)
        if again is not None:
            self.obj = again
            return self._send(path)
        return made

    def _send(self, path: str, *, force: bool = False) -> Json:
        obj = without_replicas(self.obj, self.connection.find(path)) if self.scaled else self.obj
        return self.connection.apply(
            path, obj, force=force or self.force, dry_run=self.dry, warnings=self.warned
        )

    def _clear_away(self, path: str) -> None:
        """Take away a Pod that is over, unless it did the very same: another image in it runs nothing."""
        live = self.connection.find(path)
        phase = text(live, "status", "phase")
        if live is None or phase not in ("Succeeded", "Failed"):
            return
        if phase == "Succeeded":
            try:
                asked = self.connection.apply(path, self.obj, force=self.force, dry_run=True)
            except ApiError as error:
                if error.status != 422:  # of what may be changed, and of all else, the apply itself tells
                    return
            else:
                if mapping(asked, "spec") == mapping(live, "spec"):
                    return
        uid = text(live, "metadata", "uid")
        self.connection.delete(path, uid=uid)
        self.connection.wait_gone(path, uid)

    def _took_out(self, path: str) -> bool:
        """Whether what may not stay beside the new choice of a union is the pipeline's to take out now."""
        live = self.connection.find(path)
        left = unions.left_over(self.obj, live)
        if live is None or not left or any(each.owner for each in left):
            return False
        unions.own(self.connection, live, left)
        return True

    def _replace_job(self, path: str) -> Json:
        """A Job's template cannot change, and one that failed is not tried again: the new one replaces it."""
        live = self.connection.get(path)
        if mapping(live, "status").get("active") or text(live, "status", "phase") in ("Pending", "Running"):
            raise Failed(
                f"{shown(self.obj)} of an earlier deployment still runs and cannot be changed",
                remedy="wait for it to end, or delete it, and deploy again",
            )
        uid = text(live, "metadata", "uid")
        self.connection.delete(path, uid=uid)
        self.connection.wait_gone(path, uid)
        return self._send(path)


def conflict(cause: Json) -> str:
    """conflict with "kubectl" using apps/v1 (.spec.replicas) -> a sentence."""
    field = text(cause, "field").lstrip(".")
    said = text(cause, "message")
    manager = said.split('"')[1] if said.count('"') >= 2 else said
    return f'{field} belongs to "{manager}"'


def _take_over(connection: Connection, found: Sequence[Json]) -> str:
    groups = (text(obj, "metadata", "labels", manifests.APP_GROUP) for obj in found)
    app = next((group.removeprefix("fb-") for group in groups if group), "...")
    return f"make deploy APP={app} ENV={connection.space} TAKE_OVER=1"


def _so_far(applied: Sequence[Json]) -> list[str]:
    if not applied:
        return ["nothing was applied"]
    return [f"{len(applied)} object(s) were applied before: {', '.join(shown(obj) for obj in applied)}"]


def restart(connection: Connection, applied: Sequence[Json]) -> list[Json]:
    """Make the pods of workloads anew, though nothing changed; the API server's newest answers in place.

    applied are its answers to the apply. What has just been created has no pods yet and is left as it is.
    """
    at = datetime.datetime.now(datetime.UTC).isoformat()  # to the microsecond: twice in a second is twice
    return [_restarted(connection, obj, at) if _has_pods(obj) else obj for obj in applied]


def _has_pods(obj: Json) -> bool:
    seen = number(obj, "status", "observedGeneration")
    return is_a(obj, *WORKLOADS) and (seen > 0 or number(obj, "metadata", "generation") > 1)


def _restarted(connection: Connection, obj: Json, at: str) -> Json:
    uid = text(obj, "metadata", "uid")
    template = {"metadata": {"annotations": {RESTARTED_AT: at}}}
    return connection.json(
        "PATCH",
        connection.path_of(obj),
        query={"fieldManager": RESTARTER},
        body={"metadata": {"uid": uid}, "spec": {"template": template}},
        content_type="application/merge-patch+json",
        doing=f"restarting {shown(obj)}",
    )
