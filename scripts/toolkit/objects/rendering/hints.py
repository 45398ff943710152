"""`manifests` that is something else, a chart's templates or a kustomization: what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

from toolkit.base.outcome import Misused
from toolkit.objects.reading.source import shown
from toolkit.settings.model import App

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART = "Chart.yaml"
_OF_HELM = re.compile(r"\{\{-?\s*(?:[a-z]+\s+)*\(?\s*\.(?:Values|Release|Chart|Capabilities|Files)\b")


def refuse_others(app: App, home: Path) -> None:
    """Raises Misused for a folder that another program renders, with the key that says so."""
    if not home.is_dir():
        return
    for each in (home, *home.parents):
        if not each.is_relative_to(app.path):
            break
        if (each / CHART).is_file():
            raise _is(app, home, "a Helm chart", "chart", each)
    if any((home / name).is_file() for name in KUSTOMIZATIONS):
        raise _is(app, home, "a kustomization", "kustomize", home)
    for file in sorted([*home.glob("*.yaml"), *home.glob("*.yml"), *home.glob("*.tpl")]):
        if (line := _line_of_helm(file)) is not None:
            raise Misused(
                f"{shown(file)}:{line}: this is a template of Helm, not of Jinja: {app.name}'s `manifests` "
                "are no Helm chart, which has a Chart.yaml",
                remedy=f'name the chart\'s folder: chart = "<folder>" in [apps.{app.name}] of apps.toml',
            )


def _is(app: App, home: Path, what: str, key: str, folder: Path) -> Misused:
    place = folder.relative_to(app.path).as_posix()
    return Misused(
        f"{shown(home)}: this is {what}, and `manifests` are the pipeline's own templates",
        remedy=f'write {key} = "{place}" in place of `manifests` in [apps.{app.name}] of apps.toml',
    )


def _line_of_helm(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _OF_HELM.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None
