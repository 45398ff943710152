"""Brings one form's objects where they should be, one step at a time.

Every step may be repeated, and may be the last one before the process is killed: what is wished for is in the
database, what is there is in the cluster, and nothing else counts.
"""

from dataclasses import replace

from fb_platform import logs
from fb_platform.kubernetes import Cluster, Object, Refused

from publisher import objects, verdict
from publisher.objects import Release
from publisher.settings import Spaces
from publisher.store import Form, Store
from publisher.words import sentence

DEFAULT_ADDRESS = "http://{cluster_ip}"


class Publication:
    """`address` may hold {slug}, {space} and {cluster_ip}, which is the Service's."""

    def __init__(
        self, store: Store, cluster: Cluster, spaces: Spaces, address: str = DEFAULT_ADDRESS
    ) -> None:
        self.store, self.cluster, self.spaces, self.address = store, cluster, spaces, address
        self.applied: dict[tuple[str, str], tuple[int, str]] = {}

    def advance(self, form: Form, release: Release, *, again: bool = False) -> None:
        """Publish the form, as far as that goes now. `again`: make sure of what was applied before."""
        try:
            self._advance(form, release, again)
        except Refused as problem:
            self._report(form, state="failed", reason=sentence(str(problem)), runner=release.digest)

    def retire(self, form: Form) -> None:
        """Take the form away, as far as that goes now; forget it when nothing of it is left."""
        self.applied.pop((form.space, form.slug), None)
        try:
            # what users reach goes first, what running pods need goes last
            for kinds in (("Service", "Deployment"), ("ConfigMap", "Secret")):
                gone = [self._is_removed(form, kind) for kind in kinds]
                if not all(gone):
                    return
        except Refused as problem:
            self._report(form, reason=sentence(str(problem)))
            return
        self.store.forget(form)
        logs.info("unpublished", form=form.slug, space=form.space)

    def _advance(self, form: Form, release: Release, again: bool) -> None:
        revision = objects.revision(form.slug, form.metadata, release)
        if form.state == "waiting" or form.runner != release.digest:
            following = {"state": "publishing", "reason": "", "runner": release.digest}
            if not self.store.report(form := replace(form, **following)):  # type: ignore[arg-type]
                return
            logs.info("publishing", form=form.slug, space=form.space, version=form.version)
        name = (form.space, form.slug)
        if again or self.applied.get(name) != (form.version, revision):
            address = self._apply(form, release)
            if address is None:
                return
            form = replace(form, address=address)
            self.applied[name] = (form.version, revision)
            self.store.report(form)
        self._judge(form, revision)

    def _apply(self, form: Form, release: Release) -> str | None:
        """Make the objects what they should be; the form's address.

        None while those of the form's last life still go away.
        """
        namespace, slug = self.spaces.namespace(form.space), form.slug
        for kind, name in objects.names(slug).items():
            found = self.cluster.get(kind, namespace, name)
            if found and found["metadata"].get("deletionTimestamp"):
                return None
            if found and not objects.is_ours(found):
                raise Refused(409, f"{kind} {name} is there already, and the publisher did not make it")
        made = self.cluster.get("Secret", namespace, objects.names(slug)["Secret"])
        made = made or self.cluster.create(objects.secret(slug, namespace))
        if made is None:
            return None  # another worker was quicker: its key counts
        self.cluster.apply(objects.config_map(slug, namespace, form.metadata, objects.public_key(made)))
        service = self.cluster.apply(objects.service(slug, namespace, release))
        self.cluster.apply(objects.deployment(slug, namespace, form.metadata, release))
        known = {"slug": slug, "space": form.space, "cluster_ip": service["spec"].get("clusterIP", "")}
        address = self.address
        for word, value in known.items():
            address = address.replace("{" + word + "}", value)
        return address

    def _judge(self, form: Form, revision: str) -> None:
        """Report what became of the form."""
        namespace, name = self.spaces.namespace(form.space), objects.names(form.slug)["Deployment"]
        found = self.cluster.get("Deployment", namespace, name)
        if found is None or found["metadata"].get("deletionTimestamp"):
            self.applied.pop((form.space, form.slug), None)
            return
        judged = verdict.of_deployment(found)
        if judged.state != "ready":
            labels = found["spec"]["selector"]["matchLabels"]
            doomed = verdict.of_pods(self.cluster.list("Pod", namespace, labels), revision)
            judged = doomed if doomed.state == "doomed" else judged
        if judged.state == "ready":
            self._report(form, state="published", reason="", good_version=form.version)
        elif judged.state == "doomed":
            self._report(form, state="failed", reason=sentence(judged.reason))

    def _report(self, form: Form, **changed: object) -> None:
        after = replace(form, **changed)  # type: ignore[arg-type]
        if after != form and self.store.report(after) and after.state != form.state:
            logs.info(
                after.state, form=form.slug, space=form.space, version=form.version, runner=after.runner
            )

    def _is_removed(self, form: Form, kind: str) -> bool:
        """Whether the form has no such object any more; asks for its removal if it has."""
        found: Object | None = self.cluster.get(
            kind, self.spaces.namespace(form.space), objects.names(form.slug)[kind]
        )
        if found is None or not objects.is_ours(found):
            return True
        if not found["metadata"].get("deletionTimestamp"):
            self.cluster.delete({**found, "kind": kind})
        return False
