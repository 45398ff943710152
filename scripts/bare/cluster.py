"""What the toolkit says of programs and of a cluster: cluster_doctor.py is asked, by the Python of .venv."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import List, Optional  # noqa: UP035 - Python 3.8

from bare.finding import Finding, run
from bare.installed import is_installed, venv

SCRIPT = Path(__file__).resolve().parents[1] / "cluster_doctor.py"
SECONDS = 120


def findings(
    root: Path,
    flags: List[str],  # noqa: UP006
    config: Optional[Path] = None,  # noqa: UP045
) -> List[Finding]:  # noqa: UP006
    """Of the programs that apps need, and of the cluster that apps.toml or a flag names, once the toolkit is
    set up.

    Of the sandbox there are none: it starts by itself. config: default apps.toml in root.
    """
    config = config or root / "apps.toml"
    program = Path(sys.executable) if is_installed() else venv(root) / "bin" / "python"
    if not config.is_file() or not SCRIPT.is_file():
        return []
    if not program.is_file():
        said = {
            "--cluster": "the cluster was not asked",
            "--app": "its commands' programs were not looked for",
        }
        asked = [text for flag, text in said.items() if any(each.startswith(f"{flag}=") for each in flags)]
        return [Finding(False, f"{text}: .venv is not set up", "make setup") for text in asked[:1]]
    ran = run([str(program), str(SCRIPT), f"--config={config}", *flags], seconds=SECONDS)
    if ran is None:
        return [Finding(False, f"the cluster was asked, with no answer within {SECONDS} s", "try again")]
    try:
        return [Finding(*each) for each in json.loads(ran.stdout)]
    except (ValueError, TypeError):
        return [refusal(ran.stdout + ran.stderr)]


def refusal(output: str) -> Finding:
    """What a script that could not ask says for itself: why, and the fix."""
    said = [line.strip() for line in output.splitlines() if line.strip()]
    fix = "".join(line[len("fix: ") :] for line in said if line.startswith("fix: "))
    why = [line[len("why: ") :] for line in said if line.startswith("why: ")] or said[-1:]
    return Finding(False, "".join(why[:1]) or "the cluster could not be asked", fix)
