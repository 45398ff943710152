"""Kinds by the name that people give them."""

from __future__ import annotations

import pytest
from toolkit.objects.resources import title


@pytest.mark.parametrize(
    ("version", "kind", "named"),
    [
        ("v1", "Service", "Service"),
        ("serving.knative.dev/v1", "Service", "Service.serving.knative.dev"),
        ("autoscaling/v1", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler"),
        ("cert-manager.io/v1", "Certificate", "Certificate.cert-manager.io"),
    ],
)
def test_a_kind_has_one_name_in_every_version_and_another_in_every_group(
    version: str, kind: str, named: str
) -> None:
    assert title(version, kind) == named
