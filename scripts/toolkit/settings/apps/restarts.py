"""apps.<name>.restart: a release that is a new image, or new pods, for what somebody else made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from toolkit.settings.tables.fields import Fields

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
_PAIR = re.compile(r"([A-Za-z0-9./_-]+)==?([A-Za-z0-9._-]*)")
_WAVE = re.compile(r"[1-9][0-9]*|([1-9][0-9]?|100)%")


class Restart(NamedTuple):
    """Which workloads of the app's namespace, found by their labels; image is a role of the app's images, ""
    for new pods of the same image; container "" where that tells itself; wave a number or a percentage."""

    selector: str
    kinds: tuple[str, ...] = KINDS
    image: str = ""
    container: str = ""
    wave: str = "25%"

    @property
    def labels(self) -> dict[str, str]:
        """The labels that the selector asks for."""
        return dict(_pairs(self.selector))

    def size(self, count: int) -> int:
        """How many of that many workloads a wave has, 1 or more."""
        share = self.wave.endswith("%")
        return max(1, math.ceil(count * int(self.wave[:-1]) / 100) if share else int(self.wave))


def restart(fields: Fields, key: str, images: Mapping[str, object]) -> tuple[Restart | None, str]:
    """What the key of an app's table says, None when it is absent; and the namespace in it, "" for none."""
    table = fields.take(key, dict, {})
    if not table:
        return None, ""
    inner = Fields(fields.origin, fields.path(key), table)
    read = Restart(
        selector=inner.take("selector", str),
        kinds=inner.texts("kinds", KINDS),
        image=inner.take("image", str, ""),
        container=inner.take("container", str, ""),
        wave=inner.take("wave", str, "25%"),
    )
    namespace = inner.take("namespace", str, "")
    inner.done()
    if not _pairs(read.selector):
        raise inner.error("selector", f'"{read.selector}" is no list of labels; write "app=runner,tier=web"')
    for kind in read.kinds:
        if kind not in KINDS:
            raise inner.error("kinds", f'"{kind}" is not one of {", ".join(KINDS)}')
    if read.image and read.image not in images:
        known = ", ".join(images) or "none"
        raise inner.error("image", f'"{read.image}" is not a role of the app\'s `images` (there: {known})')
    if not _WAVE.fullmatch(read.wave):
        raise inner.error("wave", f'"{read.wave}" is neither a number nor a percentage: "5", "25%"')
    return read, namespace


def _pairs(selector: str) -> list[tuple[str, str]]:
    found = [_PAIR.fullmatch(word.strip()) for word in selector.split(",")]
    return [(each[1], each[2]) for each in found if each] if all(found) else []
