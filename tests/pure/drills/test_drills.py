"""The drills as data, the change that they make to the manifests, and the judgement on what was seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.base.outcome import Kind, Misused
from toolkit.cluster.diagnosis.finding import Cause
from toolkit.drills import cases, judging, workshop
from toolkit.drills.cases import Change, Drill
from toolkit.drills.judging import Seen
from toolkit.drills.witness import Answers, signs_of
from toolkit.settings.config import Config

from tests import ROOT

DRILLS = cases.load(ROOT / "drills" / "causes.toml")
MANIFEST = (ROOT / "drills" / "app" / "deploy" / "app.yaml").read_text()
WORDS = {
    "registry": "127.0.0.1:1/x",
    "registry-host": "127.0.0.1:1",
    "late": "127.0.0.1:2",
    "good": "g",
    "repository": "r",
    "digest": "sha256:1",
    "space": "s",
}

# The causes that the verdict table of the design names; the others are states on the way, or nobody's fault:
# NODE and POD_SANDBOX are the stumbles of a container runtime, and the sandbox has none that could stumble.
TABLE = set(Cause) - {Cause.STARTING, Cause.POD_SANDBOX, Cause.NODE, Cause.CREATION}
# The API server itself refuses a schedule that it cannot read (the drill preflight-schedule); that only its
# controller cannot, for its time zones are others or the object is older, is shown by tests/scenarios.
TABLE -= {Cause.SCHEDULE}


def test_every_cause_of_the_table_has_a_drill_and_a_look_alike() -> None:
    drilled = {drill.cause for drill in DRILLS.values()}
    assert {str(cause) for cause in TABLE} <= drilled
    assert drilled - {""} <= {str(cause) for cause in Cause}
    assert len(DRILLS) >= 20
    assert all(drill.look_alike.title for drill in DRILLS.values())


def test_every_stage_that_judges_has_one_and_so_has_preflight() -> None:
    assert {drill.stage for drill in DRILLS.values()} == set(cases.STAGES)
    assert sum(drill.untouched for drill in DRILLS.values()) >= 5


def test_the_documents_say_how_many_there_are() -> None:
    assert f"goes through {len(DRILLS)} ways" in (ROOT / "docs" / "releases.md").read_text()


def test_the_platform_that_drills_break_is_one_that_the_pipeline_takes() -> None:
    config = Config.load(ROOT / "drills" / "apps.toml")
    assert list(config.apps) == [workshop.APP]


def test_a_drill_says_where_the_api_shows_it_when_a_rollout_is_judged() -> None:
    silent = [drill.name for drill in DRILLS.values() if drill.cause and not drill.sign]
    assert silent == []


@pytest.mark.parametrize("drill", DRILLS.values(), ids=list(DRILLS))
def test_every_change_gives_yaml_that_differs_from_the_good_version(drill: Drill) -> None:
    good = list(yaml.safe_load_all(workshop.changed(MANIFEST, workshop.GOOD)))
    for change in (drill.change, drill.look_alike.change):
        filled = Change(
            **{
                **change._asdict(),
                "env": {key: workshop.fill(value, WORDS) for key, value in change.env.items()},
                "container": workshop.fill(change.container, WORDS),
                "pod": workshop.fill(change.pod, WORDS),
            }
        )
        found = list(yaml.safe_load_all(workshop.changed(MANIFEST, filled)))
        assert found[0]["kind"] == "Deployment" and found[1] == good[1]
        assert found != good or change.before or change.during or change == workshop.GOOD


def test_a_cause_that_is_none_is_misused_with_the_nearest() -> None:
    with pytest.raises(Misused, match='CAUSE=qouta: there is no such drill, did you mean "quota"') as error:
        cases.chosen(DRILLS, "qouta")
    assert "image-missing" in error.value.remedy
    with pytest.raises(Misused, match="CAUSE is missing"):
        cases.chosen(DRILLS, "")
    assert [each.name for each in cases.chosen(DRILLS, "quota,migration")] == ["quota", "migration"]
    assert len(cases.chosen(DRILLS, "all")) == len(DRILLS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[x]\ntitel = "a"', "x.look-alike: is missing"),
        (
            '[x]\ntitle = "a"\ncause = ""\nsings = "b"\n[x.look-alike]\ntitle = "c"',
            'x.sings: unknown, did you mean "sign"',
        ),
        (
            '[x]\ntitle = "a"\ncause = ""\nstage = "deplyo"\n[x.look-alike]\ntitle = "c"',
            'did you mean "deploy"',
        ),
        (
            '[x]\ntitle = "a"\ncause = ""\nbefore = [{ do = "delet" }]\n[x.look-alike]\ntitle = "c"',
            '"delet" is not one of',
        ),
        (
            '[x]\ntitle = "a"\ncause = ""\nenv = { A = 1 }\n[x.look-alike]\ntitle = "c"',
            "x.env.A: must be text",
        ),
        ("[x", "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "causes.toml"
    file.write_text(text)
    with pytest.raises(Misused, match=words):
        cases.load(file)


def test_a_change_is_merged_by_field_and_by_name() -> None:
    change = Change(
        env={"A": "b", "VERSION": "old"},
        container="readinessProbe: { periodSeconds: 7 }",
        pod="containers: [{ name: sidecar, image: x }]",
        deployment="minReadySeconds: 3",
        objects="{ kind: Secret }",
    )
    deployment, service, secret = yaml.safe_load_all(workshop.changed(MANIFEST, change))
    web, sidecar = deployment["spec"]["template"]["spec"]["containers"]
    assert deployment["spec"]["minReadySeconds"] == 3 and deployment["spec"]["replicas"] == 2
    assert web["readinessProbe"]["periodSeconds"] == 7 and "httpGet" in web["readinessProbe"]
    env = {row["name"]: row.get("value") for row in web["env"]}
    assert (env["A"], env["VERSION"]) == ("b", "old") and "HOST" in env
    assert sidecar["name"] == "sidecar" and service["kind"] == "Service" and secret == {"kind": "Secret"}


def test_placeholders_leave_the_braces_of_yaml_and_jinja_alone() -> None:
    text = "image: '{registry}/x@{{ images.web }}', a: { b: \"{space}\" }"
    assert workshop.fill(text, WORDS) == "image: '127.0.0.1:1/x/x@{{ images.web }}', a: { b: \"s\" }"


GOOD, NEW, SPACE = "a" * 12, "b" * 12, "drill-1"
BACK = {"to": GOOD, "from": NEW, "outcome": "passed", "reason": "", "verified": True}


def stage(name: str, outcome: str, **details: Any) -> dict[str, Any]:
    found = {"cause": "quota", "rollback": BACK} | details
    return {
        "name": name,
        "outcome": outcome,
        "reason": "quota: used: pods=2, limited: pods=2",
        "remedy": "ask for less",
        "details": {SPACE: found},
    }


def seen(*stages: dict[str, Any], versions: dict[str, int] | None = None, **more: Any) -> Seen:
    answers = Answers(Counter(versions or {GOOD: 9}), more.pop("failures", ()), more.pop("last", GOOD))
    base = Seen("failed", stages, answers, GOOD, NEW, SPACE, summary="x", alert=f"back to {GOOD}")
    return base._replace(**more)


QUOTA = DRILLS["quota"]


def test_a_drill_that_came_out_as_it_must_has_no_problem() -> None:
    assert judging.problems_of(QUOTA, seen(stage("deploy", "failed"))) == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (seen(stage("deploy", "failed", cause="volume")), 'the cause had to be "quota" and is "volume"'),
        (seen(stage("smoke", "failed")), "deploy had to say so, and smoke did"),
        (seen(stage("deploy", "failed"), outcome="passed"), "the run had to end as failed"),
        (seen(stage("deploy", "failed", rollback=None)), "nothing was rolled back"),
        (seen(stage("deploy", "failed", rollback={**BACK, "verified": False})), "verified: rolled back to"),
        (seen(stage("deploy", "failed", rollback={**BACK, "to": NEW})), f"it had to go back to {GOOD}"),
        (seen(stage("deploy", "failed"), summary=""), "no files of evidence"),
        (seen(stage("deploy", "failed"), alert=""), "there is no alert"),
        (seen(stage("deploy", "failed"), alert="nothing"), f"does not say that {GOOD} is back"),
        (seen(stage("deploy", "failed"), failures=("1 s: answers 503",)), "1 of 10 requests failed"),
        (seen(stage("deploy", "failed"), versions={GOOD: 3, NEW: 1}), f"{NEW} answered"),
        (seen(stage("deploy", "failed"), last=NEW), "in the end"),
    ],
)
def test_whatever_is_wrong_is_a_sentence(what: Seen, words: str) -> None:
    assert any(words in problem for problem in judging.problems_of(QUOTA, what)), words


def test_what_preflight_refuses_must_not_touch_anything() -> None:
    drill = DRILLS["preflight-image"]
    said = {**stage("deploy", "failed", rollback=None), "reason": "sha256:0000"}
    assert judging.problems_of(drill, seen(said, touched=False, summary="")) == []
    assert judging.problems_of(drill, seen(said, touched=True)) == [
        "preflight had to refuse it and it was changed"
    ]


def test_a_drill_that_must_pass_fails_when_it_is_called() -> None:
    drill = DRILLS["disruption"]
    assert drill.outcome is Kind.PASSED
    passed = seen(
        {"name": "deploy", "outcome": "passed"}, outcome="passed", versions={GOOD: 1, NEW: 1}, last=NEW
    )
    assert judging.problems_of(drill, passed) == []
    assert "it had to pass" in judging.problems_of(drill, seen(stage("deploy", "failed")))[0]


def test_a_false_alarm_is_named_and_so_is_a_look_alike_that_never_looked_alike() -> None:
    look = DRILLS["missing-secret"].look_alike
    good = seen({"name": "deploy", "outcome": "passed"}, outcome="passed", versions={NEW: 1}, last=NEW)
    assert judging.problems_of_look_alike(look, good) == []
    assert "a false alarm" in judging.problems_of_look_alike(look, seen(stage("deploy", "failed")))[0]
    beside = judging.problems_of_look_alike(look, good._replace(kubectl="exceeded its progress deadline"))
    assert beside == ["kubectl does not call it rolled out: exceeded its progress deadline"]
    alone = judging.problems_of_look_alike(look, seen(stage("deploy", "failed"))._replace(kubectl=""))
    assert alone[0].endswith("; kubectl calls it rolled out")
    never = judging.problems_of_look_alike(look, good._replace(sign_seen=False))
    assert never == ["the API never showed what this looks like"]


def test_signs_of_a_pod() -> None:
    ended = {"terminated": {"reason": "Error", "exitCode": 1}}
    status = {"restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended}
    found = set(
        signs_of({"status": {"containerStatuses": [status], "conditions": [{"reason": "Unschedulable"}]}})
    )
    assert found == {"CrashLoopBackOff", "Error", "2 exits", "Unschedulable"}
    assert set(
        signs_of({"status": {"containerStatuses": [{"restartCount": 1, "state": {"running": {}}}]}})
    ) == {""}
    assert list(signs_of({})) == []
