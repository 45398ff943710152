"""summary.md: one page for the person on call. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from toolkit.cluster.api.watch import Json
from toolkit.cluster.diagnosis import pods
from toolkit.cluster.diagnosis.finding import Finding, Severity
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.evidence import tables
from toolkit.cluster.evidence.about import About
from toolkit.cluster.evidence.logs import Log
from toolkit.cluster.evidence.worst import ranked, revision
from toolkit.objects.fields import name, text
from toolkit.typed import advice

MOST_LINES = 80
PODS, LOG_LINES, EVENTS, TIMES, OTHERS, FILES, NOTES = 8, 12, 6, 8, 3, 9, 3
LONGEST_LINE = 200
# Where `conclude` puts what was done: above everything that is for reading on.
FIRST_SECTION = "## Pods"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
# What a timeline tells of states that came and went, and what its end repeats; timeline.txt has it all.
_PASSING = ("waiting: ", "no longer: ", "fatal: ")
_FILES = {
    "rollout.txt": "workloads, pods, all findings",
    "configuration.txt": "which ConfigMaps and Secrets, without values",
    "verdict.txt": "the reason in full",
}
_MARKS = {"failed": "❌", "timed out": "⏱️", "refused": "⛔", "misused": "⛔", "interrupted": "✋"}


class Page(NamedTuple):
    """What a page is made of; `files` are names and bytes, `notes` what could not be had."""

    about: About
    scene: Scene
    at: str
    log: Log | None = None
    events: Sequence[Json] = ()
    files: Mapping[str, int] = {}
    notes: Sequence[str] = ()


def render(page: Page) -> str:
    """The page: what happened and what to do on top, at most MOST_LINES lines whatever there is to say."""
    sections = [_head(page), _pods(page), _last_words(page), _events(page), _times(page), _files(page)]
    lines = [each for section in sections for each in section]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], "(more in the files beside this one)"]
    return "\n".join(lines).rstrip() + "\n"


def lead(about: About, scene: Scene) -> Finding | None:
    """The finding that the verdict is about: the one that the outcome names, else the gravest."""
    cause, object_ = (str(about.outcome.details.get(word, "")) for word in ("cause", "object"))
    same = [each for each in scene.findings if each.cause == cause and each.object == object_]
    grave = [each for each in scene.findings if each.severity is not Severity.WAITING]
    return next(iter([*same, *([] if cause else grave)]), None)


def object_of(about: About, scene: Scene) -> str:
    """ "Kind/name" of what the verdict is about, "" when it names none."""
    named = str(about.outcome.details.get("object") or "")
    found = lead(about, scene)
    return named or (found.object if found else "")


def container_of(about: About, scene: Scene) -> str:
    """The container that the verdict is about, "" when it names none."""
    named = str(about.outcome.details.get("container") or "")
    found = lead(about, scene)
    return named or (found.container if found else "")


def _head(page: Page) -> list[str]:
    about, outcome = page.about, page.about.outcome
    found = lead(about, page.scene)
    cause = str(outcome.details.get("cause") or (found.cause if found else ""))
    where = object_of(about, page.scene)
    container = container_of(about, page.scene)
    ended = {"refused": "was refused", "interrupted": "was interrupted"}.get(outcome.kind, str(outcome.kind))
    title = f"{_MARKS.get(outcome.kind, '')} {about.app} {about.version} {ended} in {about.space}".strip()
    remedy = [each for each in outcome.remedy.splitlines() if each.strip()] or (
        [found.remedy] if found and found.remedy else []
    )
    rows = [
        ("What happened", outcome.reason.removeprefix(f"{cause}: ") or "no reason was given"),
        ("Cause", cause),
        ("Object", f"{where}{f', container {container}' if container else ''}"),
        *[("What to do" if n == 0 else "", each) for n, each in enumerate(remedy[:4])],
        ("Serving now", _serving(page)),
        ("Look", advice.here(f"make status APP={about.app} ENV={about.space}{_describe(about, where)}")),
        *[("Also wrong", each.clause) for each in _others(page, found)],
        ("Where", f"{about.environment}, space {about.space}, namespace {about.namespace}"),
        (
            "Version",
            f"{about.version}{f', commit {about.commit[:12]}' if about.commit else ''}, by {about.by}",
        ),
        ("Run", " ".join(filter(None, (about.run or "by hand", f"stage {about.stage}"))) + f", {page.at}"),
    ]
    lines = [f"- {f'**{head}:** ' if head else '  '}{line(said, 600)}" for head, said in rows if said]
    return [f"# {line(title)}", "", *lines, ""]


def _describe(about: About, where: str) -> str:
    return f"; kubectl --namespace {about.namespace} describe {where}" if where else ""


def _others(page: Page, found: Finding | None) -> list[Finding]:
    """What else is fatal or suspicious, one for each cause."""
    seen = {found.cause} if found else set()
    others = []
    for each in page.scene.findings:
        if each.severity is not Severity.WAITING and each.cause not in seen:
            seen.add(each.cause)
            others.append(each)
    return others[:OTHERS]


def _serving(page: Page) -> str:
    """What answers meanwhile: by the record which version, by the pods how many."""
    ready = [pod for pod in page.scene.all("Pod") if pods.is_ready(pod) and not pods.leaves(pod)]
    old = sum(1 for pod in ready if revision(page.scene, pod) == "old")
    new = sum(1 for pod in ready if revision(page.scene, pod) == "new")
    counted = f"{old} old and {new} new pods are ready"
    if not page.scene.all("Pod"):
        counted = "no pods were seen"
    elif not ready:
        counted = "NO POD IS READY"
    if page.about.serving:
        return f"{page.about.serving}, as far as the record knows; {counted}"
    return f"no earlier release is on record; {counted}"


def _pods(page: Page) -> list[str]:
    every = ranked(page.scene, object_of(page.about, page.scene))
    if not every:
        return [FIRST_SECTION, "", "None were seen.", ""]
    rows = [tuple(line(cell, 90) for cell in tables.pod_row(page.scene, pod)) for pod in every[:PODS]]
    more = [f"and {len(every) - PODS} more: rollout.txt"] if len(every) > PODS else []
    return [FIRST_SECTION, "", "```", *tables.table(tables.POD_COLUMNS, rows), *more, "```", ""]


def _last_words(page: Page) -> list[str]:
    if page.log is None:
        return []
    said = [each for each in page.log.text.splitlines() if each.strip()][-LOG_LINES:]
    return [f"## Last words of {line(page.log.title)}", "", *_fenced(said), ""]


def _events(page: Page) -> list[str]:
    if not page.events:
        return []
    # Warnings tell more than how well an image was pulled.
    ranked = sorted(enumerate(page.events), key=lambda each: (text(each[1], "type") == "Warning", each[0]))
    chosen = [event for _, event in sorted(ranked[-EVENTS:], key=lambda each: each[0])]
    lines = [" ".join(tables.event_line(event).split()) for event in chosen]
    return ["## Last events", "", *_fenced(_shortened(page, lines)), ""]


def _times(page: Page) -> list[str]:
    told = [each for each in tables.timeline(page.scene) if not each[1].startswith(_PASSING)]
    if not told:
        return []
    lines = [f"{at[11:19]}  {said}" for at, said in told[-TIMES:]]
    return ["## Timeline (UTC)", "", *_fenced(_shortened(page, lines)), ""]


def _shortened(page: Page, lines: Sequence[str]) -> list[str]:
    """Lines without the Deployment's name in its pods' names, and without the most of each digest."""
    starts = [f"Pod/{name(each)}-" for each in page.scene.all("Deployment")]
    short = []
    for said in lines:
        for start in starts:
            said = said.replace(start, "Pod/…")
        short.append(_DIGEST.sub(r"\1…", said))
    return short


def _files(page: Page) -> list[str]:
    lines = [f"- note: {line(note)}" for note in list(dict.fromkeys(page.notes))[:NOTES]]
    if not page.files:
        return ["## Files", "", "More was being collected when this was written.", *lines]
    groups: dict[str, list[tuple[str, int]]] = {}
    for file, size in page.files.items():
        groups.setdefault(file.rpartition("/")[0], []).append((file, size))
    for folder, found in groups.items():
        if not folder:
            names = sorted(file for file, _ in found)
            lines.append(
                "- " + ", ".join(f"{each} ({_FILES[each]})" if each in _FILES else each for each in names)
            )
        else:
            kib = sum(size for _, size in found) / 1024
            lines.append(f"- {folder}/: {len(found)} file{'s' if len(found) > 1 else ''}, {kib:.0f} KiB")
    return ["## Files beside this one", "", *lines[:FILES]]


def _fenced(lines: Sequence[str]) -> list[str]:
    return ["```", *(line(each).replace("```", "'''") for each in lines), "```"]


def line(said: str, longest: int = LONGEST_LINE) -> str:
    """On one line, without what would move a terminal's cursor, and not for ever."""
    flat = _CONTROL.sub("", " ".join(said.split("\n")).replace("\t", "    ")).rstrip()
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
