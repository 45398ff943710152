"""What the wheel depends on: the pins of requirements.txt. Run by hatchling when it builds, not installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

INSTALLER = "pip>=23.1"
"""The toolkit installs apps' packages with it; a Python has one, but an environment made by uv has none."""
_PIN = re.compile(r"^([A-Za-z0-9][^\s;]*==[^\s;\\]+(?: ; [^\\]+?)?) *\\?$", re.MULTILINE)


def pins(text: str) -> list[str]:
    """The requirements of a requirements.txt as `make pins` writes it, without their hashes."""
    return _PIN.findall(text)


class Dependencies(MetadataHookInterface):
    """https://hatch.pypa.io/latest/plugins/metadata-hook/custom/"""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling with the [project] table."""
        text = (Path(self.root) / "requirements.txt").read_text(encoding="utf-8")
        metadata["dependencies"] = [*pins(text), INSTALLER]
