"""apps.<name>.images: what is built for an app."""

from __future__ import annotations

from toolkit.settings.tables.fields import Fields


def images(fields: Fields, key: str) -> dict[str, str]:
    """Roles to Dockerfiles."""
    found = fields.take(key, dict, {})
    for role, dockerfile in found.items():
        if not isinstance(dockerfile, str):
            raise fields.error(f"{key}.{role}", "must be the path of a Dockerfile")
    return found
