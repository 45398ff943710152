"""The seven skeletons on the sandbox: from a commit to verified production, by configuration alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.local import Sandbox
from tests.skeletons import forms, programs
from tests.skeletons.configuration import Settings
from tests.skeletons.repositories import Repositories
from tests.skeletons.story import Story
from tests.skeletons.table import RUNNER
from tests.skeletons.telling import Told

pytestmark = [pytest.mark.timeout(1500), pytest.mark.xdist_group("skeletons")]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The repositories, a sandbox of their own, and the forms on it."""
    programs.helm()
    folder = tmp_path_factory.mktemp("skeletons")
    sandbox = Sandbox(folder / "sand box" / "state")
    repositories = Repositories(
        folder / "repositories", Settings("sandbox", kubeconfig=str(sandbox.state / "kubeconfig"))
    )
    sandbox.run("up")
    try:
        env = {"SANDBOX_STATE": str(sandbox.state), "SANDBOX_BACKOFF_SCALE": "0.02"}
        story = Story(repositories, lambda path: sandbox.api("GET", path), env)
        _put_forms(story, sandbox)
        yield story
    finally:
        sandbox.run("down")


def _put_forms(story: Story, sandbox: Sandbox) -> None:
    """As the publisher did, of an older runner."""
    app = story[RUNNER.name]
    image = forms.built(story, "zero")
    app.commit({"word": "one\n"})
    for _, space in RUNNER.places:
        home = RUNNER.home(space)
        sandbox.api("POST", "/api/v1/namespaces", {"metadata": {"name": home}})
        for obj in forms.objects(space, image):
            group = "apis/apps/v1" if obj["kind"] == "Deployment" else "api/v1"
            path = f"/{group}/namespaces/{home}/{obj['kind'].lower()}s/{obj['metadata']['name']}"
            sandbox.api("PATCH", f"{path}?fieldManager={forms.OWNER}", obj, "application/apply-patch+yaml")


class TestOnTheSandbox(Told):
    """The story, told there."""
