"""What a container's probes ask, and what they were answered: pure.

"Not listening yet" is a start, "answers no" is the app's own word, "was ready and is not any more" is news:
each has a cause of its own. None of them says how long a start may take: failureThreshold is about when a pod
that is ready leaves its Service.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from toolkit.cluster.api.event_index import event_time
from toolkit.objects.fields import mapping, number, objects, text

Json = dict[str, Any]

NO_ANSWER = "no answer recorded"
SETTLE_AT_MOST = 60.0
ANSWER_AT_MOST = 4.0
COMMAND_CHARACTERS = 120

# What the app itself said, by the kind of probe (kubelet: pkg/probe/{http,grpc,exec}); all else (connection
# refused, no route, a timeout, an error of the probe itself) is no answer of the app.
_ANSWERED = {
    "httpGet": re.compile(r"statuscode|malformed http|x509|tls: |http response to https"),
    "grpc": re.compile(r"responded with|does not implement"),
    "exec": re.compile(r"^\w+ probe failed"),
    "tcpSocket": re.compile(r"(?!)"),
}
_UNANSWERED = re.compile(r"connection refused|deadline exceeded|timed out|no route to host")


def kind_of(probe: Any) -> str:
    """Which way a probe asks: "httpGet", "exec", "grpc", "tcpSocket"; "" when it tells none."""
    return next((word for word in _ANSWERED if mapping(probe, word)), "")


def words(which: str, probe: Any) -> str:
    """A probe by what it asks: "its readiness probe GET /health on port http"."""
    way = kind_of(probe)
    asks = mapping(probe, way) if way else {}
    port = asks.get("port", "?")
    if way == "httpGet":
        return f"its {which} probe GET {text(asks, 'path') or '/'} on port {port}"
    if way == "exec":
        return f"its {which} probe, the command `{command(probe)}`,"
    if way == "grpc":
        service = f" for the service {text(asks, 'service')}" if text(asks, "service") else ""
        return f"its {which} probe, the gRPC health check on port {port}{service},"
    if way == "tcpSocket":
        return f"its {which} probe, a connection to port {port},"
    return f"its {which} probe"


def command(probe: Any) -> str:
    """The command of an exec probe on one line, as far as a person reads it."""
    parts = mapping(probe, "exec").get("command")
    line = " ".join(" ".join(map(str, parts)).split()) if isinstance(parts, list) else ""
    return line if len(line) <= COMMAND_CHARACTERS else f"{line[:COMMAND_CHARACTERS]} ..."


def answered(probe: Any, said: str) -> bool:
    """Whether what was said of a failed probe is an answer of the app: it runs, and says no."""
    low = said.lower()
    pattern = _ANSWERED.get(kind_of(probe), _ANSWERED["httpGet"])
    if not pattern.search(low):
        return False
    return kind_of(probe) != "exec" or not _UNANSWERED.search(low)


def last_answer(events: Sequence[Json], which: str, since: str = "") -> str:
    """The last recorded failure of a probe, as the node worded it, since a time (RFC 3339)."""
    for event in reversed(events):
        said = " ".join(text(event, "message").split())
        if text(event, "reason") == "Unhealthy" and said.lower().startswith(which):
            return NO_ANSWER if event_time(event) < since else said
    return NO_ANSWER


def advice(which: str, probe: Any, *, listens: bool) -> str:
    """What a person does about a probe that does not pass; listens: whether the app gave an answer."""
    way = kind_of(probe)
    asks = mapping(probe, way) if way else {}
    port = asks.get("port", "?")
    if way == "exec":
        return f"run `{command(probe)}` in the container and mend what it complains of: it must exit with 0"
    if way == "grpc":
        service = f' for the service "{text(asks, "service")}"' if text(asks, "service") else ""
        return f"the app must serve grpc.health.v1.Health on port {port} and answer SERVING{service}"
    if way == "tcpSocket" or not listens:
        return (
            f"the app must listen on port {port}, on all addresses (0.0.0.0, not 127.0.0.1), or the {which} "
            f"probe's {way or 'httpGet'}.port must be corrected; read its log"
        )
    path = text(asks, "path") or "/"
    return f"ask the app why GET {path} on port {port} does not answer 200: its log, what it depends on"


def first_answer(container: Any) -> float:
    """Seconds in which the liveness probe of a container that is ready has answered once.

    0 when it has none, or one that takes longer than a rollout is kept waiting for it.
    """
    probe = mapping(container, "livenessProbe")
    period, delay = number(probe, "periodSeconds", default=10), number(probe, "initialDelaySeconds")
    seconds = delay + max(1, period) + 1.0
    return seconds if probe and seconds <= ANSWER_AT_MOST else 0.0


def first_answers(workload: Any) -> float:
    """The longest of these times of the containers of a workload that was applied."""
    containers = objects(workload, "spec", "template", "spec", "containers")
    return max(map(first_answer, containers), default=0.0)


def until_killed(probe: Json) -> float:
    """Seconds from a container's start until a probe that never passes has had it killed, and a margin."""
    period = max(1, number(probe, "periodSeconds", default=10))
    threshold = max(1, number(probe, "failureThreshold", default=3))
    timeout = max(1, number(probe, "timeoutSeconds", default=1))
    return min(SETTLE_AT_MOST, number(probe, "initialDelaySeconds") + period * threshold + timeout + 2.0)


def until_unready(container: Any) -> float:
    """Seconds in which a pod that is ready and fails its readiness probe leaves its Service, twice over.

    initialDelay + period x failureThreshold x 2; the defaults are the API's (0, 10, 3). It says nothing about
    how long a start may take.
    """
    probe = mapping(container, "readinessProbe")
    period = max(1, number(probe, "periodSeconds", default=10))
    threshold = max(1, number(probe, "failureThreshold", default=3))
    return float(number(probe, "initialDelaySeconds") + period * threshold * 2)
