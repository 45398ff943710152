"""What a restart changes of each workload, in which waves, and that fields stay their owners'."""

from __future__ import annotations

from typing import Any

import pytest
from toolkit.base.outcome import Misused
from toolkit.cluster.restarting import ownership, partials
from toolkit.settings.apps.restarts import Restart

Json = dict[str, Any]
NEW = "registry/fb-runner-web@sha256:" + "1" * 64


def live(named: str = "form", labels: str = "runner", **images: str) -> Json:
    rows = [{"name": key, "image": image} for key, image in images.items()]
    template = {"metadata": {"labels": {"app": labels}}, "spec": {"containers": rows}}
    return {"kind": "Deployment", "metadata": {"name": named}, "spec": {"template": template}}


def test_the_only_container_gets_the_image_and_what_it_had_is_remembered() -> None:
    made = partials.partial(live(web="old:1"), Restart("app=runner", image="web"), NEW, "v1")
    assert made["spec"] == {"template": {"spec": {"containers": [{"name": "web", "image": NEW}]}}}
    assert partials.before(made) == {"web": "old:1"}
    assert partials.is_there(live(web=NEW), made) and not partials.is_there(live(web="old:1"), made)
    assert partials.back(live(web=NEW), made, {"web": "old:1"})["spec"] == {
        "template": {"spec": {"containers": [{"name": "web", "image": "old:1"}]}}
    }


def test_of_several_containers_those_of_the_same_repository_get_it() -> None:
    several = live(web="registry/fb-runner-web:9", proxy="nginx:1", worker="registry/fb-runner-web@sha256:0")
    assert partials.containers(several, Restart("app=runner", image="web"), NEW) == ["web", "worker"]
    named = Restart("app=runner", image="web", container="proxy")
    assert partials.containers(several, named, NEW) == ["proxy"]


@pytest.mark.parametrize(
    ("obj", "container", "said"),
    [
        (live(a="x:1", b="y:1"), "", "has no container of registry/fb-runner-web"),
        (live(a="x:1"), "web", "has no container web"),
        (live(labels="other", web="x:1"), "", "its pods do not carry app=runner"),
    ],
)
def test_what_does_not_fit_is_named(obj: Json, container: str, said: str) -> None:
    with pytest.raises(Misused, match=said):
        partials.partial(obj, Restart("app=runner", image="web", container=container), NEW, "v1")


def test_without_an_image_pods_are_made_anew_once_for_a_version() -> None:
    made = partials.partial(live(web="x:1"), Restart("app=runner"), "", "v1")
    template = made["spec"]["template"]
    assert template == {"metadata": {"annotations": {partials.RESTARTED: "v1"}}}
    after = live(web="x:1")
    after["spec"]["template"]["metadata"]["annotations"] = {partials.RESTARTED: "v1"}
    assert partials.is_there(after, made)
    gone_back = partials.back(after, made, partials.before(made))
    assert gone_back["spec"]["template"]["metadata"]["annotations"] == {partials.RESTARTED: None}


@pytest.mark.parametrize(
    ("wave", "count", "sizes"),
    [
        ("25%", 9, [1, 3, 3, 2]),
        ("2", 6, [1, 2, 2, 1]),
        ("100%", 200, [1, 199]),
        ("25%", 1, [1]),
        ("5", 0, []),
    ],
)
def test_one_comes_first_and_then_a_wave_at_a_time(wave: str, count: int, sizes: list[int]) -> None:
    found = [live(str(each), web="x") for each in range(count)]
    made = partials.waves(found, Restart("app=runner", wave=wave).size(count))
    assert [len(each) for each in made] == sizes
    assert [obj for each in made for obj in each] == found


def fields(**container: Json) -> Json:
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': container}}}}}


def entry(manager: str, operation: str, owned: Json) -> Json:
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": owned}


@pytest.mark.parametrize("operation", ["Apply", "Update"])
def test_the_image_stays_with_whoever_had_it(operation: str) -> None:
    before = [entry("publisher", operation, fields(**{"f:image": {}, "f:name": {}}))]
    after = [
        entry("publisher", operation, fields(**{"f:name": {}})),
        entry("ours", "Update", fields(**{"f:image": {}})),
    ]
    assert ownership.handed_back(before, after, ["web"], "ours") == before


def test_an_owner_of_nothing_else_comes_back() -> None:
    before = [entry("kubectl-set", "Update", fields(**{"f:image": {}}))]
    after = [entry("ours", "Update", fields(**{"f:image": {}}))]
    assert ownership.handed_back(before, after, ["web"], "ours") == before
