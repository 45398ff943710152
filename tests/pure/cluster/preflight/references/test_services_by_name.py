"""$(X_SERVICE_HOST) leads to a Service, which must be there when the pod starts."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.cluster.preflight.references import naming

Json = dict[str, Any]


def deployment(container: Json, **spec: Any) -> Json:
    pod = {"containers": [{"name": "api", **container}], **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"metadata": {}, "spec": pod}},
    }


def env(value: str, name: str = "URL") -> Json:
    return {"env": [{"name": name, "value": value}]}


def led_to(obj: Json) -> list[tuple[str, str, bool]]:
    return [(each.to.name, each.place, each.is_certain) for each in naming.references(obj)]


@pytest.mark.parametrize(
    ("container", "place"),
    [
        (env("http://$(FB_PDF_TEST_DEV_SERVICE_HOST):80/x"), "container api, env URL"),
        (env("$(FB_PDF_TEST_DEV_SERVICE_PORT_HTTP)"), "container api, env URL"),
        ({"args": ["--to", "$(FB_PDF_TEST_DEV_SERVICE_HOST)"]}, "container api, args"),
        ({"command": ["run", "$(FB_PDF_TEST_DEV_SERVICE_PORT)"]}, "container api, command"),
    ],
)
def test_a_variable_of_a_service_needs_it(container: Json, place: str) -> None:
    assert led_to(deployment(container)) == [("fb-pdf-test-dev", place, True)]


@pytest.mark.parametrize(
    "container",
    [
        env("$$(FB_PDF_SERVICE_HOST)"),  # is to stay as it is
        env("$(FB_PDF_HOST)"),
        env("FB_PDF_SERVICE_HOST"),
        env("https://$(KUBERNETES_SERVICE_HOST)"),  # every pod has it
        {
            "env": [
                {"name": "FB_PDF_SERVICE_HOST", "value": "10.0.0.1"},
                {"name": "URL", "value": "http://$(FB_PDF_SERVICE_HOST)"},
            ]
        },
    ],
)
def test_what_is_no_variable_of_a_service_needs_none(container: Json) -> None:
    assert led_to(deployment(container)) == []


def test_it_is_not_certain_where_the_variable_may_come_from_elsewhere() -> None:
    container = {**env("$(FB_PDF_SERVICE_HOST)"), "envFrom": [{"configMapRef": {"name": "more"}}]}
    assert led_to(deployment(container)) == [("fb-pdf", "container api, env URL", False)]
    assert led_to(deployment(env("$(FB_PDF_SERVICE_HOST)"), enableServiceLinks=False)) == []
