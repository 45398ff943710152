"""What an app needs beside its objects: for its suites, of other apps, in other namespaces."""

from __future__ import annotations

import pytest
from toolkit.cluster.access.rights import Right
from toolkit.cluster.preflight.demands import Demands
from toolkit.cluster.preflight.references.reference import Reference, to

from tests.sandbox.cluster.preflight.ahead import Ahead
from tests.sandbox.cluster.preflight.test_preflight_namespace import (
    ENOUGH,
    EVERYTHING,
    FORESIGHT,
    ahead,
    robot,
    rule,
)

__all__ = ["ahead"]  # the fixture


def test_what_the_suites_need_is_asked_for_as_well(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [each for each in ENOUGH if "secrets" not in each["resources"]]
    plain = rule("", ["configmaps", "services"], EVERYTHING)
    ahead.connection = robot(ahead, monkeypatch, [*few, plain, *FORESIGHT])
    suites = [
        Right("", "secrets", ("get",), "of-the-check"),
        Right("", "services/proxy", ("create",), "fb-tiny:80", spared="its suites may only read"),
    ]
    problems = ahead.check(ahead.deployment(), suites=suites)
    may_not = "the credential in ROBOT_TOKEN may not"
    assert [(problem.line, problem.is_certain) for problem in problems] == [
        (f"{may_not} get secrets of-the-check in {ahead.namespace}", True),
        (f"{may_not} create services/proxy fb-tiny:80 in {ahead.namespace}", False),
    ]
    assert 'resources: ["secrets"], verbs: [get], resourceNames: [of-the-check]' in problems[0].remedy


def test_a_namespace_that_may_not_be_looked_into_is_named_once(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead.connection = robot(ahead, monkeypatch, [*ENOUGH, *FORESIGHT])
    needed = tuple(
        Reference(to("ConfigMap", name, "default"), "", "tiny", "at run time", is_certain=False)
        for name in ("one", "two")
    )
    assert ahead.check(ahead.deployment(), demands=Demands(needed)) == []
    whether = "whether ConfigMap/one, ConfigMap/two are there could not be asked"
    assert ahead.said == [f"default may not be looked into: {whether}"]


def test_what_is_demanded_and_absent_is_told_with_what_brings_it(ahead: Ahead) -> None:
    secret, service = to("Secret", "of-the-check", ahead.namespace), to("Service", "fb-pdf", ahead.namespace)
    demands = Demands(
        (
            Reference(secret, "private", "suite smoke", "tiny"),
            Reference(service, "", "tiny", "needs", is_certain=False),
        ),
        {secret: "make prerequisites APP=tiny", service: "make deploy APP=pdf"},
    )
    problems = ahead.check(ahead.deployment(), demands=demands)
    assert [(each.object, each.is_certain, each.remedy) for each in problems] == [
        ("Secret/of-the-check", True, "make prerequisites APP=tiny"),
        ("Service/fb-pdf", False, "make deploy APP=pdf"),
    ]
    assert problems[0].sentence.endswith("suite smoke (tiny) needs it")
