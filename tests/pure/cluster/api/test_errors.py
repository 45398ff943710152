"""What an API server's answer is made into: a sentence, and a remedy where one is known."""

from __future__ import annotations

import json

from toolkit.cluster.api.errors import ApiError, api_error, is_manifests


def answer(status: int, message: str) -> ApiError:
    body = json.dumps({"kind": "Status", "message": message}).encode()
    return api_error(status, body, doing="applying", cluster="live", space="test", holder="TOKEN")


def test_a_variable_that_is_there_twice_is_named_with_the_place_where_one_must_go() -> None:
    """As the sandbox and as Kubernetes word it."""
    said = '.spec.template.spec.containers[name="app"].env: duplicate entries for key [name="DEBUG"]'
    typed = f"failed to create typed patch object (ns/web; apps/v1, Kind=Deployment): {said}"
    for status, message in ((400, said), (500, typed)):
        error = answer(status, message)
        assert error.remedy == (
            "in the manifest keep one of the entries with `name: DEBUG` at "
            'spec.template.spec.containers[name="app"].env'
        )
        assert message in error.reason
    assert answer(400, "something else").remedy == ""


def test_a_field_of_another_name_or_type_is_the_manifests_fault_though_the_status_says_500() -> None:
    """As Kubernetes 1.34 answers a server-side apply."""
    who = "(ns/web; apps/v1, Kind=Deployment)"
    for said in (
        f"failed to create typed patch object {who}: .spec.replicaz: field not declared in schema",
        f"failed to create typed patch object {who}: .spec.replicas: expected numeric (int or float), "
        "got string",
        f"failed to convert new object {who} to proper version: unable to convert unstructured object to "
        "apps/v1, Kind=Deployment: quantities must match the regular expression",
    ):
        error = answer(500, said)
        assert is_manifests(error) and error.remedy.startswith("correct the manifest")
        assert said in error.reason
    for status, said in ((500, "etcdserver: request timed out"), (503, "apiserver not ready")):
        broken = answer(status, said)
        assert not is_manifests(broken) and broken.remedy == ""
