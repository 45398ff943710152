"""What becomes of wishes, with a Kubernetes API that does what the test says."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from fb_platform.kubernetes import path
from publisher.objects import REVISION
from publisher.store import Store
from publisher.worker import AGAIN, LOOK, Worker

from .cluster import MiniCluster
from .conftest import DEV, Clock, document, release
from .wishes import of, the, ticks, wish


def states(store: Store) -> dict[str, str]:
    return {form.slug: form.state for form in store.forms()}


@pytest.fixture
def later(clock: Clock) -> Callable[[float], None]:
    def pass_by(seconds: float) -> None:
        clock.now += seconds

    return pass_by


def test_a_form_is_published(worker: Worker, store: Store, kubernetes: MiniCluster) -> None:
    kubernetes.unready.add("form-cats")
    wish(store)
    ticks(worker)
    assert (the(store).state, the(store).address) == ("publishing", "http://127.9.9.9")
    kubernetes.unready.clear()
    ticks(worker)
    assert the(store).state == "published"
    assert of("cats") < kubernetes.names(DEV)
    content = kubernetes.found("configmaps", DEV, "fb-cats-config-map")
    secret = kubernetes.found("secrets", DEV, "fb-cats-secrets")
    assert content is not None
    assert secret is not None
    assert json.loads(content["data"]["SERVICE_METADATA"]) == document()
    assert (
        content["data"]["ENCODED_PUBLIC_KEY"]
        == base64.b64decode(secret["data"]["ENCODED_PUBLIC_KEY"]).decode()
    )
    assert len(kubernetes.calls) == 4, "what was applied once is not applied again"


def test_published_again_with_other_content_keeps_its_keys(
    worker: Worker, store: Store, kubernetes: MiniCluster
) -> None:
    wish(store)
    ticks(worker)
    secret = kubernetes.found("secrets", DEV, "fb-cats-secrets")
    before = annotation(kubernetes)
    wish(store, heading="Your other cat")
    ticks(worker)
    assert (the(store).state, the(store).version) == ("published", 2)
    assert kubernetes.found("secrets", DEV, "fb-cats-secrets") == secret
    assert annotation(kubernetes) != before, "the pods are renewed"


def annotation(kubernetes: MiniCluster, slug: str = "cats") -> str:
    found = kubernetes.found("deployments", DEV, f"form-{slug}")
    assert found
    return str(found["spec"]["template"]["metadata"]["annotations"][REVISION])


def test_a_form_is_unpublished_and_its_running_parts_go_first(
    worker: Worker, store: Store, kubernetes: MiniCluster
) -> None:
    wish(store)
    wish(store, "dogs")
    ticks(worker)
    kubernetes.lingering.add("form-cats")
    store.unpublish("test-dev", "cats")
    ticks(worker)
    assert the(store).state == "unpublishing"
    assert kubernetes.found("secrets", DEV, "fb-cats-secrets"), "pods that end may still need it"
    kubernetes.end("form-cats")
    ticks(worker)
    assert store.form("test-dev", "cats") is None
    assert kubernetes.names(DEV) == of("dogs") | {"configmaps/fb-runner-test-dev"}


def test_wished_for_again_while_it_goes_away(worker: Worker, store: Store, kubernetes: MiniCluster) -> None:
    wish(store)
    ticks(worker)
    kubernetes.lingering.add("form-cats")
    store.unpublish("test-dev", "cats")
    ticks(worker)
    wish(store)
    ticks(worker)
    assert the(store).state == "publishing"
    kubernetes.end("form-cats")
    ticks(worker)
    assert the(store).state == "published"
    assert of("cats") < kubernetes.names(DEV)


def test_what_the_publisher_did_not_make_is_left_alone(
    worker: Worker, store: Store, kubernetes: MiniCluster
) -> None:
    kubernetes.put("Service", DEV, "form-cats", spec={"clusterIP": "127.1.1.1"})
    wish(store)
    ticks(worker)
    assert (the(store).state, kubernetes.calls) == ("failed", [])
    assert the(store).reason == "Service form-cats is there already, and the publisher did not make it."
    store.unpublish("test-dev", "cats")
    ticks(worker)
    assert (store.forms(), kubernetes.calls) == ([], [])


def test_a_doomed_form_fails_with_its_reason_and_recovers(
    worker: Worker, store: Store, kubernetes: MiniCluster, later: Callable[[float], None]
) -> None:
    kubernetes.unready.add("form-cats")
    wish(store)
    ticks(worker)
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    metadata = {"annotations": {REVISION: annotation(kubernetes)}}
    kubernetes.pods = [{"metadata": metadata, "status": {"containerStatuses": [{"state": state}]}}]
    ticks(worker)
    assert the(store).state == "failed"
    assert the(store).reason == "The form cannot run: its image cannot be fetched (no such image)."
    kubernetes.unready.clear()
    later(AGAIN)
    ticks(worker)
    assert (the(store).state, the(store).reason) == ("published", "")


def test_past_its_deadline(worker: Worker, store: Store, kubernetes: MiniCluster) -> None:
    kubernetes.doomed.add("form-cats")
    wish(store)
    ticks(worker)
    assert (the(store).state, the(store).reason) == ("failed", "The form did not become ready in time.")


def test_what_somebody_deleted_is_made_again(
    worker: Worker, store: Store, kubernetes: MiniCluster, later: Callable[[float], None]
) -> None:
    wish(store)
    ticks(worker)
    before = kubernetes.found("deployments", DEV, "form-cats")
    for plural, name in (("deployments", "form-cats"), ("secrets", "fb-cats-secrets")):
        del kubernetes.objects[plural, DEV, name]
    later(AGAIN)
    ticks(worker)
    assert of("cats") < kubernetes.names(DEV)
    after = kubernetes.found("deployments", DEV, "form-cats")
    assert before is not None and after is not None
    assert before["spec"] != after["spec"], "pods with the lost key are renewed"


def test_a_release_of_the_runner_follows_form_by_form_and_stops_at_the_first_that_fails(
    worker: Worker, store: Store, kubernetes: MiniCluster, later: Callable[[float], None]
) -> None:
    for slug in ("ants", "bees", "cats"):
        wish(store, slug)
    ticks(worker)
    old = {slug: annotation(kubernetes, slug) for slug in ("ants", "bees", "cats")}

    def renewed() -> set[str]:
        return {slug for slug, before in old.items() if annotation(kubernetes, slug) != before}

    kubernetes.unready.add("form-ants")
    release(kubernetes, "test-dev", "2")
    later(LOOK)
    ticks(worker)
    assert renewed() == {"ants"}, "the next one follows when the first is ready"
    kubernetes.unready.clear()
    kubernetes.doomed.add("form-bees")
    ticks(worker)
    assert (renewed(), the(store, "bees").state) == ({"ants", "bees"}, "failed")
    later(AGAIN)
    ticks(worker)
    assert (renewed(), the(store, "cats").state) == ({"ants", "bees"}, "published")
    kubernetes.doomed.clear()
    kubernetes.unready.add("form-bees")
    release(kubernetes, "test-dev", "3")
    later(LOOK)
    ticks(worker)
    assert states(store) == {"ants": "published", "bees": "publishing", "cats": "published"}
    kubernetes.unready.clear()
    ticks(worker, 8)
    assert renewed() == {"ants", "bees", "cats"}
    assert len({form.runner for form in store.forms()}) == 1


def test_without_the_runner_wishes_wait_and_removals_do_not(
    worker: Worker, store: Store, kubernetes: MiniCluster, later: Callable[[float], None]
) -> None:
    wish(store)
    ticks(worker)
    del kubernetes.objects["configmaps", DEV, "fb-runner-test-dev"]
    later(LOOK)
    wish(store, "dogs")
    store.unpublish("test-dev", "cats")
    ticks(worker)
    assert states(store) == {"dogs": "waiting"}
    assert "no runner has been released here" in store.spaces()["test-dev"].problem
    assert store.spaces()["test-production"].problem == ""


def test_leave_that_is_missing_is_found_before_anybody_wishes(
    worker: Worker, store: Store, kubernetes: MiniCluster
) -> None:
    kubernetes.refused["POST", "secrets"] = (403, "secrets is forbidden")
    ticks(worker)
    assert store.spaces()["test-dev"].problem == "Secrets is forbidden."
    assert kubernetes.calls == []


def test_what_the_cluster_refuses_is_a_reason(
    worker: Worker, store: Store, kubernetes: MiniCluster, later: Callable[[float], None]
) -> None:
    ticks(worker)
    kubernetes.refused["PATCH", "services"] = (403, "exceeded quota: forms")
    wish(store)
    ticks(worker)
    assert (the(store).state, the(store).reason) == ("failed", "Exceeded quota: forms.")
    kubernetes.refused = {("GET", "secrets"): (403, "secrets is forbidden")}
    store.unpublish("test-dev", "cats")
    ticks(worker)
    assert (the(store).state, the(store).reason) == ("unpublishing", "Secrets is forbidden.")
    kubernetes.refused.clear()
    ticks(worker)
    assert store.forms() == []


def test_an_api_that_is_away_is_waited_for(
    worker: Worker, store: Store, kubernetes: MiniCluster, environment: dict[str, str]
) -> None:
    kubernetes.is_down = True
    wish(store)
    ticks(worker)
    assert the(store).state == "waiting"
    assert store.spaces()["test-dev"].problem == "The Kubernetes API does not answer."
    kubernetes.is_down = False
    ticks(worker)
    assert (the(store).state, store.spaces()["test-dev"].problem) == ("published", "")


def test_addresses_of_objects() -> None:
    assert path("Deployment", "n", "a") == "/apis/apps/v1/namespaces/n/deployments/a"
    assert path("Pod", "n") == "/api/v1/namespaces/n/pods"
