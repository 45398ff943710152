"""What the API server says to each object before it is written: a dry run of exactly what will be applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError, is_namespace_missing
from toolkit.cluster.preflight import ownership, refusals
from toolkit.cluster.preflight.problem import Problem
from toolkit.cluster.release import scaling
from toolkit.cluster.release.apply import conflict
from toolkit.cluster.release.ordering import runs_once
from toolkit.objects.fields import mapping, shown, text
from toolkit.objects.resources import Resource

Json = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """One object after its dry run. live: as it is (None: not there, or not to be read); made: as it would
    be (None: refused, or not tried); is_new: certainly not there; is_denied: the credential may not;
    is_short: a quota has no room for it; is_homeless: there is no such namespace."""

    obj: Json
    resource: Resource | None = None
    live: Json | None = None
    made: Json | None = None
    is_new: bool = False
    is_denied: bool = False
    is_short: bool = False
    is_homeless: bool = False
    problems: tuple[Problem, ...] = ()


class DryRun:
    """The dry runs of one app's objects. Safe to use from several threads.

    scaled names the workloads ("Kind/name") whose replicas an autoscaler owns; force takes over fields.
    """

    def __init__(
        self, connection: Connection, app: str, *, scaled: frozenset[str], force: bool, say: Say
    ) -> None:
        self.connection = connection
        self.app = app
        self.scaled = scaled
        self.force = force
        self.say = say

    def apply(self, obj: Json) -> Tried:
        """An object of the manifests, by server-side apply."""
        tried = self._look(obj)
        if tried.resource is None:
            return tried
        foreign = ownership.stranger(tried.live, self.app, adopt=self.force) if tried.live else None
        if foreign:
            return replace(tried, problems=(foreign,))
        if text(tried.live, "metadata", "deletionTimestamp"):
            going = Problem(shown(obj), "is being deleted", "wait until it is gone, then deploy again")
            return replace(tried, problems=(going,))
        wanted = scaling.without_replicas(obj, tried.live) if shown(obj) in self.scaled else obj
        path = self.connection.path_of(obj)
        try:
            return replace(tried, made=self.connection.apply(path, wanted, force=self.force, dry_run=True))
        except ApiError as error:
            return self._refused(tried, error)

    def create(self, obj: Json) -> Tried:
        """A fixture, by creating it; one that is there is left as it is.

        A new Secret is not tried: what stands in for its values may not be what its type demands.
        """
        tried = self._look(obj)
        if tried.resource is None or not tried.is_new or obj["kind"] == "Secret":
            return tried
        path = tried.resource.path(text(obj, "metadata", "namespace"))
        try:
            made = self.connection.create(path, obj, dryRun="All", fieldValidation="Strict")
        except ApiError as error:
            return self._refused(tried, error)
        return replace(tried, made=made)

    def pod(self, obj: Json, template: Json) -> Tried:
        """A pod of the object's template: what LimitRanges, Pod Security and other admission say to it.

        A ServiceAccount that is not there is left to the check that knows what is on its way.
        """
        namespace, name = text(obj, "metadata", "namespace"), text(obj, "metadata", "name")[:40].rstrip(".-")
        said = {key: mapping(template, "metadata", key) for key in ("labels", "annotations")}
        metadata = {"generateName": f"{name}-", "namespace": namespace, **said}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        try:
            self.connection.create(f"/api/v1/namespaces/{namespace}/pods", pod, dryRun="All")
        except ApiError as error:
            if error.status == 401:
                raise
            elsewhere = refusals.is_permission(error) or refusals.is_account_missing(error)
            if elsewhere or refusals.cannot_tell(error):
                return Tried(obj)
            found = refusals.problems(error, shown(obj))
            found = [each._replace(sentence=f"its pods are refused: {each.sentence}") for each in found]
            return Tried(obj, problems=tuple(found), is_short=refusals.is_quota(error))
        return Tried(obj)

    def _look(self, obj: Json) -> Tried:
        """The object as it is now."""
        try:
            resource = self.connection.resource(text(obj, "apiVersion"), text(obj, "kind"))
        except Misused as error:
            remedy = "correct apiVersion and kind, or install what serves it (a CustomResourceDefinition)"
            return Tried(obj, problems=(Problem(shown(obj), error.reason, remedy),))
        tried = Tried(obj, resource)
        try:
            live = self.connection.find(self.connection.path_of(obj))
        except ApiError as error:
            if not refusals.is_permission(error):
                raise
            self.say(f"{shown(obj)}: may not be read, so whose it is could not be asked")
            return tried
        return replace(tried, live=live, is_new=live is None)

    def _refused(self, tried: Tried, error: ApiError) -> Tried:
        named = shown(tried.obj)
        if error.status == 401:
            raise error
        if is_namespace_missing(error):
            return replace(tried, is_homeless=True)
        if refusals.cannot_tell(error):
            self.say(f"{named}: an admission webhook knows no dry run, so it could not be tried")
            return tried
        if error.status == 404:
            resource = f"{text(tried.obj, 'apiVersion')} {text(tried.obj, 'kind')}"
            remedy = "correct apiVersion and kind, or install what serves it (a CustomResourceDefinition)"
            said = f"cluster {self.connection.cluster.name} does not serve {resource}"
            return replace(tried, problems=(Problem(named, said, remedy),))
        if error.status == 409 and scaling.left_behind(error.causes):
            return tried  # the apply takes over what an autoscaler that is gone has set
        if error.status == 409 and error.causes:
            remedy = "undo that change by hand, or take the field over with --take-over (TAKE_OVER=1)"
            found = [Problem(named, conflict(cause), remedy) for cause in error.causes]
            return replace(tried, problems=tuple(found))
        if runs_once(tried.obj) and tried.live and refusals.is_replaced(error):
            return self._replaced(tried)
        found = refusals.problems(error, named)
        return replace(
            tried,
            problems=tuple(found),
            is_denied=refusals.is_permission(error),
            is_short=refusals.is_quota(error),
        )

    def _replaced(self, tried: Tried) -> Tried:
        """A Job, or a Pod that ends, that changed: one that ended makes way for the new one."""
        runs = text(tried.live, "status", "phase") in ("Pending", "Running")
        if not runs and not mapping(tried.live, "status").get("active"):
            return replace(tried, made=tried.obj)
        sentence = "of an earlier deployment still runs and cannot be changed"
        remedy = "wait for it to end, or delete it, and deploy again"
        return replace(tried, problems=(Problem(shown(tried.obj), sentence, remedy),))
