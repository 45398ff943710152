"""CustomResourceDefinitions are taken, and their objects are kept, judged, applied and watched."""

from __future__ import annotations

import copy
import threading
from typing import Any

import pytest

from tests.sandbox.api.running import Running
from tests.sandbox.api.served import Api, eventually
from tests.sandbox.api.widgets import (
    DEFINITIONS,
    applied,
    condition,
    define,
    definition,
    established,
    widget,
    widgets,
)


def test_a_kind_is_served_as_soon_as_it_is_defined(own_api: Running) -> None:
    assert own_api.http.get(widgets()).status_code == 404
    made = own_api.create(DEFINITIONS, definition())
    assert made["spec"]["names"]["singular"] == "widget" and made["spec"]["names"]["listKind"] == "WidgetList"
    assert own_api.create(widgets(), widget())["metadata"]["generation"] == 1
    eventually(lambda: established(own_api))
    stored = own_api.http.get(f"{DEFINITIONS}/widgets.example.com").json()
    assert condition(stored, "NamesAccepted") == "True" and stored["status"]["storedVersions"] == ["v1"]
    groups = {one["name"] for one in own_api.http.get("/apis").json()["groups"]}
    [resource] = own_api.http.get("/apis/example.com/v1").json()["resources"]
    assert "example.com" in groups and resource["kind"] == "Widget" and resource["shortNames"] == ["wix"]
    assert "apis/example.com/v1" in own_api.http.get("/openapi/v3").json()["paths"]
    assert "Warning" not in own_api.http.put(widgets(name="w"), json=widget(size=4)).headers


def test_objects_are_judged_by_the_schema(own_api: Running) -> None:
    define(own_api)

    def refused(**spec: Any) -> str:
        answer = own_api.http.post(widgets(), json=widget(**spec), params={"dryRun": "All"})
        assert answer.status_code == 422, answer.text
        return str(answer.json()["message"])

    head = 'Widget.example.com "w" is invalid: spec'
    assert refused(size="x") == (
        f'{head}.size: Invalid value: "string": spec.size in body must be of type integer: "string"'
    )
    assert (
        refused(size=0)
        == f"{head}.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
    )
    assert refused(colour="green") == (
        f'{head}.colour: Unsupported value: "green": supported values: "red", "blue"'
    )
    assert refused(note="abcdef") == f"{head}.note: Too long: may not be more than 5 bytes"
    assert "should match '^a'" in refused(note="b")
    assert refused(parts=[{"count": 1}]) == f"{head}.parts[0].name: Required value"
    assert refused(port=[]).startswith(f"{head}.port: Invalid value")
    assert refused(tags={"a": 1}).startswith(f"{head}.tags.a: Invalid value")
    nothing = {**widget(), "spec": {}}
    assert own_api.http.post(widgets(), json=nothing).json()["message"] == f"{head}.size: Required value"
    for port in (80, "http"):
        assert (
            own_api.http.post(widgets(), json=widget(port=port), params={"dryRun": "All"}).status_code == 201
        )


def test_defaults_are_filled_in_and_what_is_unknown_is_pruned(own_api: Running) -> None:
    define(own_api)
    sent = widget(note=None, sise=1, free={"any": {"thing": []}}, parts=[{"name": "a", "x": 1}], tags={})
    answer = own_api.http.post(widgets(), json=sent)
    assert answer.status_code == 201
    assert answer.json()["spec"] == {
        "size": 3,
        "note": None,
        "colour": "red",
        "free": {"any": {"thing": []}},
        "parts": [{"name": "a", "count": 1}],
        "tags": {},
    }
    assert {'299 - "unknown field \\"spec.parts[0].x\\""', '299 - "unknown field \\"spec.sise\\""'} <= set(
        answer.headers.get_list("Warning")
    )
    strict = own_api.http.post(widgets(), json=widget("s", sise=1), params={"fieldValidation": "Strict"})
    assert strict.status_code == 400
    assert 'strict decoding error: unknown field "spec.sise"' in strict.json()["message"]


def test_generations_count_specs_and_status_has_its_own_door(own_api: Running) -> None:
    define(own_api, subresources={"status": {}})
    own_api.create(widgets(), {**widget(), "status": {"phase": "Ready"}})
    path = widgets(name="w")
    assert "status" not in own_api.http.get(path).json(), "a create does not set it"
    merge = {"Content-Type": "application/merge-patch+json"}
    answer = own_api.http.patch(f"{path}/status", json={"status": {"observedGeneration": 1}}, headers=merge)
    assert answer.json()["metadata"]["generation"] == 1
    answer = own_api.http.patch(path, json={"spec": {"size": 4}, "status": {"x": 1}}, headers=merge)
    assert answer.json()["metadata"]["generation"] == 2
    assert answer.json()["status"] == {"observedGeneration": 1}
    strategic = {"Content-Type": "application/strategic-merge-patch+json"}
    assert own_api.http.patch(path, json={}, headers=strategic).status_code == 415


