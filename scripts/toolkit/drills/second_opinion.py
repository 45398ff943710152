"""What `kubectl rollout status` says of the same rollout, where kubectl is on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from toolkit.base.processes import Background

# kubectl sees the last pod get ready when the pipeline does; this is for a machine that is busy.
LATE_SECONDS = 30.0


class SecondOpinion:
    """Asks kubectl beside the pipeline. Without kubectl, or when it was never asked, there is none."""

    def __init__(self, kubeconfigs: Sequence[Path], namespace: str, workload: str, log: Path) -> None:
        program = shutil.which("kubectl")
        words = ["rollout", "status", workload.lower()]
        self._argv = [program, f"--namespace={namespace}", *words] if program and kubeconfigs else []
        self._kubeconfig = os.pathsep.join(map(str, kubeconfigs))
        self._log = log
        self._lines: list[str] = []
        self._code: int | None = None
        self._ended = threading.Event()
        self._process: Background | None = None

    def ask(self) -> None:
        """Begin to watch the rollout, once; what is applied by then is what it is about."""
        if self._argv and self._process is None:
            self._process = Background(
                self._argv,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "HOME": str(self._log.parent),
                    "KUBECONFIG": self._kubeconfig,
                },
                cwd=self._log.parent,
                log=self._log,
                on_line=self._lines.append,
                on_end=self._end,
            )

    def _end(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def said(self) -> str | None:
        """None without an opinion, "" when it calls the rollout done, else its words."""
        if self._process is None:
            return None
        if not self._ended.wait(LATE_SECONDS):
            self._process.signal(signal.SIGKILL)
            return f"still waits: {self._last()}"
        return "" if self._code == 0 else self._last()

    def _last(self) -> str:
        return self._lines[-1].strip() if self._lines else "nothing"
