"""What the stage scripts share.

A script that is started with another Python goes on with the one of .venv, which has what the toolkit needs;
where there is no .venv, any Python will do that has the requirements installed.
"""

import os
import sys
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parents[1]
_ENVIRONMENT = _SCRIPTS.parent / ".venv"
_STARTED_AGAIN = "PIPELINE_STARTED_AGAIN"


def _use_own_environment() -> None:
    started = Path(sys.argv[0] if sys.argv else "")
    if started.suffix != ".py" or started.resolve().parent != _SCRIPTS:
        return  # a test or another program imports the toolkit
    if Path(sys.prefix).resolve() == _ENVIRONMENT.resolve() or os.environ.pop(_STARTED_AGAIN, ""):
        return
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        import importlib.util

        if importlib.util.find_spec("kubernetes"):
            return
        sys.exit(f"{started.name}: the toolkit is not set up here\n  fix: make setup")
    os.environ[_STARTED_AGAIN] = "1"  # once is enough, whatever that Python calls its prefix
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - no shell, our own interpreter


_use_own_environment()
