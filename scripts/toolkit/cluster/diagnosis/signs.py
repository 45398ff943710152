"""The one table of words by which Kubernetes' own messages are told apart.

Reasons are fixed words of the API (kubelet, controllers); messages are prose of the kubelet, container
runtimes, registries and the scheduler, matched in lower case by the first row that fits.
"""

from __future__ import annotations

import re

from toolkit.cluster.diagnosis.finding import Cause

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
STARTING = frozenset({"RunContainerError", "StartError"})
CREATING = frozenset(
    {"CreateContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError"}
)
BACK_OFF = "CrashLoopBackOff"

# state.terminated.reason of a process that never ran
NEVER_RAN = frozenset({"StartError", "ContainerCannotRun"})
# The exit code that a runtime makes up for a process that it could not start
NOT_STARTED = 128
# Exit codes of shells and runtimes: not executable, not found, could not be started.
CANNOT_RUN = {126: "is not executable", 127: "was not found", 128: "could not be started"}

# state.terminated.reason of a container that the kubelet lost sight of: its node was away, or started anew
LOST = "ContainerStatusUnknown"

# status.reason of pods that a node refuses for what they ask for (kubelet: pkg/kubelet/lifecycle)
REFUSED_BY_NODE = frozenset(
    {"SysctlForbidden", "AppArmor", "PodOSNotSupported", "PodOSSelectorNodeLabelDoesNotMatch"}
)

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
# After one of these a pod's volumes and network are there: earlier complaints about them are history.
SET_UP = frozenset(
    {"SuccessfulAttachVolume", "SuccessfulMountVolume", "Pulling", "Pulled", "Created", "Started"}
)

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
    # What the API server itself could not find out says "forbidden" too, and passes.
    (
        re.compile(
            r"failed calling webhook|failed to call webhook|status unknown for quota|no api token found"
            r"|object has been modified|etcdserver|timed? ?out|timeout"
        ),
        None,
    ),
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
_WITH_NAME = re.compile(r'\b(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_WITH_KEY = re.compile(r"couldn't find key (\S+) in (secret|configmap) [^/\s]+/([^\s;,]+)", re.IGNORECASE)
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}
_VOLUME_SCHEDULING = re.compile(
    r"persistentvolumeclaim|volume node affinity|unbound immediate|max volume count"
)
# Why a container was not started, as the kubelet hands on what containerd, CRI-O, runc or Docker said.
# First what names the command or the image's own files: the program may be called "timeout".
_START = (
    (
        re.compile(
            r"executable file not found|exec format error|exec: \"|stat \S+: no such file"
            r"|chdir to cwd|unable to find user|no command specified"
        ),
        False,
    ),
    (
        re.compile(
            r"client connection is closing|transport is closing|ttrpc: closed|code = (unavailable|canceled)"
            r"|error while dialing|context (deadline exceeded|canceled)|deadline exceeded|timed? ?out|timeout"
            r"|connection refused|connection reset|broken pipe|\beof\b"
            r"|failed to start shim|shim (died|exited|process)|no running task found|runtime is shutting down"
            r"|name .*is reserved|failed to reserve container name"
            r"|temporarily unavailable|resource busy|cannot allocate memory|no space left|too many open files"
            r"|failed to open netns|network namespace|unable to apply cgroup|cgroup.* no such file"
        ),
        True,
    ),
)
# Words of the scheduler about nodes that are on their way in or out, and of who else makes room.
_NODES_CHANGE = re.compile(
    r"node\.kubernetes\.io/(not-ready|unreachable|network-unavailable|unschedulable)|were unschedulable"
    r"|node\.cloudprovider\.kubernetes\.io/uninitialized"
)
_ROOM = re.compile(
    r"\binsufficient\b|too many pods|free ports|anti-affinity|topology spread|max volume count"
)
# Events of autoscalers about a pod: cluster-autoscaler's and Karpenter's.
NODE_COMES = frozenset({"TriggeredScaleUp", "Nominated"})
NO_NODE_COMES = frozenset({"NotTriggerScaleUp"})
_NO_CLASS = re.compile(r"storageclass\S* \S+ not found|no persistent volumes available")
_WEBHOOK = re.compile(r"failed (calling|to call) webhook")
_BROKEN = re.compile(r"service \"[^\"]*\" not found|x509|certificate|no such host|no service port \d+ found")
_NAMESPACE_GOES = re.compile(r"because it is being terminated")
_CREDENTIALS = re.compile(
    r"unauthorized|authorization|authentication|denied|forbidden|no basic auth|x509|certificate"
)
_CACHE = re.compile(r"failed to sync \S+ cache")
_PROBE_KILL = re.compile(r"failed (liveness|startup) probe")