def test_without_the_subresource_status_is_a_field_like_any_other(own_api: Running) -> None:
    define(own_api)
    own_api.create(widgets(), {**widget(), "status": {"phase": "Ready"}})
    assert own_api.http.get(widgets(name="w")).json()["status"] == {"phase": "Ready"}
    assert own_api.http.get(f"{widgets(name='w')}/status").status_code == 404


def test_apply_merges_by_the_schema_and_keeps_count_of_owners(own_api: Running) -> None:
    define(own_api)
    path = widgets(name="w")
    first = widget(parts=[{"name": "a", "count": 2}])
    assert applied(own_api, path, first).status_code == 201
    other = {**widget(parts=[{"name": "b", "count": 5}])}
    del other["spec"]["size"]
    assert applied(own_api, path, other, fieldManager="other").status_code == 200
    parts = own_api.http.get(path).json()["spec"]["parts"]
    assert parts == [{"name": "a", "count": 2}, {"name": "b", "count": 5}]
    conflict = applied(own_api, path, widget(size=9), fieldManager="third")
    assert conflict.status_code == 409 and ".spec.size" in conflict.text
    assert applied(own_api, path, widget()).json()["spec"]["parts"] == [{"name": "b", "count": 5}]
    wrong = applied(own_api, path, widget(sise=1))
    told = "failed to create typed patch object (/w; example.com/v1, Kind=Widget)"
    assert (wrong.status_code, wrong.json()["message"]) == (
        500,
        f"{told}: .spec.sise: field not declared in schema",
    )


def test_watches_see_objects_come_and_go(own_api: Running) -> None:
    define(own_api)
    seen: list[str] = []

    def follow() -> None:
        for event in own_api.watch(widgets(), timeoutSeconds=30):
            seen.append(event["type"])
            if event["type"] == "DELETED":
                return

    thread = threading.Thread(target=follow)
    thread.start()
    own_api.create(widgets(), widget())
    eventually(lambda: seen == ["ADDED"])
    own_api.http.put(widgets(name="w"), json=widget(size=5))
    own_api.http.delete(widgets(name="w"))
    thread.join(30)
    assert seen == ["ADDED", "MODIFIED", "DELETED"]


def test_the_objects_go_with_their_definition_but_not_before_their_finalizers(own_api: Running) -> None:
    define(own_api)
    own_api.create(widgets(), widget("free"))
    held = widget("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    own_api.create(widgets(), held)
    assert own_api.http.delete(f"{DEFINITIONS}/widgets.example.com").status_code == 200
    eventually(lambda: own_api.http.get(widgets(name="free")).status_code == 404)
    assert own_api.http.get(f"{DEFINITIONS}/widgets.example.com").status_code == 200, "one object is left"
    merge = {"Content-Type": "application/merge-patch+json"}
    own_api.http.patch(widgets(name="held"), json={"metadata": {"finalizers": None}}, headers=merge)
    eventually(lambda: own_api.http.get(f"{DEFINITIONS}/widgets.example.com").status_code == 404)
    assert own_api.http.get(widgets()).status_code == 404
    assert "example.com" not in {one["name"] for one in own_api.http.get("/apis").json()["groups"]}
    define(own_api)
    assert own_api.http.get(widgets()).json()["items"] == []


def test_definitions_and_objects_are_there_after_a_restart(own_api: Running) -> None:
    define(own_api)
    made = own_api.create(widgets(), widget())
    own_api.stop()
    own_api.start()
    assert own_api.http.get(widgets(name="w")).json() == made
    assert own_api.http.post(widgets(), json=widget("x", size=0)).status_code == 422


def test_a_definition_may_change_while_its_objects_stay(own_api: Running) -> None:
    define(own_api)
    own_api.create(widgets(), widget())
    changed = own_api.http.get(f"{DEFINITIONS}/widgets.example.com").json()
    wider = copy.deepcopy(changed)
    version = wider["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"]["maximum"] = 99
    version["subresources"] = {"status": {}}
    assert own_api.http.post(widgets(), json=widget("big", size=50)).status_code == 422
    answer = own_api.http.put(f"{DEFINITIONS}/widgets.example.com", json=wider)
    assert answer.status_code == 200, answer.text
    assert own_api.http.post(widgets(), json=widget("big", size=50)).status_code == 201
    assert own_api.http.get(f"{widgets(name='w')}/status").status_code == 200
    assert own_api.http.put(widgets(name="w"), json=widget(size=60)).status_code == 200


def test_a_name_that_is_taken_is_not_accepted(own_api: Running) -> None:
    define(own_api)
    own_api.create(DEFINITIONS, definition(plural="others"))
    name = f"{DEFINITIONS}/others.example.com"
    eventually(lambda: condition(own_api.http.get(name).json(), "NamesAccepted") == "False")
    assert condition(own_api.http.get(name).json(), "Established") == "False"
    assert own_api.http.get("/apis/example.com/v1/namespaces/default/others").status_code == 404


def test_a_custom_kind_may_be_called_as_one_that_is_built_in(own_api: Running) -> None:
    """serving.knative.dev/v1 Service is one: nothing of what a Service is told holds for it."""
    define(own_api, plural="services", kind="Service")
    path = "/apis/example.com/v1/namespaces/default/services"
    made = own_api.create(path, widget("1-web.and.more", kind="Service"))
    assert made["spec"] == {"size": 3, "colour": "red"}
    rows = own_api.http.get(path, headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}).json()
    assert [column["name"] for column in rows["columnDefinitions"]] == ["Name", "Age"]
    assert own_api.http.get("/api/v1/namespaces/default/services").json()["items"] == []


