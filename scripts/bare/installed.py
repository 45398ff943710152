"""Where the toolkit is that is asked: a folder with .venv, a submodule, or an installed package."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def is_installed() -> bool:
    """Said by whoever called, as scripts/toolkit/typed has it."""
    return os.environ.get("PIPELINE_TYPED") in ("command", "makefile")


def venv(root: Path) -> Path:
    """The .venv that belongs to a folder, or to the toolkit that is a submodule below it."""
    return (REPOSITORY if os.environ.get("PIPELINE_TYPED") == "submodule" else root) / ".venv"


def ready(app: str, cluster: str) -> str:
    """What can be typed next."""
    named = app or ("submitter" if not os.environ.get("PIPELINE_TYPED") else "")
    words = {"APP": named, "CLUSTER": cluster}
    typed = {"command": "pipeline run"}.get(os.environ.get("PIPELINE_TYPED", ""), "make pipeline")
    if os.environ.get("PIPELINE_TYPED") == "submodule":
        config = REPOSITORY / os.environ.get("CONFIG", "apps.toml")
        typed = f"make -C {os.path.relpath(str(REPOSITORY), str(config.parent))} pipeline"
        words["CONFIG"] = os.path.relpath(str(config), str(REPOSITORY))
    return " ".join([typed, *(f"{name}={value}" for name, value in words.items() if value)])
