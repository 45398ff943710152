"""Settings come from environment variables; a wrong one stops the start with one sentence."""

import os
import re
from pathlib import Path

UNRESOLVED = re.compile(r"\$\((\w+)\)")


class SettingError(Exception):
    """A setting is missing or cannot be used. The text names the variable, never its value."""


def setting(name: str, default: str | None = None) -> str:
    """The environment variable's value, or the default; SettingError when there is neither.

    Kubernetes leaves `$(FB_X_SERVICE_HOST)` as it stands when the namespace had no Service of that name when
    the container started (kubelet: variable expansion), so such a value means "the collaborator is not
    deployed".
    """
    value = os.environ.get(name) or default
    if value is None:
        raise SettingError(f"{name} is not set")
    if unresolved := UNRESOLVED.search(value):
        raise SettingError(f"{name} needs {unresolved[1]}: this namespace has no Service of that name")
    return value


def number(name: str, default: float) -> float:
    """The environment variable as a number."""
    value = setting(name, str(default))
    try:
        return float(value)
    except ValueError:
        raise SettingError(f"{name} is not a number") from None


def listen_address() -> str:
    """Where servers listen: $HOST, in the cluster the pod's own address; without it on every interface."""
    return setting("HOST", "")


def rooted(path: str) -> Path:
    """An absolute path as this container sees it: below CONTAINER_ROOT where there is no chroot."""
    return Path(os.environ.get("CONTAINER_ROOT", "/")) / path.lstrip("/")
