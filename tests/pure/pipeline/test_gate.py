"""What holds back the stages of runs that go side by side, and in which order they go."""

from __future__ import annotations

from pathlib import Path

from toolkit.pipeline.fleet import in_order
from toolkit.pipeline.gate import Cores

from tests.declared import config, stage


def gate(jobs: int, order: list[str], needs: dict[str, list[str]] | None = None) -> tuple[Cores, list[str]]:
    made, woken = Cores(jobs, order, needs or {}), []
    for app in order:
        stages = [stage(id) for id in ("unit", "deploy-test", "watch-test")]
        made.enter(app, stages, lambda app=app: woken.append(app))
    return made, woken


def test_no_more_stages_at_a_time_than_there_are_places() -> None:
    made, woken = gate(2, ["a", "b", "c"])
    assert [made.ask(app, stage("unit")) for app in "abc"] == ["", "", "for its turn"]
    made.ended("a", stage("unit"))
    assert set(woken) == {"a", "b", "c"}
    assert made.ask("c", stage("unit")) == ""


def test_of_those_that_wait_the_first_app_is_let_through_first() -> None:
    made, _ = gate(1, ["a", "b", "c"])
    made.ask("b", stage("unit"))
    assert made.ask("c", stage("unit")) == made.ask("a", stage("unit")) == "for its turn"
    made.ended("b", stage("unit"))
    assert made.ask("c", stage("unit")) == "for its turn", "a waits too, and comes first"
    assert made.ask("a", stage("unit")) == ""


def test_what_only_watches_announces_or_undoes_never_waits() -> None:
    made, _ = gate(1, ["a", "b"])
    made.ask("a", stage("unit"))
    for id in ("watch-test", "approve-production", "rollback-production", "alert"):
        assert made.ask("b", stage(id)) == ""
    made.ended("b", stage("alert"))
    assert made.ask("b", stage("unit")) == "for its turn", "it never had a place to give back"


def test_a_deployment_waits_for_those_of_what_it_needs_in_the_same_environment() -> None:
    made, _ = gate(9, ["cache", "pdf", "submitter"], {"submitter": ["cache", "pdf"]})
    assert made.ask("submitter", stage("unit")) == ""
    assert made.ask("submitter", stage("deploy-test")) == "for deploy-test of cache"
    made.ask("cache", stage("deploy-test"))
    made.ended("cache", stage("deploy-test"))
    assert made.ask("submitter", stage("deploy-test")) == "for deploy-test of pdf"
    made.leave("pdf")  # it failed long before it could deploy anything
    assert made.ask("submitter", stage("deploy-test")) == ""


def test_a_run_that_is_over_keeps_no_place_and_no_turn() -> None:
    made, _ = gate(1, ["a", "b"])
    made.ask("a", stage("unit"))
    made.ask("a", stage("lint"))
    made.leave("a")
    assert made.ask("b", stage("unit")) == ""


def test_the_order_is_that_of_priority_with_what_is_needed_first(tmp_path: Path) -> None:
    made = config(tmp_path, submitter=["pdf"], runner=["submitter"], pdf=["cache"], cache=[], publisher=[])
    assert in_order(made, list(made.apps)) == ["cache", "pdf", "submitter", "runner", "publisher"]
    assert in_order(made, ["publisher", "runner", "pdf"]) == ["pdf", "runner", "publisher"]
    assert [each.name for each in made.needs_of(made.app("runner"))] == ["cache", "pdf", "submitter"]
