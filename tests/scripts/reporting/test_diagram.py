"""The picture of the pipeline: complete, the same every time, and never out of date."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import diagram as script
import pytest
from toolkit.pipeline import plan
from toolkit.pipeline.plan import Plan, Stage
from toolkit.reporting import diagram
from toolkit.settings.config import Config

from tests import ROOT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a clone"
    folder.mkdir()
    shutil.copy(ROOT / "apps.toml", folder)
    return folder


def draw(root: Path, *flags: str) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, ROOT / "scripts/diagram.py", "--config", root / "apps.toml", *flags],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_the_picture_in_the_repository_is_the_plan() -> None:
    assert draw(ROOT, "--check") == (0, "")


def test_it_shows_every_stage_of_the_plan(root: Path) -> None:
    config = Config.load(root / "apps.toml")
    app = config.app("submitter")
    made = plan.for_run(config, app, app.main_branch)
    picture = parsed(script.picture_of(config))
    boxes = [each for each in picture.iter(f"{SVG}rect") if "box" in each.get("class", "")]
    assert len(boxes) == len([stage for stage in made.stages if not stage.always])
    names = [text.text for text in picture.iter() if "name" in text.get("class", "").split()]
    assert sorted(filter(None, names)) == sorted(stage.name for stage in made.stages)


def test_it_can_be_read_without_being_seen(root: Path) -> None:
    picture = parsed(script.picture_of(Config.load(root / "apps.toml")))
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title desc"
    assert picture.findtext(f"{SVG}title") == "The pipeline of submitter"
    told = picture.findtext(f"{SVG}desc") or ""
    assert "lint: at once." in told
    assert "deploy test: after lint, security, unit, build." in told
    assert "rollback production: only if deploy, healthcheck, smoke or watch fails." in told
    assert "alert: always, at the end." in told
    assert "Only main goes beyond test." in told


def test_drift_is_a_sentence_and_its_remedy(root: Path) -> None:
    code, said = draw(root, "--check")
    assert (code, "docs/pipeline.svg is missing" in said) == (1, True)
    assert draw(root)[0] == 0
    assert draw(root, "--check") == (0, "")
    apps = root / "apps.toml"
    apps.write_text(apps.read_text().replace('"live-dev", "live-production"', '"live-dev"'))
    code, said = draw(root, "--check")
    assert code == 1
    assert "docs/pipeline.svg does not show the pipeline as it is planned" in said
    assert "make diagram" in said


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own


def boxes_of(picture: str) -> list[tuple[int, ...]]:
    found = re.findall(r'class="box \w+" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', picture)
    return [tuple(map(int, each)) for each in found]


@pytest.mark.parametrize("checks", range(5))
@pytest.mark.parametrize("lanes", [(), (1,), (4, 5), (2, 7, 3), (1, 1, 1, 1)])
@pytest.mark.parametrize("undone", ["", "0", "123", "9", "every lane"])
def test_no_plan_makes_boxes_overlap_or_leave_the_picture(
    checks: int, lanes: tuple[int, ...], undone: str
) -> None:
    names = ["lint", "security", "unit", "build"]
    stages = [Stage(name, name, None, (), 1) for name in names[:checks]]
    for number, count in enumerate(lanes):
        there = [Stage(f"{number}-{i}", "smoke", f"e{number}", (), 1) for i in range(count)]
        ids = [f"{number}-{i}" for i in undone if i.isdigit()] or [each.id for each in there]
        if undone and (number == len(lanes) - 1 or not undone.isdigit()):
            undoes = tuple(id for id in ids if id in {each.id for each in there}) or (there[0].id,)
            there.append(Stage(f"{number}-back", "rollback", f"e{number}", (), 1, undoes=undoes))
        stages += there
    stages.append(Stage("alert", "alert", None, (), 1, always=True))
    stop = "e0" if lanes else None
    picture = diagram.draw(Plan("x & <y>", "main", stages), notes={"e0": "<&>"}, main="main", stop=stop)
    assert parsed(picture).findtext(f"{SVG}title") == "The pipeline of x & <y>"
    assert picture == diagram.draw(
        Plan("x & <y>", "main", stages), notes={"e0": "<&>"}, main="main", stop=stop
    )
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', picture)[0])
    boxes = boxes_of(picture)
    assert len(boxes) == len(stages) - 1
    ends = [
        tuple(map(int, each)) for each in re.findall(r'class="fail"[^>]* d="M(\d+) (\d+)H(\d+)"', picture)
    ]
    for start, y, end in ends:  # the way back leads to the box, and from right to left
        assert end < start
        assert any(x + w == end and top < y < top + h for x, top, w, h in boxes)
    assert all(x > 0 and y > 0 and x + w < width and y + h < height for x, y, w, h in boxes)
    for n, (ax, ay, aw, ah) in enumerate(boxes):
        for bx, by, bw, bh in boxes[n + 1 :]:
            assert ax + aw < bx or bx + bw < ax or ay + ah < by or by + bh < ay
