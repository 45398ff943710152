"""Images that others build: their names become digests here, before anything is done with them."""

from __future__ import annotations

from toolkit.base.outcome import Failed, Misused, Refused
from toolkit.images.registries.reference import parse


def by_digest(app: str, role: str, name: str) -> str:
    """The image of that name, by digest.

    Raises Misused when it is no name or its registry does not know it, Refused when this machine may not ask,
    Failed when nobody answers.
    """
    # here: most apps have no such image, and asking loads an HTTP client
    from toolkit.images.registries import asking
    from toolkit.images.registries.asking import Said

    reference = parse(name)
    what = f"{app}: the image of role {role}, {name},"
    if reference is None:
        raise Misused(f"{what} is not the name of an image", remedy=f"correct apps.{app}.images.{role}.image")
    answer = asking.ask(name)
    match answer.said:
        case Said.THERE:
            return reference.by(answer.digest)
        case Said.ABSENT:
            raise Misused(
                f"{what} is not there: {answer.why}",
                remedy="wait until it is pushed where it is built, or correct its name in apps.toml",
            )
        case Said.FORBIDDEN:
            raise Refused(
                f"{what} may not be asked for: {answer.why}",
                remedy=f"docker login {reference.host}, or its credential helper: docs/images.md",
            )
    raise Failed(
        f"{what} could not be asked for: {answer.why}",
        remedy=f"when {reference.host} answers, run this again",
    )
