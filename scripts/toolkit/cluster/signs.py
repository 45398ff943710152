"""The one table of words by which Kubernetes' own messages are told apart.

Reasons are fixed words of the API (kubelet, controllers); messages are prose of the kubelet, container
runtimes, registries and the scheduler, matched in lower case by the first row that fits.
"""

from __future__ import annotations

import re

from toolkit.cluster.finding import Cause

# state.waiting.reason (kubelet: pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime)
IMAGE_NAME = frozenset({"InvalidImageName", "ErrImageNeverPull"})
PULLING = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
CONFIGURATION = frozenset({"CreateContainerConfigError"})
STARTING = frozenset({"RunContainerError", "StartError", "PostStartHookError"})
CREATING = frozenset({"CreateContainerError", "PreCreateHookError", "PreStartHookError"})
BACK_OFF = "CrashLoopBackOff"

# state.terminated.reason of a process that never ran
NEVER_RAN = frozenset({"StartError", "ContainerCannotRun"})
# Exit codes of shells and runtimes: not executable, not found, could not be started.
CANNOT_RUN = {126: "is not executable", 127: "was not found", 128: "could not be started"}

# status.reason of pods that the cluster itself ended
DISRUPTED = frozenset(
    {
        "Evicted",
        "NodeLost",
        "NodeAffinity",
        "NodeShutdown",
        "Preempting",
        "Shutdown",
        "Terminated",
        "OutOfcpu",
    }
    | {"OutOfmemory", "OutOfpods", "UnexpectedAdmissionError"}
)

# Reasons of Events
MOUNT_FAILED = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
POD_SANDBOX_FAILED = frozenset({"FailedCreatePodSandBox", "FailedPodSandBoxStatus"})

_PULL = (
    # First what is ambiguous or about the way to the registry: it may say "not found" too.
    (
        re.compile(
            r"no such host|server misbehaving|timeout|timed out|connection refused|connection reset"
            r"|no route to host|unreachable|x509|certificate|toomanyrequests|too many requests|rate limit"
            r"|\b429\b|\b50[0-4] |unauthorized|authorization|authentication|denied|forbidden"
            r"|no basic auth|eof\b|temporary failure"
        ),
        Cause.REGISTRY,
    ),
    (
        re.compile(
            r"not found|manifest unknown|manifest_unknown|name unknown|name_unknown|no such image"
            r"|does not exist|invalid reference format|couldn't parse image|not present with pull policy"
        ),
        Cause.IMAGE,
    ),
)

_CREATE = (
    (re.compile(r"exceeded quota|must specify (limits|requests)|failed quota"), Cause.QUOTA),
    (re.compile(r"error looking up service account|serviceaccount .* not found"), Cause.SERVICE_ACCOUNT),
    (
        re.compile(r"(maximum|minimum) \S+ usage per|limit to request ratio|limitrange"),
        Cause.LIMITS,
    ),
    (
        re.compile(r"admission webhook|violates podsecurity|denied|policy|forbidden|is invalid"),
        Cause.ADMISSION,
    ),
)

_MISSING_OBJECT = re.compile(
    r"(secret|configmap)s? \"[^\"]+\" not found|references non-existent|couldn't find key"
)
_VOLUME_SCHEDULING = re.compile(
    r"persistentvolumeclaim|volume node affinity|unbound immediate|max volume count"
)
_PROBE_KILL = re.compile(r"failed (liveness|startup) probe")


def pull_failure(message: str) -> Cause:
    """Whether a failed pull means that there is no such image, or that the registry could not be asked."""
    return _first(_PULL, message, Cause.REGISTRY)


def create_failure(message: str) -> Cause:
    """Why a controller may not create a pod, from the API server's refusal."""
    return _first(_CREATE, message, Cause.CREATION)


def mount_failure(message: str) -> Cause:
    """Whether a volume cannot be mounted because its Secret or ConfigMap is missing, or for its own sake."""
    return Cause.CONFIGURATION if _MISSING_OBJECT.search(message.lower()) else Cause.VOLUME


def scheduling_failure(message: str) -> Cause:
    """Whether the scheduler waits for a volume or for room."""
    return Cause.VOLUME if _VOLUME_SCHEDULING.search(message.lower()) else Cause.UNSCHEDULABLE


def probe_kill(message: str) -> str:
    """ "liveness" or "startup" when a Killing event says that this probe ends the container, else ""."""
    found = _PROBE_KILL.search(message.lower())
    return found.group(1) if found else ""


def _first(rows: tuple[tuple[re.Pattern[str], Cause], ...], message: str, otherwise: Cause) -> Cause:
    low = message.lower()
    return next((cause for pattern, cause in rows if pattern.search(low)), otherwise)
