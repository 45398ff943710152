"""A space in which something runs already: it is taken over whole, and it is there to go back to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from toolkit.objects import manifests

from tests.sandbox.cluster.standing.jobs import job
from tests.sandbox.deploying.looks import deployment
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform
from tests.sandbox.watch import watched


def there_before(sandbox: Sandbox, platform: Platform, space: str, image: str, manager: str) -> None:
    """The app as somebody else deployed it: with a variable that our template does not have."""
    platform.manifest(image=image, env={"VERSION": "old", "SURPLUS": "left"})
    folder = platform.folder / "tiny" / "deploy"
    values = {"app": "tiny", "space": space, "service": f"fb-tiny-{space}", "images": {"app": image}}
    sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": f"ns-{space}"}})
    for _, obj in manifests.render_folder(folder, values):
        group = "/apis/apps/v1" if obj["kind"] == "Deployment" else "/api/v1"
        path = f"{group}/namespaces/ns-{space}/{obj['kind'].lower()}s"
        sandbox.api("POST", f"{path}?fieldManager={manager}", obj)
    path = f"/apis/apps/v1/namespaces/ns-{space}/deployments/fb-tiny-app-{space}"
    sandbox.wait(path, lambda obj: obj.get("status", {}).get("availableReplicas") == 1)


def serving(sandbox: Sandbox, space: str) -> Any:
    return sandbox.api("GET", f"/api/v1/namespaces/ns-{space}/services/fb-tiny-{space}:80/proxy/")["version"]


def test_what_was_there_is_put_back_when_the_first_release_fails(
    platform: Platform, sandbox: Sandbox, tiny_image: str
) -> None:
    platform.configure(rollback="auto")
    space = platform.three
    there_before(sandbox, platform, space, tiny_image, "kubectl-client-side-apply")
    platform.manifest(env={"VERSION": "new", "EXIT_CODE": "1"})
    ended = platform.run("deploy", "--app", "tiny", "--env", space, TAKE_OVER="1", **job("a"))
    assert ended.code == 1, ended.output
    assert "(by kubectl-client-side-apply) is on record as taken-over: it can be gone back to" in ended.output
    assert "rolled back to taken-over" in ended.last and "NOT ROLLED BACK" not in ended.output
    assert serving(sandbox, space) == "old"
    (row,) = platform.status("--app", "tiny", "--env", space)
    assert (row["version"], row["back_from"], row["verified"]) == ("taken-over", "a" * 12, False)
    again = platform.run("deploy", "--app", "tiny", "--env", space, TAKE_OVER="1", **job("a"))
    assert again.code == 3, "what was rolled back is held: " + again.output


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "helm"])
def test_what_left_the_template_goes_and_a_default_is_no_drift(
    platform: Platform, sandbox: Sandbox, tiny_image: str, manager: str
) -> None:
    space = platform.one
    there_before(sandbox, platform, space, tiny_image, manager)
    platform.manifest(env={"VERSION": "new"})
    ended = platform.deploy(TAKE_OVER="1", **job("a"))
    assert ended.code == 0, ended.output
    assert f"taken over from kubectl or Helm, field by field: Deployment/fb-tiny-app-{space}" in ended.output
    assert serving(sandbox, space) == "new"
    (pod,) = eventually(
        lambda: [watched.pods(sandbox, space)] if len(watched.pods(sandbox, space)) == 1 else []
    )[0]
    assert "SURPLUS" not in json.dumps(pod["spec"])
    live = deployment(sandbox, space)
    managers = {each["manager"] for each in live["metadata"]["managedFields"]}
    assert manager not in managers
    shown = platform.run("status", "--app", "tiny", "--env", space)
    assert "drift" not in shown.output
    again = platform.deploy(TAKE_OVER="1", **job("a"))
    assert again.code == 0 and "taken over" not in again.output, again.output
