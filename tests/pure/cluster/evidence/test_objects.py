"""Objects as YAML: without secrets and bookkeeping."""

from __future__ import annotations

import json

import yaml
from toolkit.cluster.evidence import objects


def test_objects_are_written_without_secrets_and_bookkeeping() -> None:
    env = [
        {"name": "DB_PASSWORD", "value": "canary-1"},
        {"name": "SERVICE_TOKEN_CACHE_ROOT_URL", "value": "http://cache:80"},
        {"name": "DATABASE", "value": "postgres://u:canary-2@h/d"},
        {"name": "API_KEY", "value": "$(FROM_ELSEWHERE)"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
    ]
    container = {
        "name": "api",
        "env": env,
        "args": ["--api-key", "canary-3", "--token=canary-4", "--port", "3000"],
    }
    last = {
        "kubectl.kubernetes.io/last-applied-configuration": "canary-5",
        "form-builder/api-token": "canary-6",
    }
    obj = {
        "kind": "Pod",
        "metadata": {
            "name": "x",
            "managedFields": [{"manager": "canary-7"}],
            "annotations": {**last, "a": "b"},
        },
        "spec": {"containers": [container], "volumes": [{"secret": {"secretName": "s"}}]},
        "apiVersion": "v1",
    }
    before = json.dumps(obj)
    text = objects.as_yaml(obj)
    assert "canary" not in text and json.dumps(obj) == before
    read = yaml.safe_load(text)
    assert list(read) == ["apiVersion", "kind", "metadata", "spec"]
    assert read["metadata"]["annotations"] == {"form-builder/api-token": "***", "a": "b"}
    shown = read["spec"]["containers"][0]
    assert [each.get("value") for each in shown["env"]] == [
        "***",
        "http://cache:80",
        "postgres://u:***@h/d",
        "$(FROM_ELSEWHERE)",
        None,
    ]
    assert shown["args"] == ["--api-key", "***", "--token=***", "--port", "3000"]
    assert read["spec"]["volumes"] == [{"secret": {"secretName": "s"}}]
