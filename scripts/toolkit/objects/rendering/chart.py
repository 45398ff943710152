"""A Helm chart: `helm template` renders it, with its values on standard input: no command line has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import Misused
from toolkit.base.redaction import redact
from toolkit.objects.deciphering import veil
from toolkit.objects.reading.source import Read, shown
from toolkit.objects.rendering import chart_values, hooks, made
from toolkit.objects.rendering.hints import CHART
from toolkit.objects.rendering.program import Program
from toolkit.objects.rendering.values import WHATEVER, NeedsCluster, Values
from toolkit.settings.apps.rendering import Rendering
from toolkit.settings.model import App

HELM = Program(
    ("helm",),
    "v3.8",
    (("helm", "version", "--short"),),
    "see https://helm.sh/docs/intro/install/ (v3.8 or newer, v4)",
)
PROGRAMS = (HELM,)
SECONDS = 120.0
"""What rendering may take."""

_FILE = re.compile(r"^# Source: (.+)$", re.MULTILINE)
_MISSING = re.compile(r"found in Chart.yaml, but missing in charts/ directory: (.+)")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
# Functions that say something else at every rendering, or nothing where no cluster is asked.
_EMPTY = re.compile(r"\{\{[^}]*(?<![.\w$-])lookup\b")
_ASKED = re.compile(r"APIVersions\.Has\s+[\"`]([\w-]+(?:\.[\w-]+)+/[\w/]+)[\"`]")
_OWN = ".k8s.io"
_FRESH = re.compile(
    r"\{\{[^}]*(?<![.\w$-])(rand\w+|uuidv4|now|gen(?:CA|SelfSignedCert|SignedCert|PrivateKey)\w*)\b"
)


def read(app: App, given: Values) -> Sequence[Read]:
    """The chart's objects. Raises Misused with helm's sentence, and no value of the secrets in it."""
    folder, how = folder_of(app, given), _of(app)
    values = chart_values.merged(app, how, folder, given)
    command = ["helm", "template", app.name, str(folder), "--namespace", given.namespace]
    command += ["--include-crds", "--values", "-"]
    if given.capabilities.version:
        command += ["--kube-version", given.capabilities.version]
    if apis := _asked(folder) if given.capabilities == WHATEVER else given.capabilities.apis:
        command += ["--api-versions", ",".join(apis)]
    ran = tools.run(
        command, echo=False, check=False, stdin=json.dumps(values.whole), apart=True, timeout=SECONDS
    )
    if ran.code:
        raise _refused(app, folder, given, veil.over(ran.errors.reveal(), values.hidden))
    found = [each for file, text in _files(folder, ran.answer.reveal()) for each in made.objects(file, text)]
    return hooks.settled(app, found)


def stamp(app: App, given: Values) -> object:
    """How many files the chart has, and when the last of them changed."""
    times = [each.stat().st_mtime_ns for each in folder_of(app, given).rglob("*") if each.is_file()]
    return len(times), max(times, default=0)


def notes(app: App) -> Sequence[str]:
    """What its hooks become, and what in its templates does not mean here what it means to Helm."""
    said = list(hooks.said(app))
    for folder in hooks.charts(app):
        said += [line for file, text in _templates(folder) for line in _warnings(file, text)]
    return said


def nothing(app: App) -> str:
    """Not one template rendered to an object."""
    return f'the chart "{_of(app).place}" renders to no object with these values'


def folder_of(app: App, given: Values) -> Path:
    """The chart's folder. Raises Misused when it is none."""
    how = _of(app)
    folder = app.path / given.fill(how.place)
    key = f"`chart` of [apps.{app.name}] in apps.toml"
    if not folder.is_dir():
        raise Misused(f"{app.name}: there is no chart in {folder}: no such folder", remedy=f"correct {key}")
    if not (folder / CHART).is_file():
        raise Misused(f"{app.name}: {folder} is no Helm chart: it has no {CHART}", remedy=f"correct {key}")
    hooks.charts(app).add(folder)
    return folder


def _asked(folder: Path) -> list[str]:
    """The custom APIs that a chart asks a cluster for."""
    found = {name for _, text in _templates(folder) for name in _ASKED.findall(text)}
    return sorted(name for name in found if not name.partition("/")[0].endswith(_OWN))


def _templates(folder: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(folder.glob("**/templates/**/*")):
        if file.suffix in (".yaml", ".yml", ".tpl", ".json") and file.is_file():
            yield file, file.read_text(encoding="utf-8", errors="replace")


def _of(app: App) -> Rendering:
    assert app.rendering is not None  # noqa: S101 - sources.py chose this module by it
    return app.rendering


def _files(folder: Path, answer: str) -> list[tuple[Path, str]]:
    """What helm printed, document by document, each with the template that it names before it."""
    marks = list(_FILE.finditer(answer))
    ends = [*(mark.start() for mark in marks[1:]), len(answer)]
    return [
        (Path(folder.name, *Path(mark[1].strip()).parts[1:]), answer[mark.end() + 1 : end])
        for mark, end in zip(marks, ends, strict=True)
    ]


def _refused(app: App, folder: Path, given: Values, said: str) -> Misused:
    """What helm said as a sentence: its warnings may quote values, and are not shown."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("Use --debug")]
    first = next((index for index, line in enumerate(lines) if line.startswith("Error:")), None)
    told = [redact(line) for line in lines[first:]] if first is not None else []
    sentence = told[0].removeprefix("Error: ") if told else "helm said nothing of why"
    remedy = "correct the chart, or its `values` and `set` in apps.toml"
    if missing := _MISSING.search(sentence):
        remedy = f"it needs {missing[1].strip()}: helm dependency build {folder}"
    if version := _too_old():
        sentence, remedy = f"{version} is too old: {HELM.oldest} or newer is needed", HELM.remedy
    kind = Misused
    if "chart requires kubeVersion" in sentence and not given.capabilities.version:
        kind = NeedsCluster
    return kind(
        f"{app.name}: helm cannot render {shown(folder)}: {sentence}", remedy=remedy, evidence=told[1:12]
    )


def _too_old() -> str:
    """The version of a helm that is too old; asked only when it failed, as most others do not."""
    ran = tools.run(HELM.asks[0], echo=False, check=False, apart=True, timeout=20)
    found, oldest = _VERSION.search(ran.answer.reveal()), _VERSION.search(HELM.oldest)
    if not found or not oldest or tuple(map(int, found.groups())) >= tuple(map(int, oldest.groups())):
        return ""
    return f"helm {found[0]}"


def _warnings(file: Path, text: str) -> list[str]:
    said = []
    if found := _EMPTY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        said.append(
            f"warning: {shown(file)}:{line}: `lookup` finds nothing: charts are rendered without a cluster"
        )
    if found := _FRESH.search(text):
        line = text.count("\n", 0, found.start()) + 1
        said.append(
            f"warning: {shown(file)}:{line}: `{found[1]}` says something else at every deployment: what "
            "depends on it is changed each time"
        )
    return said
