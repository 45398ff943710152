"""Apps that are only declared: for tests of what is done with a plan, where nothing is run."""

from __future__ import annotations

from pathlib import Path

from toolkit.pipeline.plan import Stage
from toolkit.settings.config import Config

_HEAD = """
default_cluster = "none"
[clusters.none]
kubeconfig = "none"
[environments.test]
spaces = ["test-dev"]
"""
_APP = """
[apps.{name}]
path = "apps/{name}"
namespace = "x-{{space}}"
service = "{name}"
needs = {needs}
"""


def stage(id: str) -> Stage:
    """The stage of that id, such as deploy-test."""
    name, _, environment = id.partition("-")
    return Stage(id, name, environment or None, (), 60)


def config(folder: Path, **needs: list[str]) -> Config:
    """An apps.toml in the folder with these apps, by priority, and their needs; each has a file `code`."""
    for name in needs:
        (folder / "apps" / name).mkdir(parents=True)
        (folder / "apps" / name / "code").write_text(name)
    apps = "".join(_APP.format(name=name, needs=each) for name, each in needs.items())
    (folder / "apps.toml").write_text(_HEAD + apps)
    return Config.load(folder / "apps.toml")
