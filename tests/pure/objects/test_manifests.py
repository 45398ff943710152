"""Templates to objects: every mistake is refused with file and line, before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toolkit.base.outcome import Misused
from toolkit.objects import manifests
from toolkit.settings.model import App

GOOD = """
apiVersion: apps/v1
kind: Deployment
metadata: { name: "fb-{{ app }}-api-{{ space }}" }
spec:
  template:
    metadata: { labels: { app: x } }
    spec: { containers: [{ name: api, image: "{{ images.api }}" }] }
---
apiVersion: v1
kind: Service
metadata: { name: {{ service }}, labels: { appGroup: mine } }
"""


ABOUT = {"version": "1a2b", "commit": "1a2b3c"}


def app_with(folder: Path, **files: str) -> App:
    (folder / "deploy").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "deploy" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return App("submitter", "S", 1, folder, "platform-{space}", "fb-submitter-api-{space}")


def render(app: App, **more: Any) -> list[dict[str, Any]]:
    given = manifests.values(app, "test-dev", "test", {"api": "img@sha256:1"}, **{**ABOUT, **more})
    return manifests.render(app, given)


def test_objects_get_namespace_labels_and_annotations(tmp_path: Path) -> None:
    deployment, service = render(app_with(tmp_path, all=GOOD))
    assert deployment["metadata"] == {
        "name": "fb-submitter-api-test-dev",
        "namespace": "platform-test-dev",
        "labels": {"app.kubernetes.io/managed-by": "form-builder-pipeline", "appGroup": "fb-submitter"},
        "annotations": {
            "form-builder/version": "1a2b",
            "form-builder/commit": "1a2b3c",
        },
    }
    assert deployment["spec"]["template"]["metadata"]["labels"]["appGroup"] == "fb-submitter"
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "img@sha256:1"
    assert service["metadata"]["labels"]["appGroup"] == "mine"


def test_pod_templates_do_not_change_with_the_run(tmp_path: Path) -> None:
    app = app_with(tmp_path, all=GOOD)
    first = render(app)[0]["spec"]["template"]
    other = manifests.values(app, "test-dev", "test", {"api": "img@sha256:1"}, version="9", commit="9")
    assert manifests.render(app, other)[0]["spec"]["template"] == first


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("kind: A\nname: {{ nothing }}\n", "deploy/bad.yaml:2:", "'nothing' is undefined"),
        ("{% set x = 1 %}\n\nimage: {{ images.worker }}\n", "deploy/bad.yaml:3:", "no attribute 'worker'"),
        ("a: 1\n{% if %}\n", "deploy/bad.yaml:2:", "Expected an expression"),
        ("a: 1\nb: {{ 'x'.nope() }}\n", "deploy/bad.yaml:2:", "nope"),
        ("a: 1\nb: [1\nc: 2\n", "deploy/bad.yaml:3:", "not valid YAML"),
        ("a: 1\n\tb: 2\n", "deploy/bad.yaml:2:", "not valid YAML"),
        ("just text\n", "deploy/bad.yaml:", "apiVersion"),
        ("apiVersion: v1\nmetadata: { name: x }\n", "deploy/bad.yaml:", "no kind"),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {}\n",
            "deploy/bad.yaml:",
            "(Service) has no metadata.name",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: { name: x, namespace: other }\n",
            "deploy/bad.yaml:",
            "in namespace other, the app in platform-test-dev",
        ),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, where: str, what: str) -> None:
    with pytest.raises(Misused) as caught:
        render(app_with(tmp_path, bad=text))
    assert where in caught.value.reason
    assert what in caught.value.reason


def test_the_same_object_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Misused, match=r"b\.yaml:2: Service/fb-submitter-api-test-dev is in .*a\.yaml:10 already"
    ):
        render(app_with(tmp_path, a=GOOD, b=GOOD.split("---")[1]))


@pytest.mark.parametrize("files", [{}, {"empty": "# nothing\n---\n"}])
def test_no_manifest_at_all_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(Misused, match="no manifest template"):
        render(app_with(tmp_path, **files))


def test_what_looks_like_a_date_stays_text(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { day: 2026-11-23 }\n"
    assert render(app_with(tmp_path, all=text))[0]["data"]["day"] == "2026-11-23"


def test_a_list_is_taken_apart(tmp_path: Path) -> None:
    text = "kind: List\nitems:\n- { apiVersion: v1, kind: Service, metadata: { name: a } }\n"
    assert [obj["kind"] for obj in render(app_with(tmp_path, all=text))] == ["Service"]


def test_base64_filters(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { k: {{ 'ü' | b64encode }} }\n"
    assert render(app_with(tmp_path, all=text))[0]["data"]["k"] == "w7w="
