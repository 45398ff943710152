"""An app that is a kustomization: by kustomize, or by kubectl where that is what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.objects import manifests
from toolkit.settings.config import Config

from tests.renderers.found import on_path

CONFIG = """
default_cluster = "c"
[environments.test]
spaces = ["dev", "live"]
[clusters.c]
kubeconfig = "none"
[apps.tiny]
path = "app"
namespace = "ns-{space}"
service = "tiny"
images.api = "Dockerfile"
kustomize = "overlays/{space}"
"""
WEB = """apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: "IMAGE" }
        - { name: proxy, image: "envoy:1" }
"""
BUILT = "registry.example.com/team/fb-tiny-api@sha256:" + "ab" * 32


@pytest.fixture(params=["kustomize", "kubectl"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's folder; each of the programs that will do is alone on PATH."""
    if request.param == "kustomize":
        program = on_path(monkeypatch, "kustomize")
    else:
        found = shutil.which("kubectl")
        if found is None:
            pytest.skip("kubectl is not on this machine")
        program = Path(found)
    only = tmp_path / "bin"
    only.mkdir()
    (only / request.param).symlink_to(program)
    monkeypatch.setenv("PATH", str(only))
    app = tmp_path / "app"
    for name, text in {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": WEB.replace("IMAGE", "fb-tiny-api"),
        "overlays/dev/kustomization.yaml": "resources: [../../base]\nnameSuffix: -dev\n",
        "overlays/live/kustomization.yaml": "resources: [../../base]\nreplicas: [{ name: web, count: 4 }]\n",
    }.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
    (tmp_path / "apps.toml").write_text(CONFIG)
    return app


def rendered(folder: Path, space: str) -> list[manifests.Json]:
    app = Config.load(folder.parent / "apps.toml").apps["tiny"]
    return manifests.render(
        app, manifests.values(app, space, "test", {"api": BUILT}, version="1", commit="2")
    )


@pytest.mark.parametrize(
    "name", ["api", "fb-tiny-api", "fb-tiny-api:latest", "old.example.com:5000/fb-tiny-api:v1"]
)
def test_the_overlay_of_the_space_with_the_image_that_was_built(folder: Path, name: str) -> None:
    (folder / "base/web.yaml").write_text(WEB.replace("IMAGE", name))
    (dev,), (live,) = rendered(folder, "dev"), rendered(folder, "live")
    assert (dev["metadata"]["name"], live["spec"]["replicas"]) == ("web-dev", 4)
    images = [each["image"] for each in dev["spec"]["template"]["spec"]["containers"]]
    assert images == [BUILT, "envoy:1"]
    assert dev["metadata"]["namespace"] == "ns-dev"


def test_an_image_that_no_container_has_is_refused(folder: Path) -> None:
    (folder / "base/web.yaml").write_text(WEB.replace("IMAGE", "somebody/else:v1"))
    with pytest.raises(
        Misused, match="no container of the kustomization has the image of the role api"
    ) as caught:
        rendered(folder, "dev")
    assert 'image: "api" or "fb-tiny-api"' in caught.value.remedy


def test_a_kustomization_that_fails_is_its_own_sentence(folder: Path) -> None:
    (folder / "overlays/dev/kustomization.yaml").write_text("resources: [../../nowhere]\n")
    with pytest.raises(Misused, match=r"tiny: kustomize cannot render .*nowhere") as caught:
        rendered(folder, "dev")
    assert "\n" not in caught.value.reason
    shutil.rmtree(folder / "overlays" / "dev")
    with pytest.raises(Misused, match=r"there is no kustomization in .*: no such folder"):
        rendered(folder, "dev")


def test_nothing_is_fetched(folder: Path) -> None:
    (folder / "overlays/dev/kustomization.yaml").write_text("resources: ['https://127.0.0.1:1/a.yaml']\n")
    with pytest.raises(Misused, match="kustomize cannot render"):
        rendered(folder, "dev")


def test_neither_program_is_said_with_how_to_get_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "empty").mkdir()
    monkeypatch.setenv("PATH", str(folder / "empty"))
    with pytest.raises(Misused, match="kustomize: no such program") as caught:
        rendered(folder, "dev")
    assert "kubectl" in caught.value.remedy


def test_manifests_that_are_a_kustomization_get_the_key_that_says_so(folder: Path) -> None:
    config = folder.parent / "apps.toml"
    config.write_text(CONFIG.replace('kustomize = "overlays/{space}"', 'manifests = "base"'))
    with pytest.raises(Misused, match="this is a kustomization") as caught:
        rendered(folder, "dev")
    assert 'kustomize = "base"' in caught.value.remedy
