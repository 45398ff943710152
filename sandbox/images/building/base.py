"""FROM python:*: this machine's Python as a relocatable virtual environment at /usr/local of the image.

A virtual environment finds its packages from pyvenv.cfg beside the path it was started by, so the tree works
from wherever it is linked or copied to (https://docs.python.org/3/library/site.html); only scripts would
name the place they were installed to, and `pip.py` rewrites those.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from sandbox.images.recipes.recipe import Recipe

VERSION = platform.python_version()


def description() -> dict[str, str]:
    """What the base layer depends on, for its key and for the manifest."""
    return {
        "python": VERSION,
        "implementation": platform.python_implementation(),
        "machine": platform.machine(),
        "home": str(interpreter().parent),
    }


def interpreter() -> Path:
    """The interpreter below every virtual environment here, as pyvenv.cfg should name it."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def check(recipe: Recipe) -> str:
    """A warning when the Dockerfile asks for another Python than this machine's ("" otherwise).

    Raises BuildError when this machine's Python is older than the one asked for: the code may not run on it.
    """
    wanted = recipe.python
    if not wanted or wanted == VERSION or VERSION.startswith(wanted + "."):
        return ""
    asked, ours = ([int(number) for number in text.split(".")[:2]] for text in (wanted, VERSION))
    if ours[: len(asked)] < asked:
        raise recipe.base.refuse(
            f"python:{wanted} is wanted, but the sandbox runs on this machine's Python {VERSION}; "
            f"start the sandbox with Python {wanted}, or lower the version in the Dockerfile"
        )
    return (
        f"{recipe.base.file}:{recipe.base.line}: python:{wanted} stands for this machine's Python {VERSION} "
        "in the sandbox"
    )


def create(usr: Path) -> None:
    """Lay the environment out below ``usr`` (the image's /usr), with nothing installed."""
    prefix = usr / "local"
    version = ".".join(VERSION.split(".")[:2])
    (prefix / "lib" / f"python{version}" / "site-packages").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "lib64").symlink_to("lib")
    (prefix / "bin" / "python3").symlink_to(interpreter())
    for name in ("python", f"python{version}"):
        (prefix / "bin" / name).symlink_to("python3")
    (prefix / "pyvenv.cfg").write_text(
        f"home = {interpreter().parent}\ninclude-system-site-packages = false\nversion = {VERSION}\n"
    )


def python_of(usr: Path) -> Path:
    """The environment's interpreter."""
    return usr / "local" / "bin" / "python3"


def clean_environment() -> dict[str, str]:
    """What a build step may see of this machine's environment: where tools and the package registry are, no
    more."""
    wanted = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    proxies = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    return {
        name: value
        for name, value in os.environ.items()
        if name in wanted or name.lower() in proxies or name.startswith(("PIP_", "XDG_"))
    }
