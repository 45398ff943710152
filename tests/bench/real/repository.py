"""A repository of the tiny app with a space for each thing that is measured, on the real cluster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.objects import manifests
from toolkit.settings.config import Config

from tests.bench.measure import FORGETFUL
from tests.bench.real.cases import JOB, Broken
from tests.kubernetes import granting, tiny
from tests.kubernetes.cluster import Cluster
from tests.kubernetes.tiny import Tiny
from tests.sandbox.platform_double import Ended

Json = dict[str, Any]
OWN_DEADLINE = "progressDeadlineSeconds: 60"


class Repository(Tiny):
    """Its spaces in the environment test have the names that are given, after a mark of its own."""

    def __init__(self, folder: Path, cluster: Cluster, names: Sequence[str]) -> None:
        self.mark = tiny.mark()
        self.spaces = {name: f"{self.mark}-{name}" for name in names}
        super().__init__(folder, cluster, self.mark)

    def configure(self, **settings: str) -> None:
        """Write apps.toml; the app may take as long as kubectl gives it by default."""
        super().configure(**{"deadline": "600s", **settings})
        file = self.folder / "apps.toml"
        listed = ", ".join(f'"{space}"' for space in self.spaces.values())
        file.write_text(
            file.read_text().replace(f'spaces = ["{self.one}", "{self.two}"]', f"spaces = [{listed}]")
        )

    def put(self, broken: Broken) -> None:
        """Write the templates of a rollout that fails."""
        more = f"- {broken.env_from}" if broken.env_from else ""
        self.manifest(image=broken.image, env=dict(broken.env), more_env=more, extra=broken.container)
        text = self.template().replace(OWN_DEADLINE, progress(broken.progress))
        if broken.pod:
            text = text.replace("      containers:\n", f"      {broken.pod}\n      containers:\n", 1)
        self._write(text + broken.more)
        self.build()

    def release(
        self, version: str, replicas: int = 1, extra: str = "", also: tuple[str, str] = ("", "")
    ) -> None:
        """Write the templates of a good rollout; also: what is replaced in them."""
        self.manifest(env={"VERSION": version}, replicas=replicas, extra=extra)
        self._write(self.template().replace(OWN_DEADLINE, progress(0)).replace(*also))
        self.build()

    def grant(self) -> None:
        """Make the namespaces, with an account of what `make role` prints for all that is applied here."""
        self.manifest()
        self._write(self.template() + JOB)
        granting.grant(self, list(self.spaces.values()), "--env", "test")

    def _write(self, text: str) -> None:
        (self.folder / "tiny" / "deploy" / "app.yaml").write_text(text)

    def environment(self, **more: str) -> dict[str, str]:
        """Of an ordinary user, whose Python keeps what it has compiled."""
        return {key: value for key, value in super().environment(**more).items() if key != FORGETFUL}

    def build(self) -> None:
        """The stage before: neither kubectl nor Helm builds images, so it is not measured."""
        ended = self.run("build", "--app", "tiny")
        assert ended.code == 0, ended.output

    def own(self, name: str, **env: Any) -> tuple[float, Ended]:
        """`scripts/deploy.py` as a pipeline starts it, and the seconds of the whole process."""
        began = time.monotonic()
        ended = self.run("deploy", "--app", "tiny", "--env", self.spaces[name], seconds=900, **env)
        return time.monotonic() - began, ended

    def images(self, name: str) -> dict[str, str]:
        """What was deployed, by container."""
        found = self.deployment(self.spaces[name])["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each["image"] for each in found}

    def objects(self, name: str, images: Mapping[str, str]) -> list[Json]:
        """The manifests as this pipeline applies them."""
        app = Config.load(self.folder / "apps.toml").app("tiny")
        given = manifests.values(app, self.spaces[name], "test", dict(images), version="bench", commit="")
        return manifests.render(app, given)

    def namespace(self, name: str) -> str:
        return f"ns-{self.spaces[name]}"


def progress(seconds: int) -> str:
    """A line of a Deployment; the API's default is 600."""
    return f"progressDeadlineSeconds: {seconds or 600}"


@contextlib.contextmanager
def made_on(
    cluster: Cluster, folder: Path, names: Sequence[str], rivals: Sequence[str]
) -> Iterator[Repository]:
    """A repository, its namespaces, and one more for each name of a rival; all of it goes in the end."""
    made = Repository(folder / "a repository", cluster, names)
    beside = [f"ns-{made.mark}-{name}" for name in rivals]
    try:
        made.grant()
        for name in beside:
            cluster.make_bare_namespace(name)
        yield made
    finally:
        made.remove()
        cluster.remove_namespaces(beside)
