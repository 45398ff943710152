"""The settings that web and worker share."""

from dataclasses import dataclass

from fb_platform.database import Database
from fb_platform.settings import SettingError, setting


@dataclass(frozen=True)
class Spaces:
    """The services spaces that this publisher publishes to, and their namespaces."""

    names: tuple[str, ...]
    pattern: str

    def namespace(self, space: str) -> str:
        return self.pattern.replace("{space}", space)


def spaces() -> Spaces:
    """SERVICES_SPACES, separated by blanks, and SERVICES_NAMESPACE with {space} in it."""
    names = tuple(setting("SERVICES_SPACES").split())
    pattern = setting("SERVICES_NAMESPACE", "formbuilder-services-{space}")
    if not names:
        raise SettingError("SERVICES_SPACES names no space")
    if "{space}" not in pattern:
        raise SettingError("SERVICES_NAMESPACE must have {space} in it")
    return Spaces(names, pattern)


def token() -> str:
    """The secret that programs send and people type in."""
    found = setting("PUBLISHER_TOKEN")
    if len(found) < 16:
        raise SettingError("PUBLISHER_TOKEN must have 16 characters or more")
    return found


def database() -> Database:
    """Where the wishes are: by default a file that web and worker share."""
    return Database(setting("DATABASE_URL", "sqlite:////var/lib/publisher/publisher.db"))
