"""Whether an image is there to be run, asked before anything wants to run it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sandbox.images.keeping import registry
from sandbox.images.keeping.references import InvalidReference, parse
from sandbox.images.keeping.store import ImageNotFound, Store

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
_NOBODY: Mapping[str, str] = {}


class Asked(NamedTuple):
    """state is present, absent, or unknown when a registry would not say; why it is not present."""

    state: str
    why: str = ""


def ask(store: Store, text: str) -> Asked:
    """What is known of the image that `text` names; a registry is asked without credentials."""
    try:
        reference = parse(text)
    except InvalidReference as error:
        return Asked(ABSENT, str(error))
    try:
        store.find(text)
    except ImageNotFound:
        if not registry.host_of(reference):
            return Asked(ABSENT, _never_built(reference.ours))
    else:
        return Asked(PRESENT)
    try:
        registry.digest_of(store, text, _NOBODY)
    except registry.PullError as error:
        is_known = str(error).startswith("rpc error: code = NotFound")
        return Asked(ABSENT, "its registry does not know it") if is_known else Asked(UNKNOWN, str(error))
    return Asked(PRESENT)


def _never_built(name: str) -> str:
    if name:
        return f"the sandbox has built no such image of {name}"
    return "the sandbox has no image but those that it built, and pulls from registries of this machine only"
