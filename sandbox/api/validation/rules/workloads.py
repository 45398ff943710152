"""Deployments, ReplicaSets, Jobs and the like: pkg/apis/{apps,batch}/validation of Kubernetes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.api.types.sections import each, section
from sandbox.api.validation.rules import names
from sandbox.api.validation.rules.causes import (
    Causes,
    at_least,
    forbidden,
    immutable,
    invalid,
    one_of,
    required,
)
from sandbox.api.validation.rules.metadata import check_label_selector
from sandbox.api.validation.rules.pods import check_template
from sandbox.api.wire.selectors import matches_labels
from sandbox.base.copying import copied
from sandbox.base.cron import Schedule

Object = dict[str, Any]


def check_deployment(obj: Object, old: Object | None) -> Causes:
    """A Deployment: its selector, its template and a strategy that can make progress."""
    spec = section(obj, "spec")
    yield from _check_selecting(obj, old, "deployment")
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from at_least(f"spec.{field}", spec.get(field))
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and deadline <= ready:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    strategy = section(spec, "strategy")
    yield from one_of("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate"))
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        yield forbidden(
            "spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
        )
    elif isinstance(rolling, dict):
        yield from _check_rolling("spec.strategy.rollingUpdate", rolling)


def _check_rolling(path: str, rolling: Object) -> Causes:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    wrong = [*check_share(f"{path}.maxUnavailable", unavailable), *check_share(f"{path}.maxSurge", surge)]
    yield from wrong
    if wrong:
        return
    if _percent(unavailable) > 100:
        yield invalid(f"{path}.maxUnavailable", unavailable, "must not be greater than 100%")
    if not int(str(unavailable).rstrip("%")) and not int(str(surge).rstrip("%")):
        yield invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")


def check_share(path: str, value: Any) -> Causes:
    """An absolute number or a percentage of pods."""
    if isinstance(value, str):
        yield from (invalid(path, value, why) for why in names.percent(value))
    else:
        yield from at_least(path, value)


def _percent(value: Any) -> int:
    return int(value[:-1]) if isinstance(value, str) else 0


def check_replica_set(obj: Object, old: Object | None) -> Causes:
    """A ReplicaSet or a DaemonSet."""
    yield from _check_selecting(obj, old, "replicaset" if obj.get("kind") == "ReplicaSet" else "daemonset")
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        yield from at_least(f"spec.{field}", section(obj, "spec").get(field))


_STATEFUL_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def check_stateful_set(obj: Object, old: Object | None) -> Causes:
    """A StatefulSet, most of which is fixed once made."""
    spec = section(obj, "spec")
    yield from _check_selecting(_with_claims(obj), None, "statefulset")
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        yield from at_least(f"spec.{field}", spec.get(field))
    yield from one_of(
        "spec.podManagementPolicy", spec.get("podManagementPolicy"), ("OrderedReady", "Parallel")
    )
    yield from one_of(
        "spec.updateStrategy.type", section(spec, "updateStrategy").get("type"), ("OnDelete", "RollingUpdate")
    )
    update = section(spec, "updateStrategy")
    if update.get("type") == "OnDelete" and update.get("rollingUpdate") is not None:
        why = "only allowed for updateStrategy 'RollingUpdate'"
        yield invalid("spec.updateStrategy.rollingUpdate", update["rollingUpdate"], why)
    before = section(old or {}, "spec")
    if old and any(
        spec.get(key) != before.get(key)
        for key in spec.keys() | before.keys()
        if key not in _STATEFUL_MAY_CHANGE
    ):
        *others, last = (f"'{field}'" for field in _STATEFUL_MAY_CHANGE)
        allowed = f"{', '.join(others)} and {last}"
        why = f"updates to statefulset spec for fields other than {allowed} are forbidden"
        yield forbidden("spec", why)


def _with_claims(obj: Object) -> Object:
    """A StatefulSet whose template has the volumes that its claims will be, so that they may be mounted."""
    names = {
        section(claim, "metadata").get("name") for claim in each(section(obj, "spec"), "volumeClaimTemplates")
    }
    pod = section(obj, "spec", "template", "spec")
    taken = {volume.get("name") for volume in each(pod, "volumes")}
    fresh = sorted(name for name in names - taken if isinstance(name, str))
    if not fresh or not pod:
        return obj
    made = copied(obj)
    volumes: list[Object] = [{"name": name, "emptyDir": {}} for name in fresh]
    made["spec"]["template"]["spec"]["volumes"] = [*each(pod, "volumes"), *volumes]
    return made


def _check_selecting(obj: Object, old: Object | None, kind: str) -> Causes:
    """A selector that selects its own template, once and for all."""
    spec = section(obj, "spec")
    selector, labels = spec.get("selector"), section(spec, "template", "metadata", "labels")
    if selector is None:
        yield required("spec.selector")
    elif not section(selector, "matchLabels") and not each(selector, "matchExpressions"):
        yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    else:
        wrong = list(check_label_selector("spec.selector", selector))
        yield from wrong
        if not wrong and not matches_labels(selector, labels):
            yield invalid(
                "spec.template.metadata.labels", labels, "`selector` does not match template `labels`"
            )
    if "template" not in spec:
        yield required("spec.template")
    else:
        yield from check_template("spec.template", section(spec, "template"), ("Always",))
    if old is not None and selector != section(old, "spec").get("selector"):
        yield immutable("spec.selector", selector)


def check_job(obj: Object, old: Object | None) -> Causes:
    """A Job, whose template is fixed once it has been started."""
    spec = section(obj, "spec")
    yield from _check_job_spec("spec", spec)
    if spec.get("selector") is None:
        yield required("spec.selector")
    if old is None:
        return
    before = section(old, "spec")
    for field in ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
        if spec.get(field) != before.get(field):
            yield immutable(f"spec.{field}", spec.get(field))
    if spec.get("completions") != before.get("completions") and spec.get("completionMode") != "Indexed":
        yield immutable("spec.completions", spec.get("completions"))
    startable = before.get("suspend") is True and not section(old, "status").get("startTime")
    if _fixed(spec, startable) != _fixed(before, startable):
        yield immutable("spec.template", section(spec, "template"))


def _fixed(spec: Object, startable: bool) -> Object:
    """What of a Job's template may not change: all of it, or less while the Job has never been started."""
    template = copied(section(spec, "template"))
    if startable:
        for field in ("nodeSelector", "tolerations", "affinity", "schedulingGates"):
            section(template, "spec").pop(field, None)
        for field in ("labels", "annotations"):
            section(template, "metadata").pop(field, None)
    return template


