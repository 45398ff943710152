"""What the API server says to each object before it is written: a dry run of exactly what will be applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from toolkit.base.outcome import Misused
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.errors import ApiError, is_namespace_missing
from toolkit.cluster.preflight.saying import immutable, ownership, refusals, warned
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.cluster.release import scaling
from toolkit.cluster.release.apply import conflict
from toolkit.cluster.release.changing import unions
from toolkit.cluster.release.ordering import runs_once
from toolkit.objects.fields import mapping, objects, shown, text
from toolkit.objects.pods import claims, is_maker, template_of
from toolkit.objects.resources import Key, Resource, is_a, key_of

Json = dict[str, Any]
Say = Callable[[str], None]

_INSTALL = "correct apiVersion and kind, or install what serves it (a CustomResourceDefinition)"


@dataclass(frozen=True)
class Tried:
    """One object after its dry run. live: as it is (None: not there, or not to be read); made: as it would
    be (None: refused, or not tried); is_new: certainly not there; is_denied: the credential may not;
    is_short: a quota has no room for it; is_homeless: there is no such namespace; is_unbound: the role that
    it binds is not there yet."""

    obj: Json
    resource: Resource | None = None
    live: Json | None = None
    made: Json | None = None
    is_new: bool = False
    is_denied: bool = False
    is_short: bool = False
    is_homeless: bool = False
    is_unbound: bool = False
    problems: tuple[Problem, ...] = ()


class DryRun:
    """The dry runs of one app's objects. Safe to use from several threads.

    scaled are the workloads whose replicas an autoscaler owns; force takes over fields; coming are the kinds
    (group, kind) that fixtures bring to the cluster.
    """

    def __init__(
        self,
        connection: Connection,
        app: str,
        *,
        scaled: frozenset[Key],
        force: bool,
        say: Say,
        coming: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.connection = connection
        self.app = app
        self.scaled = scaled
        self.force = force
        self.say = say
        self.coming = coming

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
        wanted = scaling.without_replicas(obj, tried.live) if key_of(obj) in self.scaled else obj
        path, said = self.connection.path_of(obj), list[str]()
        try:
            made = self.connection.apply(path, wanted, force=self.force, dry_run=True, warnings=said)
        except ApiError as error:
            return self._refused(tried, error, wanted)
        return replace(tried, made=made, problems=tuple(warned.problems(made, said)))

    def create(self, obj: Json) -> Tried:
        """A fixture, by creating it; one that is there is left as it is.

        A new Secret is not tried: what stands in for its values may not be what its type demands.
        """
        tried = self._look(obj)
        if tried.resource is None or not tried.is_new or is_a(obj, "Secret"):
            return tried
        path = tried.resource.path(text(obj, "metadata", "namespace"))
        try:
            made = self.connection.create(path, obj, dryRun="All", fieldValidation="Strict")
        except ApiError as error:
            return self._refused(tried, error, obj)
        return replace(tried, made=made)

    def pod(self, obj: Json) -> Tried:
        """A pod of the object's template: what LimitRanges, Pod Security and other admission say to it.

        A ServiceAccount that is not there is left to the check that knows what is on its way. A webhook may
        say no to a pod that nobody owns and yes to the same pod of a controller: that is a warning.
        """
        namespace, named = text(obj, "metadata", "namespace"), shown(obj)
        said = list[str]()
        try:
            path = f"/api/v1/namespaces/{namespace}/pods"
            self.connection.create(path, pod_of(obj), dryRun="All", warnings=said)
        except ApiError as error:
            if error.status == 401:
                raise
            elsewhere = refusals.is_permission(error) or refusals.is_elsewhere(error)
            if elsewhere or refusals.cannot_tell(error):
                return Tried(obj)
            sure = is_maker(obj) and not refusals.is_webhook(error)
            found = tuple(
                each._replace(sentence=f"its pods are refused: {each.sentence}", is_certain=sure)
                for each in refusals.problems(error, named)
            )
            return Tried(obj, problems=found, is_short=refusals.is_quota(error))
        return Tried(obj, problems=tuple(warned.of_pods(named, said)))

    def _look(self, obj: Json) -> Tried:
        """The object as it is now."""
        try:
            resource = self.connection.resource(text(obj, "apiVersion"), text(obj, "kind"))
        except Misused as error:
            if (key_of(obj).group, key_of(obj).kind) in self.coming:
                self.say(f"{shown(obj)}: its kind comes with a fixture, so it could not be tried")
                return Tried(obj)
            return Tried(obj, problems=(Problem(shown(obj), error.reason, _INSTALL),))
        tried = Tried(obj, resource)
        try:
            live = self.connection.find(self.connection.path_of(obj))
        except ApiError as error:
            if not refusals.is_permission(error):
                raise
            self.say(f"{shown(obj)}: may not be read, so whose it is could not be asked")
            return tried
        return replace(tried, live=live, is_new=live is None)

    def _refused(self, tried: Tried, error: ApiError, wanted: Json) -> Tried:
        named = shown(tried.obj)
        if error.status == 401:
            raise error
        if is_namespace_missing(error):
            return replace(tried, is_homeless=True)
        if refusals.cannot_tell(error):
            self.say(f"{named}: an admission webhook knows no dry run, so it could not be tried")
            return tried
        if refusals.is_elsewhere(error):
            tried = replace(tried, is_unbound=refusals.is_unbound(error))
            return tried  # it needs another object, of which the references tell whether it will be there
        if error.status == 404:
            resource = f"{text(tried.obj, 'apiVersion')} {text(tried.obj, 'kind')}"
            said = f"cluster {self.connection.cluster.name} does not serve {resource}"
            return replace(tried, problems=(Problem(named, said, _INSTALL),))
        if error.status == 409 and scaling.left_behind(error.causes):
            return tried  # the apply takes over what an autoscaler that is gone has set
        if error.status == 409 and error.causes:
            remedy = "undo that change by hand, or take the field over with --take-over (TAKE_OVER=1)"
            found = [Problem(named, conflict(cause), remedy) for cause in error.causes]
            return replace(tried, problems=tuple(found))
        if runs_once(tried.obj) and tried.live and refusals.is_replaced(error):
            return self._replaced(tried)
        left = unions.left_over(wanted, tried.live) if error.status == 422 else []
        if left and tried.live:
            return self._changed(tried, wanted, left)
        found = refusals.problems(error, named)
        if tried.live:
            found = [immutable.named(each, tried.obj, tried.live) for each in found]
        return replace(
            tried,
            problems=tuple(found),
            is_denied=refusals.is_permission(error),
            is_short=refusals.is_quota(error),
        )

    def _changed(self, tried: Tried, wanted: Json, left: list[unions.Left]) -> Tried:
        """An object that the API server takes once what the old choice left is out; tried by a patch that
        does both."""
        owned = [Problem(shown(wanted), each.sentence, each.remedy) for each in left if each.owner]
        if owned:
            return replace(tried, problems=tuple(owned))
        try:
            made = self.connection.patch(
                self.connection.path_of(wanted), unions.without(wanted, left), dry_run=True
            )
        except ApiError as error:
            if error.status == 401:
                raise
            return replace(tried, problems=tuple(refusals.problems(error, shown(wanted))))
        return replace(tried, made=made)

    def _replaced(self, tried: Tried) -> Tried:
        """A Job, or a Pod that ends, that changed: one that ended makes way for the new one."""
        runs = text(tried.live, "status", "phase") in ("Pending", "Running")
        if not runs and not mapping(tried.live, "status").get("active"):
            return replace(tried, made=tried.obj)
        sentence = "of an earlier deployment still runs and cannot be changed"
        remedy = "wait for it to end, or delete it, and deploy again"
        return replace(tried, problems=(Problem(shown(tried.obj), sentence, remedy),))


def pod_of(obj: Json) -> Json:
    """A pod as an object's controller would make it of its template. A StatefulSet's has a volume for each
    of its claims, whatever volume of that name the template has."""
    template = template_of(obj)
    namespace, name = text(obj, "metadata", "namespace"), text(obj, "metadata", "name")
    said = {key: mapping(template, "metadata", key) for key in ("labels", "annotations")}
    metadata = {"generateName": f"{name[:40].rstrip('.-')}-", "namespace": namespace, **said}
    spec = mapping(template, "spec")
    claimed = {
        text(claim, "metadata", "name"): f"{text(claim, 'metadata', 'name')}-{name}-0"
        for claim in claims(obj)
    }
    if claimed:
        volumes = [each for each in objects(spec, "volumes") if text(each, "name") not in claimed]
        volumes += [
            {"name": each, "persistentVolumeClaim": {"claimName": claim}} for each, claim in claimed.items()
        ]
        spec = {**spec, "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
