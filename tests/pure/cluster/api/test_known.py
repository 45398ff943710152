"""Objects found by uid, name and owner."""

from __future__ import annotations

from typing import Any

from toolkit.cluster.api.known import Known


def test_objects_are_found_by_name_and_owner_through_every_change() -> None:
    def pod(uid: str, name: str, owner: str) -> dict[str, Any]:
        owners = [{"uid": owner, "controller": True}] if owner else []
        return {"metadata": {"uid": uid, "name": name, "ownerReferences": owners}, "spec": {"n": 1}}

    known = Known()
    known.put(pod("1", "a", "rs"))
    known.put(pod("2", "b", "rs"))
    known.put(pod("1", "a", "other"))
    assert list(known.owned) == ["rs", "other"] and list(known.owned["rs"]) == ["2"]
    known.put(pod("3", "a", "rs"))  # made anew under the same name
    known.drop(pod("1", "a", "other"))
    assert known.named("a") == pod("3", "a", "rs") and known.named("c") is None
    assert list(known.owned) == ["rs"]
    known.clear()
    assert known.objects == {} and known.owned == {} and known.named("a") is None
