"""What differs between the seven apps, a row each: platform.md's table as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FOUR = {"test": ("test-dev", "test-production"), "production": ("live-dev", "live-production")}
TWO = {"test": ("test",), "production": ("live",)}
PLATFORM, PUBLISHER, SERVICES = (
    f"formbuilder-{name}" for name in ("platform-{}", "publisher-{}", "services-{}")
)


class Skeleton(NamedTuple):
    """An app of the platform, in a repository of its own."""

    name: str
    images: Mapping[str, str]
    """Role to Dockerfile."""
    web: str
    """The role that answers; the others work."""
    parts: tuple[str, ...] = ()
    """Of its chart, besides what all have."""
    probe: str = "/readiness"
    main: str = "main"
    language: str = "ruby"
    acceptance: bool = True
    namespace: str = PLATFORM
    spaces: Mapping[str, tuple[str, ...]] = FOUR
    restarts: bool = False
    """Released by a restart of every form's Deployment: it has no chart."""

    @property
    def workers(self) -> list[str]:
        return [role for role in self.images if role != self.web]

    @property
    def chart(self) -> str:
        """The chart's folder in the repository."""
        return f"deploy-eks/fb-{self.name}-chart"

    @property
    def repository(self) -> str:
        return f"fb-{self.name}"

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every (environment, space)."""
        return [(environment, space) for environment, spaces in self.spaces.items() for space in spaces]

    def home(self, space: str) -> str:
        """Its namespace in a space."""
        return self.namespace.format(space)

    def service(self, space: str) -> str:
        return f"fb-{self.name}-{self.web}-{space}"


SKELETONS = (
    Skeleton(
        "submitter",
        {"api": "docker/api/Dockerfile", "workers": "docker/workers/Dockerfile"},
        "api",
        ("migrations", "hpa_v2", "network_policy", "service_monitor"),
    ),
    Skeleton(
        "runner",
        {"web": "Dockerfile"},
        "web",
        main="master",
        language="node",
        namespace=SERVICES,
        restarts=True,
    ),
    Skeleton("user-datastore", {"api": "Dockerfile"}, "api", ("migrations_hook", "cron_job", "hpa_v2")),
    Skeleton("user-filestore", {"api": "Dockerfile"}, "api", ("hpa_v1", "network_policy")),
    Skeleton("pdf-generator", {"api": "Dockerfile"}, "api", probe="/health"),
    Skeleton("service-token-cache", {"api": "Dockerfile"}, "api", ("hpa_v1", "service_monitor")),
    Skeleton(
        "publisher",
        {"web": "docker/web/Dockerfile", "worker": "docker/worker/Dockerfile"},
        "web",
        ("migrations", "cron_job"),
        probe="/health",
        main="master",
        acceptance=False,
        namespace=PUBLISHER,
        spaces=TWO,
    ),
)
BY_NAME = {skeleton.name: skeleton for skeleton in SKELETONS}
CHARTS = tuple(skeleton for skeleton in SKELETONS if not skeleton.restarts)
RUNNER = BY_NAME["runner"]
