"""A chart of 20 objects to objects ready to be applied, against `helm template` on the same chart."""

from __future__ import annotations

import os
import resource
import time
from itertools import count
from pathlib import Path

import pytest
from toolkit.objects import manifests

from tests.bench.measure import Claim, Cost, cost, environment, interleaved, prove
from tests.renderers.found import on_path
from tests.scripts.objects.rendering.charted import WEB, Charted

ROUNDS = 15
OBJECTS = 20
LIMIT = 1.2


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def test_rendering_costs_hardly_more_than_helm_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = on_path(monkeypatch, "helm")
    charted = Charted(tmp_path)
    for number in range(1, OBJECTS):
        charted.write(f"templates/web-{number}.yaml", WEB.replace('"fb-{{', f'"fb-{number}-{{{{'))
    app, commits = charted.app, count()
    values = tmp_path / "given.yaml"
    values.write_text(
        "{circleSha1: c0ffee, environmentName: test-dev, app_name: tiny, replicas: 3, images: {api: x}}"
    )

    def ours() -> Cost:
        given = charted.given(commit=f"{next(commits):040x}")  # as for the first time
        began, before = time.monotonic(), _cpu()
        found = manifests.render(app, given)
        assert len(found) == OBJECTS
        return Cost(time.monotonic() - began, _cpu() - before)

    def theirs() -> Cost:
        argv = [helm, "template", "tiny", charted.chart, "--values", values]
        return cost(argv, cwd=tmp_path, env=environment(PATH=os.environ["PATH"]))

    def compare() -> list[Claim]:
        found = interleaved({"ours": ours, "helm": theirs}, ROUNDS)
        own, bare = found["ours"], found["helm"]
        return [
            Claim(
                f"rendering a chart of {OBJECTS} objects, against helm template",
                f"{own.cpu * 1000:.0f} ms against {bare.cpu * 1000:.0f} ms (processor time; wall "
                f"{own.wall * 1000:.0f} and {bare.wall * 1000:.0f} ms; medians of {ROUNDS})",
                own.cpu / bare.cpu,
                LIMIT,
            )
        ]

    prove(compare)