def test_columns_are_those_of_the_definition(own_api: Running) -> None:
    ready = '.status.conditions[?(@.type=="Ready")].status'
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    columns += [{"name": "Ready", "type": "string", "jsonPath": ready}]
    define(own_api, additionalPrinterColumns=columns)
    conditions = [{"type": "Other", "status": "x"}, {"type": "Ready", "status": "True"}]
    own_api.create(widgets(), {**widget(), "status": {"conditions": conditions}})
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = own_api.http.get(widgets(), headers=accept).json()
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Size", "Ready", "Age"]
    assert table["rows"][0]["cells"][:3] == ["w", 3, "True"]


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("metadata", "name"), "x.example.com", "metadata.name"),
        (("spec", "scope"), "Global", "spec.scope"),
        (("spec", "group"), "", "spec.group"),
        (("spec", "names", "kind"), "", "spec.names.kind"),
        (("spec", "versions", 0, "storage"), False, "spec.versions"),
        (("spec", "versions", 0, "schema"), None, "spec.versions[0].schema.openAPIV3Schema"),
        (
            ("spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "spec", "type"),
            "",
            "spec.validation.openAPIV3Schema.properties[spec].type",
        ),
    ],
)
def test_a_wrong_definition_is_refused(api: Api, place: tuple[Any, ...], value: Any, field: str) -> None:
    wrong = copy.deepcopy(definition())
    parent: Any = wrong
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    answer = api.http.post(DEFINITIONS, json=wrong, params={"dryRun": "All"})
    assert answer.status_code == 422, answer.text
    assert field in {cause["field"] for cause in answer.json()["details"]["causes"]}


def test_a_dry_run_defines_nothing(api: Api) -> None:
    dry = definition(plural="ghosts", kind="Ghost")
    assert api.http.post(DEFINITIONS, json=dry, params={"dryRun": "All"}).status_code == 201
    assert api.http.get("/apis/example.com/v1/namespaces/default/ghosts").status_code == 404


def test_conversion_by_webhook_is_refused(sandbox_api: Running) -> None:
    wrong = definition()
    wrong["spec"]["conversion"] = {"strategy": "Webhook"}
    answer = sandbox_api.http.post(DEFINITIONS, json=wrong, params={"dryRun": "All"})
    assert answer.status_code == 422
    assert "spec.conversion.strategy" in {cause["field"] for cause in answer.json()["details"]["causes"]}


def test_an_object_of_a_custom_kind_says_which_it_is(own_api: Running) -> None:
    define(own_api)
    body = widget()
    del body["kind"]
    refused = own_api.http.post(widgets(), json=body)
    assert refused.status_code == 400
    told = "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"
    assert refused.json()["message"].startswith(told)
    config_map = {"metadata": {"name": "c"}}
    assert own_api.create("/api/v1/namespaces/default/configmaps", config_map)["metadata"]["name"] == "c"
