"""How objects are to be judged, as apps.toml and annotations say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Misused
from toolkit.objects import wishes
from toolkit.settings.apps.judged import judged
from toolkit.settings.said import judging
from toolkit.settings.said.judging import Clause, Judging
from toolkit.settings.tables.fields import Fields

Json = dict[str, Any]


def fields(table: Json) -> Fields:
    return Fields.alone(Path("apps.toml"), "apps.x", {"judge": table})


def obj(kind: str = "Deployment", version: str = "apps/v1", **annotations: str) -> Json:
    notes = {f"form-builder/verdict.{key}": value for key, value in annotations.items()}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web-dev", "annotations": notes}}


def test_every_word_is_typed() -> None:
    found = judged(
        fields(
            {
                "Backup.velero.io": {
                    "done": "status.phase=Completed|Done",
                    "failed": "Failed",
                    "deadline": "10m",
                },
                "Deployment/web-{space}": {"required": "80%", "judge": False},
            }
        ),
        "judge",
    )
    assert found["Backup.velero.io"] == Judging(
        deadline=600.0,
        done=Clause("", ("status", "phase"), ("Completed", "Done")),
        failed=Clause("Failed", (), ("True",)),
    )
    assert found["Deployment/web-{space}"] == Judging(judge=False, required="80%")


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        (
            "Deployment",
            {"requierd": "all"},
            'requierd: unknown, did you mean "required"?',
        ),
        ("Deployment", {"required": "most"}, '"most" is none of all, none, maxUnavailable'),
        ("Deployment", {"required": "120%"}, '"120%" is none of all'),
        ("Deployment", {"deadline": "soon"}, '"soon" is not a duration'),
        ("Deployment", {"deadline": 5}, "5 is not a duration"),
        ("Deployment", {"judge": "no"}, '"no" is neither true nor false'),
        ("X.y.z", {"done": "phase is good"}, "is neither a condition"),
        ("X.y.z", {"done": "status.phase"}, "is neither a condition"),
        ("web", {"judge": False}, "must be a kind"),
        ("Service/web", {"required": "all"}, "required: Service has no number of pods"),
        ("Deployment", {"wait": False}, "wait: is for Jobs"),
        ("Deployment", "no", "must be a table, not text"),
    ],
)
def test_what_nobody_understands_is_refused_with_its_path(name: str, words: object, said: str) -> None:
    with pytest.raises(Misused) as caught:
        judged(fields({name: words}), "judge")
    assert caught.value.reason.startswith("apps.toml: apps.x.judge")
    assert said in caught.value.reason


def test_the_annotation_comes_before_the_object_and_that_before_its_kind() -> None:
    said = {
        "Deployment": Judging(required="50%", deadline=10.0, judge=True),
        "Deployment/web-{space}": Judging(required="60%", deadline=20.0),
    }
    assert wishes.of(obj(required="70%"), said, "dev") == Judging(True, 20.0, "70%")
    assert wishes.of(obj(), said, "dev") == Judging(True, 20.0, "60%")
    assert wishes.of(obj(), said, "live") == Judging(True, 10.0, "50%")
    assert wishes.of(obj("StatefulSet"), said, "dev") == judging.NOTHING


def test_a_kind_of_the_same_name_in_another_group_is_another_one() -> None:
    said = {"Service": Judging(judge=False)}
    assert wishes.of(obj("Service", "v1"), said).judge is False
    assert wishes.of(obj("Service", "serving.knative.dev/v1"), said).judge is None


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (obj(requird="all"), "form-builder/verdict.requird: unknown"),
        (obj("Ingress", required="all"), "Ingress.apps has no number of pods"),
        (obj("ReplicaSet", required="maxUnavailable"), "ReplicaSet has no maxUnavailable"),
        (obj(wait="false"), "is for Jobs"),
    ],
)
def test_an_annotation_that_does_not_fit_is_refused_with_file_and_object(made: Json, words: str) -> None:
    with pytest.raises(Misused) as caught:
        wishes.check("x/deploy/web.yaml", made)
    assert caught.value.reason.startswith(f"x/deploy/web.yaml: {made['kind']}/web-dev: annotation ")
    assert words in caught.value.reason


def test_annotations_of_the_platform_that_are_about_other_things_are_left_alone() -> None:
    made = obj()
    made["metadata"]["annotations"] = {"form-builder/form": "x", "form-builder/version": "1"}
    wishes.check("x.yaml", made)
