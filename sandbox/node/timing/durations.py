"""Times as Kubernetes writes them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """Seconds since 1970 as metav1.Time: UTC, whole seconds, "2026-01-02T03:04:05Z"."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """The inverse of `rfc3339`; fractions and offsets are understood too. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def go_duration(seconds: float) -> str:
    """A duration as Go prints it, which is how a kubelet prints it.

    >>> go_duration(10), go_duration(80), go_duration(300), go_duration(0.5)
    ('10s', '1m20s', '5m0s', '500ms')
    """
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    if minutes or hours:
        text = f"{int(minutes)}m{text}"
    return f"{int(hours)}h{text}" if hours else text
