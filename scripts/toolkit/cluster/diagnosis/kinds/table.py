"""The table: a row a kind, what done, doomed and waiting mean for it."""

from __future__ import annotations

from toolkit.cluster.diagnosis.kinds import claims, custom, once, routes, scalers, workloads
from toolkit.cluster.diagnosis.kinds.rule import Json, Rule
from toolkit.objects.fields import text
from toolkit.objects.resources import title

TABLE = {
    "Deployment": Rule(workloads.rolled, needs=("ReplicaSet", "Pod")),
    "StatefulSet": Rule(workloads.rolled, needs=("Pod",)),
    "DaemonSet": Rule(workloads.rolled, needs=("Pod",), helps=(workloads.NODE,)),
    "ReplicaSet": Rule(workloads.replicas, needs=("Pod",)),
    "ReplicationController": Rule(workloads.replicas, needs=("Pod",)),
    "Job": Rule(once.job, needs=("Pod",)),
    "Pod": Rule(once.pod),
    "CronJob": Rule(once.cron_job),
    "PersistentVolumeClaim": Rule(claims.claim),
    "Service": Rule(routes.service, helps=("Pod",)),
    "Ingress": Rule(routes.ingress, helps=("Service",)),
    "HorizontalPodAutoscaler": Rule(scalers.autoscaler),
    "PodDisruptionBudget": Rule(scalers.budget),
}
# Data: done when the API server has taken it, for nobody says anything of it afterwards.
DATA = frozenset(
    {
        *(
            "ConfigMap",
            "Secret",
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "ClusterRole",
            "ClusterRoleBinding",
        ),
        *("NetworkPolicy", "ResourceQuota", "LimitRange", "Namespace", "Lease", "ServiceMonitor"),
        *("Endpoints", "EndpointSlice", "Event", "Node", "PersistentVolume"),
    }
)
# Those that run something: what a release is about.
RUNNING = frozenset(
    ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Pod")
)


def kind_of(obj: Json) -> str:
    """The title of an object's kind."""
    return title(text(obj, "apiVersion"), text(obj, "kind"))


def is_data(kind: str) -> bool:
    """Whether there is nothing to judge about a kind."""
    return kind in DATA


def rule_of(kind: str) -> Rule:
    """The row of a kind; of one that is not in the table that of custom resources."""
    return TABLE.get(kind) or Rule(custom.custom)


def is_known(kind: str) -> bool:
    """Whether the table has the kind."""
    return kind in TABLE or kind in DATA
