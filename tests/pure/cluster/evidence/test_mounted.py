"""What pods refer to, and which values of Secrets are secret."""

from __future__ import annotations

import pytest
from toolkit.cluster.evidence import mounted


def test_all_that_a_pod_refers_to_is_known_by_name() -> None:
    spec = {
        "initContainers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "a"}}}]}],
        "containers": [{"envFrom": [{"secretRef": {"name": "b"}}, {"configMapRef": {"name": "c"}}]}],
        "volumes": [{"secret": {"secretName": "d"}}, {"projected": {"sources": [{"secret": {"name": "e"}}]}}],
        "imagePullSecrets": [{"name": "f"}],
    }
    names = {("Secret", name) for name in "abdef"} | {("ConfigMap", "c")}
    assert mounted.references([{"spec": spec}]) == names
    assert mounted.references([{"spec": {"template": {"spec": spec}}}, {}, None]) == names


@pytest.mark.parametrize(
    ("key", "value", "plain"),
    [
        ("password", "127.0.0.1", False),
        ("word", "hunter22", False),
        ("url", "sqlite:////data.db", False),
        ("SMTP_HOST", "smtp.example", True),
        ("SMTP_PORT", "25", True),
        ("peer", "10.0.0.1", True),
        ("HOST", "user@example", False),
        ("debug", "true", True),
    ],
)
def test_a_value_in_a_secret_is_hidden_unless_it_can_be_none(key: str, value: str, plain: bool) -> None:
    assert mounted.is_plain(key, value) is plain
