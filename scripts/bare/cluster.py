"""What the toolkit says of a cluster: cluster_doctor.py is asked, with the Python of .venv."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List  # noqa: UP035 - Python 3.8

from bare.finding import Finding, run

SCRIPT = Path(__file__).resolve().parents[1] / "cluster_doctor.py"
SECONDS = 120


def findings(root: Path, flags: List[str]) -> List[Finding]:  # noqa: UP006
    """Of the cluster that apps.toml or a flag names, once the toolkit is set up.

    Of the sandbox there are none: it starts by itself.
    """
    config, program = root / "apps.toml", root / ".venv" / "bin" / "python"
    if not config.is_file() or not SCRIPT.is_file():
        return []
    if not program.is_file():
        named = any(each.startswith("--cluster=") for each in flags)
        return (
            [Finding(False, "the cluster was not asked: .venv is not set up", "make setup")] if named else []
        )
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
