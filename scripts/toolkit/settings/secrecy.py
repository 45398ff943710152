"""Which secrets of the environment a stage gets, and which of them an app's own code does.

A secret is what says so by its name, and what apps.toml names as a credential. What is neither passes freely.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping

from toolkit.base.redaction import Secret, is_secret_name
from toolkit.settings.config import Config
from toolkit.settings.model import PLACEHOLDERS, App, Cluster, Ref

CLUSTER = "cluster"
"""What reaches the cluster that this run is for."""
WEBHOOK = "webhook"
"""What alerts are sent with: a webhook, or a bot's token."""
OWN = "own"
"""What [apps.<name>] asks for by `variables`."""
UNLOCKING = "unlocking"
"""What unlocks values of charts: the key of a [secrets.<name>]."""
OTHER = "other"
"""Secrets that apps.toml says nothing of: a cloud's, which a credential plugin or docker may need."""
_ELSEWHERE = "elsewhere"
_PLAIN = ""

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "lint": (OWN,),
    "security": (OWN,),
    "unit": (OWN,),
    "build": (OTHER,),
    "deploy": (CLUSTER, UNLOCKING, OTHER, OWN),  # one that goes back runs the app's smoke suite
    "healthcheck": (CLUSTER, OTHER),
    "smoke": (CLUSTER, OTHER, OWN),
    "acceptance": (CLUSTER, OTHER, OWN),
    "watch": (CLUSTER, OTHER, WEBHOOK),
    "rollback": (CLUSTER, OTHER, OWN),  # what it put back is checked by the app's smoke suite
    "status": (CLUSTER, OTHER),
    "approve": (),
    "plan": (),
    "alert": (WEBHOOK,),
}
"""A script that is not here starts others (pipeline, drill, platform) and has all that they need."""
BUILDING = ("build", "deploy")
"""The stages that build images."""


def confine(
    environ: MutableMapping[str, str], stage: str, config: Config, cluster: Cluster, apps: list[App]
) -> list[str]:
    """Take the secrets out that the stage does not need; the names of what was taken out.

    Masking must know them already: what a stage does not have it may still come across.
    """
    if stage not in ALLOWED:
        return []
    allowed = {_PLAIN, *ALLOWED[stage]}
    built = _of_builds(config)
    for name in built & set(environ):
        Secret(environ[name])
    kept = built if stage in BUILDING else set()
    taken = [
        name for name in environ if name not in kept and _kind(name, config, cluster, apps) not in allowed
    ]
    for name in taken:
        del environ[name]
    return sorted(taken)


def _of_builds(config: Config) -> set[str]:
    """What images are given as secrets while they are built."""
    images = (image for app in config.apps.values() for image in app.images.values())
    return {ref.env for image in images for _, ref in image.secrets}


def for_the_app(environ: Mapping[str, str], config: Config, cluster: Cluster, app: App) -> dict[str, str]:
    """What an app's own code gets: its variables, and what is no secret."""
    return {
        name: value for name, value in environ.items() if _kind(name, config, cluster, [app]) in (_PLAIN, OWN)
    }


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs get that need none, such as the sandbox, which outlives this run."""
    return {name: value for name, value in environ.items() if not _is_secret(name)}


def _kind(name: str, config: Config, cluster: Cluster, apps: list[App]) -> str:
    if any(name in app.variables for app in apps):
        return OWN
    if any(name in app.variables for app in config.apps.values()):
        return _ELSEWHERE
    if name in _of_builds(config):
        return _ELSEWHERE  # of an image that is built by other stages
    if name in config.variables:
        return _ELSEWHERE  # of a repository that is checked out by now
    if any(_names(key, name) for key in _keys(config)):
        return UNLOCKING
    if name in (config.alert.webhook.env, config.alert.token.env):
        return WEBHOOK
    if any(_names(ref, name) for ref in _credentials(cluster)):
        return CLUSTER
    if any(_names(ref, name) for each in config.clusters.values() for ref in _credentials(each)):
        return _ELSEWHERE
    if any(_names(ref, name) for ref in _registries(cluster, config)):
        return _PLAIN  # an address
    return OTHER if _is_secret(name) else _PLAIN


def _is_secret(name: str) -> bool:
    """By its name; what pip is set up by is no secret of the pipeline, and a certificate is for everybody."""
    return is_secret_name(name) and not name.startswith("PIP_") and not name.endswith("_CERT")


def _keys(config: Config) -> Iterator[Ref]:
    for app in config.apps.values():
        secrets = app.rendering.secrets if app.rendering else None
        if secrets and secrets.key:
            yield secrets.key


def _credentials(cluster: Cluster) -> Iterator[Ref]:
    named = (cluster.server, cluster.certificate, cluster.token, cluster.kubeconfig, cluster.context)
    yield from (ref for ref in named if isinstance(ref, Ref))


def _registries(cluster: Cluster, config: Config) -> Iterator[Ref]:
    every = [image.registry for app in config.apps.values() for image in app.images.values()]
    yield from (ref for ref in (cluster.registry, *every) if isinstance(ref, Ref))


def _names(ref: Ref, name: str) -> bool:
    """Whether the variable is the one that is meant, for whichever space, namespace and app."""
    pattern = re.escape(ref.env)
    for placeholder in PLACEHOLDERS:
        pattern = pattern.replace(re.escape(placeholder), "[A-Z0-9_]+")
    return re.fullmatch(pattern, name) is not None
