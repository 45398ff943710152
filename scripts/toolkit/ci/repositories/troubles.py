"""What git says of a repository that cannot be had, as a sentence with a remedy."""

from __future__ import annotations

from toolkit.base.outcome import Misused
from toolkit.ci.git import Said
from toolkit.ci.repositories.remote import Remote

_REFUSED = (
    *("could not read Username", "could not read Password", "Authentication failed", "returned error: 401"),
    *(
        "returned error: 403",
        "Permission denied",
        "Host key verification failed",
        "terminal prompts disabled",
    ),
    *("access denied", "not authorized"),
)
_MISSING = (
    *("not found", "does not appear to be a git repository", "not a git repository", "does not exist"),
    *("not exported", "returned error: 404"),
)
_NO_OBJECT = ("not our ref", "unadvertised object", "find remote ref", "shallow", "dumb http")
"""What is said of one commit, or of a shallow fetch; the repository itself is there."""


def is_of_object(said: Said, errors: str) -> bool:
    """Whether only this one commit, or only so little of the history, could not be had."""
    return any(words in errors or words in said.complaint for words in _NO_OBJECT)


def trouble(where: str, remote: Remote, said: Said, errors: str) -> Misused:
    """The sentence; where is the key that names the repository, errors all that git complained of."""
    why = said.complaint
    if any(words.lower() in errors.lower() for words in _REFUSED):
        return Misused(
            f"{where}: {remote.url} refuses the credentials, {remote.credentials}: {why}",
            remedy=f"git ls-remote {remote.url} shows the same; give git others for it, or ask for access",
        )
    if any(words in errors for words in _MISSING):
        return Misused(
            f"{where}: there is no repository at {remote.url}, or none for {remote.credentials}: {why}",
            remedy=f"correct the address; git ls-remote {remote.url} shows the same",
        )
    return Misused(
        f"{where}: {remote.url} cannot be reached: {why}",
        remedy=f"git ls-remote {remote.url} shows the same: is the address right, and the network there?",
    )
