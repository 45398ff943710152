"""Docker's buildx: BuildKit builds and pushes in one go, and writes down what came of it."""

from __future__ import annotations

import json
from pathlib import Path

from toolkit.base.outcome import Failed
from toolkit.images.builders.builder import Build, Builder, Run, read, usual


def build(wanted: Build, metadata: Path) -> list[str]:
    """Build and push. Without attestations: with them the digest is that of a list, one for every build."""
    told = ("--provenance=false", "--sbom=false", "--metadata-file", str(metadata), "--push")
    return ["docker", "buildx", "build", *told, *usual(wanted), str(wanted.context)]


def digest_in(metadata: Path) -> str:
    """The digest that was written down. Raises Failed when none was."""
    try:
        return str(json.loads(read(metadata))["containerimage.digest"])
    except (ValueError, KeyError, TypeError):
        raise Failed("docker buildx did not write down which digest it pushed") from None


def make(wanted: Build, folder: Path, run: Run) -> str:
    """The image by digest."""
    run(build(wanted, folder / "metadata.json"))
    return wanted.by(digest_in(folder / "metadata.json"))


ROW = Builder("buildx", "docker", make, engine=("docker", "buildx", "version"))
