"""An API server's refusals, in the real one's words too, as problems by field; and whose an object is."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.base.outcome import Kind
from toolkit.cluster.api.errors import ApiError
from toolkit.cluster.preflight.saying import ownership, problem, refusals
from toolkit.cluster.preflight.saying.problem import Problem

Json = dict[str, Any]


def refused(status: int, message: str = "", causes: list[tuple[str, str]] | None = None) -> ApiError:
    details = {"causes": [{"field": field, "message": said} for field, said in causes or []]}
    return ApiError(message, status=status, word="", body={"message": message, "details": details})


@pytest.mark.parametrize(
    ("error", "sentences"),
    [
        (
            refused(
                400,
                'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
                'unknown field "spec.replicaz", unknown field "spec.template.spec.containers[0].imgae"',
            ),
            [
                "spec.replicaz: there is no such field",
                "spec.template.spec.containers[0].imgae: there is no such field",
            ],
        ),
        (
            refused(
                500,
                "failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): errors:\n"
                "  .spec.replicaz: field not declared in schema\n"
                '  .spec.template.spec.containers[name="app"].imgae: field not declared in schema',
            ),
            [
                "spec.replicaz: there is no such field",
                'spec.template.spec.containers[name="app"].imgae: there is no such field',
            ],
        ),
        (
            refused(
                500,
                "failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): "
                ".spec.replicas: expected numeric (int or float), got string",
            ),
            [".spec.replicas: expected numeric (int or float), got string"],
        ),
        (
            refused(
                500,
                "failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): errors:\n"
                "  .metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}\n"
                "  .spec.paused: expected boolean, got &{yes}",
            ),
            [".metadata.labels.a: expected string, got 1 .spec.paused: expected boolean, got yes"],
        ),
        (
            refused(
                500,
                "failed to convert new object (ns/web; apps/v1, Kind=Deployment) to proper version: unable "
                "to convert unstructured object to apps/v1, Kind=Deployment: quantities must match the "
                "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ),
            ["quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
        ),
        (
            refused(
                400,
                'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string '
                "into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            ["json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"],
        ),
        (
            refused(
                422,
                'Service "web" is invalid: ...',
                [
                    ("spec.clusterIPs[0]", "Invalid value: []: may not change once set"),
                    ("spec.ports[0].port", "Invalid value: 0: must be between 1 and 65535, inclusive"),
                ],
            ),
            [
                "spec.clusterIPs[0]: cannot be changed once the object is there",
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            refused(
                422,
                'StatefulSet.apps "db" is invalid: ...',
                [
                    (
                        "spec",
                        "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' "
                        "are forbidden",
                    )
                ],
            ),
            ["spec: cannot be changed once the object is there"],
        ),
        (
            refused(
                403, 'deployments.apps "web" is forbidden: admission webhook "x.example" denied the request'
            ),
            ['deployments.apps "web" is forbidden: admission webhook "x.example" denied the request'],
        ),
        (
            refused(500, "Internal error occurred: failed calling webhook"),
            ["the API server answers 500: Internal error occurred: failed calling webhook"],
        ),
    ],
)
def test_a_refusal_names_each_field(error: ApiError, sentences: list[str]) -> None:
    found = refusals.problems(error, "Deployment/web")
    assert [each.sentence for each in found] == sentences
    assert {each.object for each in found} == {"Deployment/web"}


def test_a_long_refusal_is_cut_in_the_middle() -> None:
    (found,) = refusals.problems(refused(403, "a" * 500 + "z" * 500), "Deployment/web")
    assert len(found.sentence) < 320 and found.sentence.startswith("aaa") and found.sentence.endswith("zzz")


def test_a_job_is_replaced_only_when_nothing_else_is_wrong_with_it() -> None:
    immutable = ("spec.template", "Invalid value: core.PodTemplateSpec{...}: field is immutable")
    other = ("spec.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"')
    assert refusals.is_replaced(refused(422, "", [immutable]))
    assert not refusals.is_replaced(refused(422, "", [immutable, other]))
    assert not refusals.is_replaced(refused(409, "", [immutable]))


def test_permission_is_told_from_admission() -> None:
    assert refusals.is_permission(
        refused(403, 'secrets is forbidden: User "x" cannot list resource "secrets"')
    )
    assert not refusals.is_permission(refused(403, 'pods "x" is forbidden: exceeded quota: small'))
    assert refusals.is_quota(refused(403, 'pods "x" is forbidden: exceeded quota: small'))


OURS = {"appGroup": "fb-tiny", "app.kubernetes.io/managed-by": "form-builder-pipeline"}
APPLIED = [{"manager": "form-builder-pipeline", "operation": "Apply"}]


def live(labels: Json | None = None, **metadata: Any) -> Json:
    return {"kind": "Secret", "metadata": {"name": "x", "namespace": "n", "labels": labels or {}, **metadata}}


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (live(OURS), ""),
        (live({"appGroup": "fb-tiny"}), ""),
        (live(managedFields=APPLIED), ""),
        (live(OURS, annotations={"meta.helm.sh/release-name": "old"}), ""),
        (live(), "was not made by the pipeline"),
        (live(managedFields=[{"manager": "kubectl", "operation": "Apply"}]), "was not made by the pipeline"),
        (live({**OURS, "appGroup": "fb-other"}, managedFields=APPLIED), "another app (appGroup=fb-other)"),
        (live({**OURS, "app.kubernetes.io/managed-by": "Helm"}), "managed by Helm"),
        (
            live({"app.kubernetes.io/managed-by": "Helm"}, annotations={"meta.helm.sh/release-name": "old"}),
            "managed by Helm, release old",
        ),
        (live(annotations={"meta.helm.sh/release-name": "old"}), "the Helm release old"),
    ],
)
def test_whose_an_object_is(obj: Json, words: str) -> None:
    found = ownership.stranger(obj, "tiny")
    assert (found is None) == (words == "")
    if found:
        assert words in found.sentence and found.kind is Kind.REFUSED and found.object == "Secret/x"
    adopted = ownership.stranger(obj, "tiny", adopt=True)
    assert (adopted is None) == (words in ("", "was not made by the pipeline"))


def test_no_problems_pass() -> None:
    assert problem.outcome([]).passed


def test_all_problems_are_listed_and_the_worst_kind_decides() -> None:
    found = [
        Problem("Secret/a", "belongs to b", "rename it", Kind.REFUSED),
        Problem("Secret/c", "is missing", "create it"),
        Problem("", "may not list pods", "have it granted"),
    ]
    outcome = problem.outcome(found)
    assert outcome.kind is Kind.FAILED
    assert outcome.reason == "3 problems found before anything was changed: Secret/c: is missing"
    assert outcome.evidence == (
        "Secret/a: belongs to b",
        "    fix: rename it",
        "Secret/c: is missing",
        "    fix: create it",
        "may not list pods",
        "    fix: have it granted",
    )
    assert outcome.details["preflight"][0] == {
        "object": "Secret/a",
        "sentence": "belongs to b",
        "remedy": "rename it",
        "kind": "refused",
    }
    alone = problem.outcome(found[:1])
    assert (alone.kind, alone.remedy, alone.evidence) == (
        Kind.REFUSED,
        "rename it",
        ("Secret/a: belongs to b",),
    )


def test_a_problem_that_comes_twice_is_one() -> None:
    same = Problem("Secret/a", "is missing", "create it")
    other = Problem("Secret/b", "is missing", "create it")
    assert problem.distinct([same, other, same._replace(remedy="else")]) == [same, other]


@pytest.mark.parametrize(
    ("status", "message", "kind", "elsewhere"),
    [
        (
            403,
            'pods "x" is forbidden: error looking up service account ns/a: serviceaccount "a" not found',
            "",
            True,
        ),
        (403, 'pods "x" is forbidden: no PriorityClass with name fast was found', "", True),
        (404, 'roles.rbac.authorization.k8s.io "reader" not found', "roles", True),
        (404, 'clusterroles.rbac.authorization.k8s.io "view" not found', "clusterroles", True),
        (404, "the server could not find the requested resource", "", False),
        (403, 'pods "x" is forbidden: exceeded quota: small', "", False),
        (422, "roles", "roles", False),
    ],
)
def test_what_is_refused_for_want_of_another_object_is_left_to_the_references(
    status: int, message: str, kind: str, elsewhere: bool
) -> None:
    error = ApiError(message, status=status, word="", body={"message": message, "details": {"kind": kind}})
    assert refusals.is_elsewhere(error) is elsewhere
