"""A skeleton's Helm chart, put together from parts/chart."""

from __future__ import annotations

import json
from pathlib import Path

from tests.skeletons.table import Skeleton

PARTS = Path(__file__).with_name("parts")
ALL = ("_helpers.tpl", "config_map.yaml", "secrets.yaml")


def chart(skeleton: Skeleton) -> dict[str, str]:
    """Its files, by their path in the repository."""
    templates = {name: _part(name) for name in ALL}
    templates[f"deployment_{skeleton.web}.yaml"] = _part("web.yaml", skeleton.web).replace(
        "PROBE", skeleton.probe
    )
    for role in skeleton.workers:
        templates[f"deployment_{role}.yaml"] = _part("worker.yaml", role)
    for name in skeleton.parts:
        templates[f"{name}.yaml"] = _part(f"{name}.yaml", skeleton.web)
    files = {f"templates/{name}": text for name, text in templates.items()}
    files["Chart.yaml"] = (
        f"apiVersion: v2\nname: fb-{skeleton.name}-chart\ndescription: A Helm chart for Kubernetes\n"
        'type: application\nversion: 0.1.0\nappVersion: "1.0"\n'
    )
    files["values.yaml"] = values(skeleton)
    return {f"{skeleton.chart}/{name}": text for name, text in files.items()}


def values(skeleton: Skeleton, greeting: str = "hello") -> str:
    """values.yaml: what is no secret and the same in all spaces."""
    replicas = json.dumps(dict.fromkeys(skeleton.images, 1))
    return f'# What differs by space is with the secrets.\nreplicas: {replicas}\ngreeting: "{greeting}"\n'


def secret_values(skeleton: Skeleton, space: str, secret: str, limit: int = 10) -> str:
    """The values of a space, of the repository of secrets."""
    environment = next(name for name, spaces in skeleton.spaces.items() if space in spaces)
    return f"secret_key_base: {secret}\nplatformEnv: {environment}\nlimit: {limit}\n"


def _part(name: str, role: str = "") -> str:
    return (PARTS / "chart" / name).read_text(encoding="utf-8").replace("ROLE", role)