def _check_job_spec(path: str, spec: Object) -> Causes:
    for field in (
        "parallelism",
        "completions",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "activeDeadlineSeconds",
    ):
        yield from at_least(f"{path}.{field}", spec.get(field))
    yield from one_of(f"{path}.completionMode", spec.get("completionMode"), ("NonIndexed", "Indexed"))
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if "template" not in spec:
        yield required(f"{path}.template")
    else:
        yield from check_template(f"{path}.template", section(spec, "template"), ("OnFailure", "Never"))


def _known_zone(name: str) -> bool:
    try:
        return bool(name) and name != "Local" and ZoneInfo(name) is not None
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return False


def check_cron_job(obj: Object, _old: Object | None) -> Causes:
    """A CronJob: five fields of schedule (or @daily and the like) and a Job's template."""
    spec = section(obj, "spec")
    schedule = spec.get("schedule")
    if not schedule:
        yield required("spec.schedule")
    elif schedule.startswith(("TZ=", "CRON_TZ=")):
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield invalid("spec.schedule", schedule, why)
    else:
        try:
            Schedule(schedule)
        except ValueError as error:
            yield invalid("spec.schedule", schedule, str(error))
    zone = spec.get("timeZone")
    if zone is not None and not _known_zone(zone):
        yield invalid("spec.timeZone", zone, f"unknown time zone {zone}")
    yield from one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds"):
        yield from at_least(f"spec.{field}", spec.get(field))
    yield from _check_job_spec("spec.jobTemplate.spec", section(spec, "jobTemplate", "spec"))
