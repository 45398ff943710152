"""Which apps of which spaces are asked for together: those that one credential is for."""

from __future__ import annotations

import pytest
from toolkit.settings.model import Cluster, Ref, Where

SPOTS = [
    Where("dev", "forms-dev", "runner"),
    Where("dev", "data-dev", "store"),
    Where("live", "forms-live", "runner"),
]
ASKED = [*SPOTS, Where("dev", "forms-dev", "publisher")]


@pytest.mark.parametrize(
    ("variable", "together"),
    [
        ("TOKEN", [["runner", "store", "publisher"], ["runner"]]),
        ("TOKEN_{SPACE}", [["runner", "store", "publisher"], ["runner"]]),
        ("TOKEN_{NAMESPACE}", [["runner", "publisher"], ["store"], ["runner"]]),
        ("TOKEN_{SPACE}_{APP}", [["runner"], ["store"], ["runner"], ["publisher"]]),
    ],
)
def test_what_one_credential_is_for_in_a_space_is_asked_for_together(
    variable: str, together: list[list[str]]
) -> None:
    cluster = Cluster("real", "docker", server=Ref("SERVER"), token=Ref(variable))
    found = cluster.by_credential(ASKED, lambda spot: spot)
    assert [[each.app for each in group] for group in found] == together


def test_without_variables_a_space_is_asked_for_as_a_whole() -> None:
    found = Cluster("real", "docker").by_credential(ASKED, lambda spot: spot)
    assert [[each.app for each in group] for group in found] == [["runner", "store", "publisher"], ["runner"]]