def pull_failure(message: str) -> Cause:
    """Whether a failed pull means that there is no such image, or that the registry could not be asked."""
    low = message.lower()
    return next((cause for pattern, cause in _PULL if pattern.search(low)), Cause.REGISTRY)


def create_failure(message: str) -> tuple[Cause, bool]:
    """Why a controller may not create a pod, from the API server's refusal; and whether that may pass."""
    if is_namespace_going(message):
        return Cause.TAKEN_AWAY, False
    low = message.lower()
    first = next((cause for pattern, cause in _CREATE if pattern.search(low)), Cause.CREATION)
    if first is not None:
        return first, first in (Cause.SERVICE_ACCOUNT, Cause.CREATION)
    return (Cause.ADMISSION if "webhook" in low else Cause.CREATION), True


def is_start_of_node(message: str) -> bool:
    """Whether a container could not be started for the node's sake, not for what its command is."""
    low = message.lower()
    return next((node for pattern, node in _START if pattern.search(low)), False)


def is_stumble(message: str) -> bool:
    """Whether an event "Failed" tells of such a start, and not of a pull or of configuration."""
    return is_start_of_node(message) and "pull" not in message.lower() and not is_cache(message)


def is_credentials(message: str) -> bool:
    """Whether a registry refuses who asks: that passes only when somebody changes something."""
    return bool(_CREDENTIALS.search(message.lower()))


def is_about_nodes(message: str) -> bool:
    """Whether the scheduler waits for a node that is starting, or is being drained."""
    return bool(_NODES_CHANGE.search(message.lower()))


def is_about_room(message: str) -> bool:
    """Whether a pod that goes would make room for the one that the scheduler speaks of."""
    return bool(_ROOM.search(message.lower()))


def is_no_class(message: str) -> bool:
    """Whether a volume waits for a StorageClass or a volume that nobody makes."""
    return bool(_NO_CLASS.search(message.lower()))


def is_webhook_broken(message: str) -> bool:
    """Whether a webhook cannot be called for what only somebody's hand mends: its Service, certificate."""
    low = message.lower()
    return bool(_WEBHOOK.search(low) and _BROKEN.search(low))


def is_namespace_going(message: str) -> bool:
    """Whether nothing is created any more because the namespace is being deleted."""
    return bool(_NAMESPACE_GOES.search(message.lower()))


def is_cache(message: str) -> bool:
    """Whether the kubelet has only not read a Secret or ConfigMap yet."""
    return bool(_CACHE.search(message.lower()))


def mount_failure(message: str) -> Cause:
    """Whether a volume cannot be mounted because its Secret or ConfigMap is missing, or for its own sake."""
    return Cause.CONFIGURATION if _MISSING_OBJECT.search(message.lower()) else Cause.VOLUME


def missing_object(message: str) -> tuple[str, str, str] | None:
    """Kind, name and key ("" for none) of what a container misses; None where the message does not tell."""
    if found := _WITH_KEY.search(message):
        return _KINDS[found[2].lower()], found[3], found[1]
    if found := _WITH_NAME.search(message):
        return _KINDS[found[1].lower()], found[2], ""
    return None


def scheduling_failure(message: str) -> Cause:
    """Whether the scheduler waits for a volume or for room."""
    return Cause.VOLUME if _VOLUME_SCHEDULING.search(message.lower()) else Cause.UNSCHEDULABLE


def probe_kill(message: str) -> str:
    """ "liveness" or "startup" when a Killing event says that this probe ends the container, else ""."""
    found = _PROBE_KILL.search(message.lower())
    return found.group(1) if found else ""
