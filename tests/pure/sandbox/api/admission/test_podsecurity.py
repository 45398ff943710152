"""Pod Security admission, against the sentences that a real API server gives."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.api.admission.podsecurity import LABEL, violation

Object = dict[str, Any]
SAFE: Object = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(context: Object | None = None, **spec: Any) -> Object:
    container = {"name": "web", "image": "x", **({"securityContext": context} if context else {})}
    return {"spec": {"containers": [container], **spec}}


def test_nothing_is_asked_of_a_namespace_without_a_level() -> None:
    risky = pod({"privileged": True}, hostPID=True)
    assert violation({}, risky) == ""
    assert violation({LABEL: "privileged"}, risky) == ""


def test_restricted_names_everything_that_a_plain_pod_lacks_in_upstreams_words() -> None:
    assert violation({LABEL: "restricted"}, pod()) == (
        'violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "web" must set'
        " securityContext.allowPrivilegeEscalation=false), "
        'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to'
        ' "RuntimeDefault" or "Localhost")'
    )


def test_restricted_lets_a_careful_pod_in_and_baseline_a_plain_one() -> None:
    assert violation({LABEL: "restricted"}, pod(SAFE)) == ""
    assert violation({LABEL: "baseline"}, pod()) == ""


def test_what_the_pod_says_counts_for_containers_that_say_nothing() -> None:
    whole = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    own = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert violation({LABEL: "restricted"}, pod(own, securityContext=whole)) == ""


@pytest.mark.parametrize(
    ("risky", "words"),
    [
        (pod({"privileged": True}), 'privileged (container "web" must not set securityContext.privileged'),
        (pod(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
        (pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), 'hostPath volumes (volume "v")'),
        (pod({"capabilities": {"add": ["NET_ADMIN"]}}), 'must not include "NET_ADMIN" in securityContext'),
        (
            {"spec": {"containers": [{"name": "web", "ports": [{"hostPort": 80}]}]}},
            'hostPort (container "web" uses hostPort 80)',
        ),
    ],
)
def test_baseline(risky: Object, words: str) -> None:
    said = violation({LABEL: "baseline", f"{LABEL}-version": "v1.32"}, risky)
    assert said.startswith('violates PodSecurity "baseline:v1.32": ') and words in said


@pytest.mark.parametrize(
    ("risky", "words"),
    [
        (
            pod(SAFE, volumes=[{"name": "v", "nfs": {}}]),
            'restricted volume types (volume "v" uses restricted volume type "nfs")',
        ),
        (pod({**SAFE, "runAsUser": 0}), 'runAsUser=0 (container "web" must not set runAsUser=0)'),
        (
            pod({**SAFE, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}),
            'unrestricted capabilities (container "web" must not include "CHOWN"',
        ),
    ],
)
def test_restricted(risky: Object, words: str) -> None:
    assert words in violation({LABEL: "restricted"}, risky)


def test_several_containers_are_named_together() -> None:
    two = {"spec": {"initContainers": [{"name": "a"}], "containers": [{"name": "b"}]}}
    assert 'pod or containers "a", "b" must set' in violation({LABEL: "restricted"}, two)
