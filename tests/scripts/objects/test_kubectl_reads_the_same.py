"""The corpus of YAML is what kubectl makes of it today, where kubectl is installed: it is the judge."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import corpus

KUBECTL = shutil.which("kubectl")


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed on this machine")
def test_kubectl_makes_of_each_case_what_is_kept(tmp_path: Path) -> None:
    def made(numbered: tuple[int, corpus.Case]) -> str:
        """With --local nothing is asked of a cluster: the file is read, and printed as JSON."""
        number, case = numbered
        file = tmp_path / f"{number}.yaml"
        file.write_text(corpus.HEAD + case.yaml, encoding="utf-8")
        words = [str(KUBECTL), "label", "--local", "--dry-run=client", "-o", "json", "-f", str(file), "a=b"]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        if ran.returncode:
            found = None
        else:
            whole = json.loads(ran.stdout)
            found = {key: whole[key] for key in whole if key not in ("apiVersion", "kind", "metadata")}
        alike = corpus.alike(found)
        return "" if alike == case.fields else f"{case.name}: {alike}, kept: {case.fields}"

    with ThreadPoolExecutor(4) as executor:
        wrong = [line for line in executor.map(made, enumerate(corpus.cases())) if line]
    assert wrong == []
