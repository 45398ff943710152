"""Log lines: one JSON object each, on standard output, without personal data.

An exception is logged as its type and the places it went through. Its text is left out: a mail server's
answer holds the recipient, a driver's error holds the row.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_log = logging.getLogger("fb")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, app: str) -> None:
        super().__init__()
        self.app = app

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "app": self.app}
        line["message"] = record.getMessage()
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            line["error"], line["trace"] = _described(record.exc_info[1])
        return json.dumps(line, default=str)


def start(app: str) -> None:
    """Send every logger of the process to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(app))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "mail.log", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def info(message: str, **fields: Any) -> None:
    _log.info(message, extra={"fields": fields})


def warning(message: str, error: BaseException | None = None, **fields: Any) -> None:
    _log.warning(message, exc_info=error, extra={"fields": fields})


def error(message: str, error: BaseException | None = None, **fields: Any) -> None:
    _log.error(message, exc_info=error, extra={"fields": fields})


def _described(problem: BaseException) -> tuple[str, list[str]]:
    frames = traceback.extract_tb(problem.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return type(problem).__name__, places[-8:]
