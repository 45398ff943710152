"""What keeps a machine from having a real node, in one line that names all of it and what helps."""

from __future__ import annotations

import re

import pytest

from tests import ROOT
from tests.kubernetes.node import parts
from tests.kubernetes.node.parts import Part

ALL = (1 << 41) - 1
FINE = {"system": "linux", "is_root": True, "capabilities": ALL, "go": (1, 24)}
CASES = {
    "all there": ({}, ""),
    "another system": ({"system": "darwin"}, "needs Linux, and this is darwin"),
    "not root": ({"is_root": False}, "brought up by root"),
    "no power over networks": ({"capabilities": ALL & ~(1 << 12)}, "needs CAP_NET_ADMIN, which root has not"),
    "no power at all": ({"capabilities": 0}, "CAP_NET_ADMIN and CAP_SYS_ADMIN"),
    "an old Go": ({"go": (1, 19)}, "Go 1.19 is too old to build Kubernetes. Fix: install Go 1.24"),
}


@pytest.mark.parametrize("case", CASES)
def test_why_it_cannot_be(case: str) -> None:
    given, expected = CASES[case]
    said = parts.why_not([], **{**FINE, **given})
    assert expected in said and bool(said) is bool(expected)
    assert "\n" not in said


def test_a_machine_that_cannot_is_told_what_else_there_is() -> None:
    for given in ({"system": "darwin"}, {"is_root": False}, {"capabilities": 0}):
        assert "KUBERNETES_TEST_CONFIG" in parts.why_not([], **{**FINE, **given})


def test_every_missing_part_is_named_with_its_package_and_the_target_that_installs_it() -> None:
    lacking = parts.missing(lambda _: None)
    said = parts.why_not(lacking, **FINE)
    for part in parts.PARTS:
        assert f"{part.program.rpartition('/')[2]} ({part.package})" in said
    assert said.endswith("Fix: make kubernetes-tools") and "\n" not in said
    assert re.search("^kubernetes-tools:", (ROOT / "Makefile").read_text(), re.M)


def test_what_is_there_is_not_missing() -> None:
    assert parts.missing(lambda program: None if program == "etcd" else f"/usr/bin/{program}") == [
        Part("etcd", "etcd-server")
    ]


def test_only_what_is_missing_is_installed_by_name_and_each_once() -> None:
    update, install = parts.plan([Part("runc", "runc"), Part("etcd", "etcd-server"), Part("x", "runc")])
    assert update[:2] == ["apt-get", "update"]
    assert install[-2:] == ["etcd-server", "runc"] and "--no-install-recommends" in install
    assert parts.plan([]) == []
