"""Evidence as files of the record: first the page that somebody needs at once, then all that can be had."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from toolkit.base.outcome import Interrupted
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.api.reader import NotHad, Reader
from toolkit.cluster.api.watch import Json
from toolkit.cluster.diagnosis.scene import KINDS, Scene
from toolkit.cluster.evidence import logs, mounted, objects, summary, tables
from toolkit.cluster.evidence.about import About
from toolkit.cluster.evidence.files import Folder, rewrite
from toolkit.cluster.evidence.summary import FIRST_SECTION, Page
from toolkit.cluster.evidence.worst import worst
from toolkit.objects import manifests
from toolkit.objects.fields import name, shown, text, uid
from toolkit.objects.resources import built_in

SUMMARY = "summary.md"
ENDED = ("Failed", "Succeeded")  # phases of a pod
# A rollback waits for the evidence: pods and logs are gone after it. It does not wait longer than this.
SECONDS = 20.0


def keep(
    folder: Path, connection: Connection, scene: Scene, about: About, more: Mapping[str, str] = {}
) -> Path:
    """Write all that shows why a release failed, and return its summary.md. Takes some 20 s at most.

    `more` are further files: name -> text. Nothing raises: what cannot be had, or written, is said in the
    files. Whenever this ends, or is killed, the files that are there are whole.
    """
    return _Collection(Folder(folder), Reader(connection, SECONDS), scene, about).all(more)


def conclude(file: Path, title: str, lines: Sequence[str]) -> None:
    """Add a section to a summary.md, above its details: what was done about it."""
    try:
        before = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        before = ""
    section = "\n".join([f"## {title}", "", *(f"- {summary.line(said)}" for said in lines), "", ""])
    head, mark, rest = before.partition(f"\n{FIRST_SECTION}\n")
    if mark:
        rewrite(file, f"{head}\n{section}{FIRST_SECTION}\n{rest}")
    else:
        rewrite(file, "\n".join(filter(None, (before, section.rstrip()))) + "\n")


@dataclass
class _Collection:
    folder: Folder
    reader: Reader
    scene: Scene
    about: About
    notes: list[str] = field(default_factory=list)
    log: logs.Log | None = None
    events: list[Json] = field(default_factory=list)
    beside: Scene = field(default_factory=Scene)

    def all(self, more: Mapping[str, str]) -> Path:
        """Collect, from what is at hand to what may take long."""
        file = self.folder.path / SUMMARY
        steps = (
            lambda: self._summary(first=True),
            self._ended_since,
            self._mask,
            self._beside,
            self._tables,
            lambda: self._further(more),
            self._objects,
            self._logs,
            self._summary,
            self._network,
            self._summary,
        )
        for step in steps:
            try:
                step()
            except Interrupted:
                raise
            except Exception as error:  # evidence that is not there must not keep the last good version away
                self.notes.append(f"an error that nobody foresaw: {type(error).__name__}: {error}")
        return file

    @property
    def _subject(self) -> str:
        return summary.object_of(self.about, self.scene)

    @cached_property
    def _ill(self) -> list[Json]:
        return worst(self.scene, self._subject)

    def _ended_since(self) -> None:
        """Take in how pods ended: a Job may be known to have failed before the end of its pod is."""
        if not self.scene.all("Pod"):
            return
        with contextlib.suppress(NotHad):
            found = self.reader.list(built_in("Pod").path(self.about.namespace), **self._mine)
            ended = {
                uid(pod): {"kind": "Pod", **pod} for pod in found if text(pod, "status", "phase") in ENDED
            }
            pods = tuple(ended.get(uid(pod), pod) for pod in self.scene.all("Pod"))
            self.scene = self.scene._replace(objects={**self.scene.objects, "Pod": pods})

    def _tables(self) -> None:
        """What the scene tells, in text."""
        self._write("timeline.txt", [f"{at}  {said}" for at, said in tables.timeline(self.scene)])
        beside = tables.beside(self.beside)
        self.folder.write("rollout.txt", tables.rollout(self.scene, self._subject) + beside)
        self._events()

    def _further(self, more: Mapping[str, str]) -> None:
        """The whole of what the summary may have cut, and what the caller adds."""
        outcome = self.about.outcome
        lines = [f"{outcome.kind}: {outcome.reason}", *outcome.evidence, "", "what to do:", outcome.remedy]
        self._write("verdict.txt", lines)
        for file, content in more.items():
            self.folder.write(file, content)

    def _objects(self) -> None:
        for seen in (self.scene, self.beside):
            for obj in objects.worth_keeping(seen, self._subject):
                self._object(obj)

    def _logs(self) -> None:
        found = logs.keep(self.folder, self.reader, self.about.namespace, self._ill)
        self.log = logs.telling(found, self._ill, summary.container_of(self.about, self.scene))
        missed = [log for log in found if log.why_not.startswith("no log")]
        self.notes += [f"{log.title}: {log.why_not}" for log in missed[:1]]

    def _summary(self, *, first: bool = False) -> Path:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        files = {} if first else {k: v for k, v in self.folder.written.items() if k != SUMMARY}
        notes = [*self.folder.troubles, *self.notes]
        page = Page(self.about, self.scene, at, self.log, self.events, files, notes)
        return self.folder.write(SUMMARY, summary.render(page))

    def _mask(self) -> None:
        """Learn what must not be shown, before anything is written that could hold it."""
        workloads = [obj for kind in objects.KEPT for obj in self.scene.all(kind)]
        used = mounted.learn(self.reader, self.about.namespace, [*workloads, *self._ill])
        hidden = [each for each in used if each.trouble and each.kind == "Secret"]
        if hidden:
            self.notes.append(
                f"Secret/{hidden[0].name} could not be read, so its values are masked only where their shape "
                f"or name tells: {hidden[0].trouble}"
            )
        self.folder.write("configuration.txt", tables.configuration(used))

    def _events(self) -> None:
        """All that were seen, and what was said since about the objects that tell the most."""
        found = {uid(event): event for event in self.scene.all("Event")}
        path = built_in("Event").path(self.about.namespace)
        names = list(dict.fromkeys([self._subject.partition("/")[2], *map(name, self._ill)]))
        queries = [{"fieldSelector": f"involvedObject.name={each}"} for each in names if each]
        try:
            for query in queries if found else [{}]:
                found.update((uid(event), event) for event in self.reader.list(path, **query))
        except NotHad as error:
            if not found:
                self.notes.append(f"events: {error}")
        self.events = tables.about_scene(self.scene, list(found.values()))
        self._write("events.txt", [tables.event_line(event) for event in self.events])

    @property
    def _mine(self) -> dict[str, str]:
        own = f"{manifests.APP_GROUP}={manifests.group_of(self.about.app)}"
        return {"labelSelector": self.about.selector or own}

    def _beside(self) -> None:
        """The app's objects that the verdict did not look at: a failed migration leaves them as they were."""
        found: dict[str, tuple[Json, ...]] = {}
        for kind in KINDS:
            if kind not in self.scene.objects:
                with contextlib.suppress(NotHad):  # look() has left out what may not be read
                    items = self.reader.list(built_in(kind).path(self.about.namespace), **self._mine)
                    found[kind] = tuple({"kind": kind, **item} for item in items)
        self.beside = Scene(found)

    def _network(self) -> None:
        """The Services and what stands behind them."""
        for kind in ("Service", "EndpointSlice"):
            try:
                found = self.reader.list(built_in(kind).path(self.about.namespace), **self._mine)
            except NotHad as error:
                self.notes.append(f"{kind}s: {error}")
                return
            for obj in found[:10]:
                obj.setdefault("kind", kind)
                self._object(obj)

    def _object(self, obj: Json) -> None:
        if text(obj, "kind") != "Secret":
            self.folder.write(f"{shown(obj).replace('/', '-')}.yaml", objects.as_yaml(obj), "objects")

    def _write(self, name: str, lines: Sequence[str]) -> None:
        self.folder.write(name, "\n".join(lines or ["(nothing)"]) + "\n")
