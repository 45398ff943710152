"""An app that is a Helm chart: what its objects are, and what is said of a chart that is none of that."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from toolkit.base.outcome import Kind, Misused, Refused
from toolkit.base.redaction import redact
from toolkit.objects import manifests
from toolkit.objects.manifests import WHATEVER, Capabilities

from tests.scripts.objects.rendering.charted import DIGEST, SECRET, SET, Charted

JOB = """apiVersion: batch/v1
kind: Job
metadata: {{ name: {name}, annotations: {{ "helm.sh/hook": "{hook}", "helm.sh/hook-weight": "{weight}" }} }}
spec: {{ template: {{ spec: {{ restartPolicy: Never, containers: [{{ name: a, image: "b@sha256:1" }}] }} }} }}
"""


def refused(charted: Charted) -> Misused:
    with pytest.raises(Misused) as caught:
        charted.rendered()
    assert caught.value.kind is Kind.MISUSED and "\n" not in caught.value.reason
    return caught.value


def test_a_chart_gets_what_set_says_in_the_types_that_it_says_it(charted: Charted) -> None:
    web = charted.rendered()["Deployment/fb-tiny-test-dev"]
    container = web["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"registry.example.com/team/tiny@{DIGEST}"
    assert container["env"][0]["value"] == "c0ffee"
    assert web["spec"]["replicas"] == 3
    assert web["metadata"]["namespace"] == "ns-test-dev"
    # Charts call themselves Helm's: then it would be taken for somebody else's, and never be pruned.
    assert web["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "form-builder-pipeline"
    assert "Deployment/fb-tiny-test-production" in charted.rendered("test-production")


def test_parts_of_an_image_fit_charts_that_put_them_together_themselves(charted: Charted) -> None:
    charted.write("templates/web.yaml", charted.chart.joinpath("templates/web.yaml").read_text().replace(
        "{{ .Values.images.api }}", "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
    ))  # fmt: skip
    charted.configure(
        SET.replace(
            'images = { api = "{image.api}" }',
            'image = { repository = "{image.api.repository}@sha256", tag = "{image.api.hex}" }',
        )
    )
    web = charted.rendered()["Deployment/fb-tiny-test-dev"]
    image = web["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"registry.example.com/team/tiny@{DIGEST}"


def test_later_files_win_key_by_key_and_set_wins_over_all(charted: Charted) -> None:
    charted.write("more/test-dev.yaml", "nested: { a: 1, b: 2 }\nreplicas: 7\ngreeting: null\n")
    charted.write("values.yaml", "nested: { b: 3, c: 4 }\ngreeting: hello\n")
    charted.write(
        "templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata:\n"
        '  all: "{{ .Values.nested.a }}{{ .Values.nested.b }}{{ .Values.nested.c }}"\n'
        '  greeting: "{{ .Values.greeting | default "none" }}"\n',
    )
    charted.configure('values = ["values.yaml", "more/{space}.yaml"]\n' + SET)
    found = charted.rendered()
    assert found["ConfigMap/m"]["data"] == {"all": "124", "greeting": "none"}
    assert found["Deployment/fb-tiny-test-dev"]["spec"]["replicas"] == 3


def test_no_value_is_on_a_command_line(
    charted: Charted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helm that writes its words down before it is the real one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    real = shlex.quote(
        str(
            next(
                Path(each, "helm")
                for each in os.environ["PATH"].split(os.pathsep)
                if Path(each, "helm").exists()
            )
        )
    )
    (folder / "helm").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/words\nexec {real} "$@"\n')
    (folder / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "test-dev.yaml").write_text("secret_key_base: a-real-Secret-7\nlimit: 10\n")
    charted.write("templates/secret.yaml", SECRET)
    charted.configure(
        'values = ["{secrets}/{space}.yaml"]\nsecrets = "deploy"\n' + SET, '[secrets.deploy]\npath = "kept"'
    )
    for _ in range(3):
        assert "Secret/fb-tiny-secrets" in charted.rendered()
    words = (tmp_path / "words").read_text()
    assert len(words.splitlines()) == 1, "the same was rendered more than once"
    assert "a-real-Secret-7" not in words and "registry.example.com" not in words
    assert redact("x a-real-Secret-7 y") == "x *** y"
    assert redact("limit 10 in test-dev") == "limit 10 in test-dev"


def test_a_change_of_a_file_is_rendered_anew(charted: Charted) -> None:
    charted.rendered()
    file = charted.write("templates/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n")
    assert "ConfigMap/more" in charted.rendered()
    file.unlink()
    assert "ConfigMap/more" not in charted.rendered()


def test_what_is_done_to_objects_is_not_in_those_of_the_next_time(charted: Charted) -> None:
    charted.rendered()["Deployment/fb-tiny-test-dev"]["spec"].clear()
    assert charted.rendered()["Deployment/fb-tiny-test-dev"]["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{{ fail "no port" }}', "execution error at (fb-tiny-chart/templates/bad.yaml:1:3): no port"),
        ("a: {{ .Values.no.such }}", "templates/bad.yaml:1:"),
        ("{{ if }}", "parse error at (fb-tiny-chart/templates/bad.yaml:1)"),
        ("a: b: c", "YAML parse error on fb-tiny-chart/templates/bad.yaml"),
        ("kind: ConfigMap", "chart/templates/bad.yaml, line 1 of what it renders to: an object"),
        ("[a]", "templates/bad.yaml"),
    ],
)
def test_a_chart_that_does_not_render_is_helms_sentence_with_file_and_line(
    charted: Charted, template: str, words: str
) -> None:
    charted.write("templates/bad.yaml", template)
    assert words in refused(charted).reason


def test_what_helm_quotes_of_secrets_is_in_no_sentence(charted: Charted, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "v.yaml").write_text("pin: tiger\npassword: Xk-29-secret\n")
    charted.configure('values = ["{secrets}/v.yaml"]\nsecrets = "s"\n' + SET, '[secrets.s]\npath = "kept"')
    for name in ("pin", "password"):
        for call in ("fail .Values.{}", 'mustToDate "2006" .Values.{}', 'fail (printf "bad %q" .Values.{})'):
            charted.write("templates/bad.yaml", "a: {{ " + call.format(name) + " }}")
            told = refused(charted)
            whole = "\n".join([told.reason, told.remedy, *told.evidence])
            assert "templates/bad.yaml" in whole
            assert "tiger" not in whole and "Xk-29-secret" not in whole, whole


def test_a_chart_that_is_not_there_or_none_is_one_sentence(charted: Charted) -> None:
    (charted.chart / "Chart.yaml").unlink()
    assert "is no Helm chart: it has no Chart.yaml" in refused(charted).reason
    charted.configure(SET)
    config = charted.root / "apps.toml"
    config.write_text(config.read_text().replace('chart = "deploy/chart"', 'chart = "deploy/chard"'))
    told = refused(charted)
    assert (
        "there is no chart in" in told.reason and told.remedy == "correct `chart` of [apps.tiny] in apps.toml"
    )


def test_a_values_file_that_is_missing_or_no_table_is_one_sentence(charted: Charted) -> None:
    charted.write("values/test-dev.yaml", "- a\n")
    charted.configure('values = ["values/test-deb.yaml"]\n' + SET)
    assert "there is no values file values/test-deb.yaml" in refused(charted).reason
    assert "values/test-dev.yaml" in refused(charted).reason  # the nearest
    charted.configure('values = ["values/test-dev.yaml"]\n' + SET)
    assert "a values file is a table" in refused(charted).reason


def test_a_part_that_is_not_fetched_is_named_with_what_fetches_it(charted: Charted) -> None:
    charted.write(
        "Chart.yaml",
        "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n"
        "  - { name: redis, version: 1.0.0, repository: https://charts.example.com }\n",
    )
    told = refused(charted)
    assert "missing in charts/ directory: redis" in told.reason
    assert told.remedy == f"it needs redis: helm dependency build {charted.chart}"


def test_without_helm_its_name_and_how_to_get_it(
    charted: Charted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = refused(charted)
    assert told.reason == "helm: no such program on this machine"
    assert "https://helm.sh/docs/intro/install/" in told.remedy


def test_a_helm_that_is_too_old_is_said(
    charted: Charted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "old" / "helm"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo v2.17.0+g1 && exit 0\necho "Error: unknown flag" >&2\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert "helm v2.17 is too old: v3.8 or newer is needed" in refused(charted).reason


def test_a_cluster_is_told_as_it_is(charted: Charted) -> None:
    charted.write(
        "templates/monitor.yaml",
        '{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}\n'
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: { name: m }\n{{- end }}\n",
    )
    assert "ServiceMonitor/m" not in charted.rendered()
    served = Capabilities(
        "v1.30.2", ("v1", "monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor")
    )
    assert "ServiceMonitor/m" in charted.rendered(cluster=served)
    assert "ServiceMonitor/m" in charted.rendered(cluster=WHATEVER)  # what a Role has to allow
    charted.write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\nkubeVersion: '~1.30.0'\n")
    assert "ServiceMonitor/m" in charted.rendered(cluster=served)
    with pytest.raises(manifests.NeedsCluster):
        charted.rendered()
    with pytest.raises(Misused, match=r"chart requires kubeVersion") as caught:
        charted.rendered(cluster=Capabilities("v1.29.0"))
    assert not isinstance(caught.value, manifests.NeedsCluster)


def test_hooks_are_told_as_what_they_become(charted: Charted) -> None:
    charted.write("templates/a.yaml", JOB.format(name="migrate", hook="pre-install,pre-upgrade", weight=1))
    charted.write("templates/b.yaml", JOB.format(name="try", hook="test", weight=0))
    charted.write("templates/c.yaml", JOB.format(name="bye", hook="pre-delete", weight=0))
    found = charted.rendered()
    assert "Job/migrate" in found and "Job/try" not in found and "Job/bye" not in found
    said = "\n".join(manifests.notes(charted.app))
    assert "Job/migrate (hook pre-install, pre-upgrade): a Job of the deployment" in said
    assert "Job/try (hook test): left out" in said and "Job/bye (hook pre-delete): left out" in said


def test_a_hook_after_the_workloads_is_refused(charted: Charted) -> None:
    charted.write("templates/a.yaml", JOB.format(name="seed", hook="post-install", weight=0))
    told = refused(charted)
    assert (
        "templates/a.yaml" in told.reason
        and "Job/seed (hook post-install) is to run after the workloads" in told.reason
    )


def test_what_belongs_to_the_whole_cluster_stays_out(charted: Charted) -> None:
    charted.write(
        "crds/thing.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: { name: things.x.io }\n",
    )
    with pytest.raises(Refused, match=r"CustomResourceDefinition/things\.x\.io"):
        charted.rendered()


def test_lookup_and_chance_are_warned_of(charted: Charted) -> None:
    charted.write(
        "templates/z.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: z }\ndata:\n"
        '  a: "{{ lookup "v1" "Secret" "ns" "x" | len }}"\n'
        '  b: "{{ randAlphaNum 8 }}"\n  c: "{{ .Values.now }}"\n',
    )
    charted.rendered()
    said = [line for line in manifests.notes(charted.app) if "z.yaml" in line]
    assert ["z.yaml:5: `lookup` finds nothing" in said[0], "z.yaml:6: `randAlphaNum`" in said[1]] == [
        True,
        True,
    ]
    assert len(said) == 2


def test_manifests_that_are_a_chart_get_the_key_that_says_so(charted: Charted) -> None:
    config = charted.root / "apps.toml"
    config.write_text(
        config.read_text()
        .replace('chart = "deploy/chart"', 'manifests = "deploy/chart/templates"')
        .split("set =")[0]
    )
    told = refused(charted)
    assert "this is a Helm chart" in told.reason
    assert told.remedy.startswith('write chart = "deploy/chart" in place of `manifests`')
    (charted.chart / "Chart.yaml").unlink()
    told = refused(charted)
    assert "templates/web.yaml:4: this is a template of Helm" in told.reason


def test_what_set_says_is_json_to_helm(charted: Charted) -> None:
    charted.write(
        "templates/m.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\n"
        "data:\n  all: {{ toJson .Values.given | quote }}\n",
    )
    charted.configure(
        SET.replace(
            "replicas = 3", 'replicas = 3, given = { a = true, b = 1.5, c = ["{space}"], "x.y" = "" }'
        )
    )
    data = charted.rendered()["ConfigMap/m"]["data"]["all"]
    assert json.loads(data) == {"a": True, "b": 1.5, "c": ["test-dev"], "x.y": ""}
