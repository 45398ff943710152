"""What a release of several kinds comes to, object by object: on the terminal and in the record."""

from __future__ import annotations

import re
from typing import Any

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Ended, Platform

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: words }\ndata: { a: b }\n"
MIGRATION = """
apiVersion: v1
kind: Pod
metadata: { name: migrate }
spec:
  restartPolicy: Never
  containers: [{ name: migrate, image: "{{ images.app }}", command: [python3, -c, "CODE"] }]
"""


SCALED = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: scaler }
spec:
  maxReplicas: 3
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: "fb-{{ app }}-app-{{ space }}" }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: budget }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: "{{ app }}" } } }
"""


def write(platform: Platform, *documents: str) -> None:
    """These documents as the app's templates, nothing else."""
    file = platform.folder / "tiny" / "deploy" / "app.yaml"
    file.write_text("\n---\n".join(documents))


def objects(platform: Platform) -> dict[str, dict[str, Any]]:
    """What the newest record says of each object of the first space."""
    details = platform.recorded()["stages"][0]["details"][platform.one]
    return {row["object"]: row for row in details["objects"]}


def shows(ended: Ended, *words: str) -> bool:
    """Whether a line of the table has these words in this order."""
    return re.search(r"\s+".join(map(re.escape, words)), ended.output) is not None


def test_an_app_of_data_alone_passes_with_nothing_to_judge(platform: Platform) -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: me }\n"
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: shut }\n"
        "spec: { podSelector: {}, policyTypes: [Ingress] }\n"
    )
    write(platform, CONFIG, account, policy)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    assert "nothing to judge" in ended.last
    assert shows(ended, "1 ConfigMap, 1 NetworkPolicy, 1 ServiceAccount", "good", "applied")
    assert {row["state"] for row in objects(platform).values()} == {"good"}


def test_a_migration_that_is_a_pod_comes_first_and_runs_anew_when_it_changed(
    platform: Platform, sandbox: Sandbox
) -> None:
    workload = platform.template()
    write(platform, workload, MIGRATION.replace("CODE", "print('done')"), CONFIG)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    found = objects(platform)
    assert found["Pod/migrate"]["state"] == "good" and "has ended" in found["Pod/migrate"]["said"]
    assert found[f"Deployment/fb-tiny-app-{platform.one}"]["state"] == "good"
    assert (
        f"leads to Deployment/fb-tiny-app-{platform.one}" in found[f"Service/fb-tiny-{platform.one}"]["said"]
    )
    path = f"/api/v1/namespaces/ns-{platform.one}/pods/migrate"
    before = sandbox.api("GET", path)["metadata"]["uid"]
    assert platform.deploy().code == 0
    assert sandbox.api("GET", path)["metadata"]["uid"] == before, "the very same was run again"

    write(platform, workload, MIGRATION.replace("CODE", "raise SystemExit(3)"), CONFIG)
    failed = platform.deploy()
    assert failed.code == 1, failed.output
    assert "job failed: Pod/migrate: failed: container migrate: exit code 3" in failed.output
    assert shows(failed, platform.one, "Pod/migrate", "failed", "job failed")
    found = objects(platform)
    assert (found["Pod/migrate"]["state"], found["Pod/migrate"]["cause"]) == ("failed", "job failed")
    assert found[f"Deployment/fb-tiny-app-{platform.one}"]["state"] == "not applied"


def test_a_service_that_selects_nothing_fails_the_release_and_the_table_says_who(platform: Platform) -> None:
    text = platform.template().replace(
        'selector: { app: "{{ app }}" }\n  ports', "selector: { app: tniy }\n  ports"
    )
    (platform.folder / "tiny" / "deploy" / "app.yaml").write_text(text)
    ended = platform.run(
        "deploy", "--app", "tiny", "--env", platform.one, "--no-preflight", PATIENCE_SCALE="0.1"
    )
    assert ended.code == 1, ended.output
    assert "leads nowhere: Service/" in ended.output and "those of Deployment/" in ended.output
    assert shows(ended, f"Service/fb-tiny-{platform.one}", "failed", "leads nowhere")
    assert shows(ended, f"{platform.one}  and 1 more that are good")


def test_what_nobody_understands_in_an_annotation_is_refused_with_file_and_object(platform: Platform) -> None:
    metadata = 'metadata: { name: "fb-{{ app }}-app-{{ space }}" }'
    noted = metadata[:-2] + ', annotations: { form-builder/verdict.required: "most" } }'
    text = platform.template().replace(metadata, noted)
    (platform.folder / "tiny" / "deploy" / "app.yaml").write_text(text)
    ended = platform.deploy()
    assert ended.code == 2, ended.output
    assert re.search(r"tiny/deploy/app.yaml:\d+: Deployment/fb-tiny-app-", ended.last), ended.output
    assert 'form-builder/verdict.required: "most" is none of all, none, maxUnavailable' in ended.last


def test_a_release_that_wants_no_pods_passes_and_says_that_nothing_of_it_runs(platform: Platform) -> None:
    platform.manifest(replicas=0)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    assert (
        f"Deployment/fb-tiny-app-{platform.one} wants no pods (replicas: 0), nothing of it runs" in ended.last
    )
    assert "ask for 1 replica or more in its manifest" in ended.last
    assert platform.recorded()["stages"][0]["outcome"] == "passed"


def test_what_nothing_acts_on_here_is_not_waited_for(platform: Platform) -> None:
    write(platform, platform.template(), SCALED)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    found = objects(platform)
    for name, kind in (("scaler", "HorizontalPodAutoscaler"), ("budget", "PodDisruptionBudget")):
        row = found[f"{kind}/{name}"]
        assert (row["state"], row["said"]) == ("not judged", f"sandbox: {kind} is kept, nothing acts on it")
    assert "no autoscaler has looked at it" not in ended.output


def test_an_autoscaler_of_nothing_fails_though_nothing_acts_on_it(platform: Platform) -> None:
    write(platform, platform.template(), SCALED.replace("fb-{{ app }}-app-{{ space }}", "nobody"))
    ended = platform.deploy(PREFLIGHT="0")
    assert ended.code == 1, ended.output
    assert "its target Deployment/nobody is not there" in ended.output
