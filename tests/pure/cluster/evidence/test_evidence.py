"""The page for the person on call, what stands in its files, and what does not: pure."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Kind, Outcome
from toolkit.cluster.diagnosis.finding import Cause, fatal
from toolkit.cluster.diagnosis.scene import Scene
from toolkit.cluster.evidence import About, conclude, mounted, objects, summary, tables
from toolkit.cluster.evidence.files import Folder
from toolkit.cluster.evidence.logs import Log
from toolkit.cluster.evidence.summary import MOST_LINES, Page

from tests import ROOT
from tests.pure.cluster.evidence.scenes import pod, scene_of, workload

CASES = sorted((ROOT / "tests" / "pure" / "cases" / "diagnosis").glob("*.json"))


def about(reason: str = "crash loop: Pod/x", **details: str) -> About:
    outcome = Outcome(Kind.FAILED, reason, "read the log\nthen deploy again", details=details)
    words = (
        "submitter",
        "production",
        "live-dev",
        "ns",
        "1a2b3c",
        "1a2b3c4d5e6f77",
        "run-1",
        "Kim",
        "deploy",
    )
    return About(*words, outcome, "0f0f0f")


def recorded(case: Path) -> Scene:
    return scene_of(json.loads(case.read_text())["objects"])


def page(scene: Scene, about: About, **more: Any) -> str:
    return summary.render(Page(about, scene, "2026-11-23 03:00:00 UTC", **more))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_recorded_failure_makes_one_page_with_its_cause(case: Path) -> None:
    scene = recorded(case)
    text = page(scene, about("what happened"))
    assert len(text.splitlines()) <= MOST_LINES
    grave = [each for each in scene.findings if each.severity != "waiting"]
    assert not grave or f"- **Cause:** {grave[0].cause}\n- **Object:** {grave[0].object}" in text
    assert all(f"## {title}" in text for title in ("Pods", "Files"))
    assert tables.rollout(scene).endswith("\n")


def test_the_top_of_the_page_says_what_happened_what_to_do_and_what_serves() -> None:
    scene = scene_of(workload(pod("a", restarts=3), pod("b", "old", ready=True)))
    text = page(
        scene, about("crash loop: Pod/a: exit code 3", cause="crash loop", object="Pod/a", container="api")
    )
    assert text.splitlines()[:12] == [
        "# ❌ submitter 1a2b3c failed in live-dev",
        "",
        "- **What happened:** Pod/a: exit code 3",
        "- **Cause:** crash loop",
        "- **Object:** Pod/a, container api",
        "- **What to do:** read the log",
        "-   then deploy again",
        "- **Serving now:** 0f0f0f, as far as the record knows; 1 old and 0 new pods are ready",
        "- **Look:** make status APP=submitter ENV=live-dev; kubectl --namespace ns describe Pod/a",
        "- **Where:** production, space live-dev, namespace ns",
        "- **Version:** 1a2b3c, commit 1a2b3c4d5e6f, by Kim",
        "- **Run:** run-1 stage deploy, 2026-11-23 03:00:00 UTC",
    ]
    assert "a    new       Running  0/1    3         not ready: api" in text


def test_a_page_stays_one_page_whatever_there_is_to_say() -> None:
    many = [pod(f"pod-{n}-{'x' * 200}", restarts=n) for n in range(300)]
    found = [fatal(cause, f"Pod/{n}", "y" * 5000) for n, cause in enumerate(Cause)]
    event = {"kind": "Event", "type": "Warning", "message": "z" * 9000, "involvedObject": {"name": "x"}}
    scene = scene_of([*workload(*many), *[event] * 500], found)._replace(
        timeline=tuple((f"2026-11-23T03:00:{n % 60:02}Z", "w" * 3000) for n in range(500))
    )
    log = Log("p", "c", True, "\n".join("v" * 9000 for _ in range(500)))
    more = {"log": log, "events": [event] * 500, "files": {f"logs/{n}": 5 for n in range(99)}}
    text = page(scene, about("u" * 9000 + "\n" * 50), **more, notes=["t" * 5000] * 50)
    assert len(text.splitlines()) <= MOST_LINES
    assert max(map(len, text.splitlines())) < 700
    assert "and 292 more: rollout.txt" in text
    assert "## Files" in text


def test_what_a_log_says_cannot_break_the_page_or_the_terminal() -> None:
    log = Log("p", "c", False, "\x1b[31mred\x1b[0m\x1b]0;title\x07\r```\n## Pods\tx\x00\n")
    text = page(Scene(), about(), log=log)
    assert "\x1b" not in text and "\x00" not in text and "\r" not in text
    assert "red" in text and "'''" in text
    assert text.count("```") % 2 == 0


def test_what_was_done_stands_above_the_details_in_the_order_in_which_it_was_done(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    file = folder.write("summary.md", page(scene_of(workload(pod("a"))), about()))
    conclude(file, "What was done", ["rolled back to 0f0f0f (verified)"])
    conclude(file, "What was done then", ["nothing; postgres://u:canary@h"])
    text = file.read_text()
    places = [
        text.index(word) for word in ("**Run:**", "## What was done\n", "## What was done then", "## Pods")
    ]
    assert places == sorted(places)
    assert "- rolled back to 0f0f0f (verified)\n\n## What" in text
    assert "canary" not in text
    conclude(tmp_path / "new.md", "What was done", ["x"])
    assert (tmp_path / "new.md").read_text() == "## What was done\n\n- x\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.md", "summary.md"]


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.stem)
def test_mutilated_objects_raise_nothing(case: Path, tmp_path: Path) -> None:
    chance = random.Random(case.name)  # noqa: S311 - the same mutilation at every run
    for _ in range(20):
        found = [_mutilated(obj, chance) for obj in json.loads(case.read_text())["objects"]]
        scene = scene_of([obj for obj in found if isinstance(obj, dict)], [])
        subject = chance.choice(["Pod/x", "Job/x", "", "Deployment/fb-submitter-api-test-dev"])
        assert len(page(scene, about(object=subject)).splitlines()) <= MOST_LINES
        tables.rollout(scene, subject)
        tables.about_scene(scene, scene.all("Event"))
        for obj in objects.worth_keeping(scene, subject):
            objects.as_yaml(obj)
        mounted.references(scene.all("Pod"))


def _mutilated(value: Any, chance: random.Random) -> Any:
    if chance.random() < 0.04:
        return chance.choice([None, 0, "", "x", [], {}, [None], {"x": None}, True])
    if isinstance(value, dict):
        return {key: _mutilated(each, chance) for key, each in value.items() if chance.random() > 0.03}
    if isinstance(value, list):
        return [_mutilated(each, chance) for each in value]
    return value
