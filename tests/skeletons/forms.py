"""The forms, as the publisher put them there: a Deployment and a Service each, which the runner restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.skeletons.table import RUNNER

if TYPE_CHECKING:
    from tests.skeletons.story import Story

SLUGS = ("runner-web", "apply-for-a-barge", "report-a-heron")
"""The first is the one that answers for the runner; the others are people's."""
OWNER = "publisher"
"""Who has them: the runner's pipeline must not take them over."""


def name(slug: str, space: str) -> str:
    """Of a form's objects."""
    return f"fb-{slug}-{space}"


def objects(space: str, image: str) -> Iterator[dict[str, Any]]:
    """All forms of a space, with an image of the runner."""
    for slug in SLUGS:
        named, home = name(slug, space), RUNNER.home(space)
        labels = {"app": named, "appGroup": f"fb-{RUNNER.name}"}
        container = {
            "name": named,
            "image": image,
            "ports": [{"containerPort": 3000}],
            "env": [
                {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "GREETING", "value": slug},
                {"name": "ENVIRONMENT_NAME", "value": space},
            ],
            "readinessProbe": {"httpGet": {"path": "/readiness", "port": 3000}, "periodSeconds": 5},
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        }
        yield {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": named, "namespace": home, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": named}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": named, "namespace": home},
            "spec": {"selector": {"app": named}, "ports": [{"name": "http", "port": 80, "targetPort": 3000}]},
        }


def built(story: Story, word: str) -> str:
    """An image of the runner with another word in it, as its own pipeline builds it."""
    app = story[RUNNER.name]
    app.commit({"word": f"{word}\n"})
    ended = story.call(RUNNER.name, "build")
    assert ended.code == 0, ended.output
    kept = json.loads((app.root / ".pipeline/images" / f"{RUNNER.name}.json").read_text(encoding="utf-8"))
    (cluster,) = kept.values()
    return str(cluster["images"][RUNNER.web])
