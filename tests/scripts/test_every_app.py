"""Every app of apps.toml against its folder, its manifests, its suites, the Makefile, the README and ci/."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolkit.checks import requirements
from toolkit.cluster.release.provision import FOLDER
from toolkit.objects import manifests
from toolkit.objects.fields import mapping, number, objects, text
from toolkit.objects.quantity import amount
from toolkit.settings.config import Config
from toolkit.settings.model import App, SecretKey
from toolkit.suites.environment import PLACEHOLDER

from tests import ROOT
from tests.scripts import make_double

CONFIG = Config.load(ROOT / "apps.toml")
SEVEN = (
    *("submitter", "runner", "user-datastore", "user-filestore"),
    *("pdf-generator", "service-token-cache", "publisher"),
)
WRITTEN = [app for app in CONFIG.apps.values() if not app.pending]
STAGES = {
    "lint": "lint.py",
    "security": "security.py",
    "unit": "unit.py",
    "build": "build.py",
    "deploy": "deploy.py",
    "healthcheck": "healthcheck.py",
    "smoke": "smoke.py",
    "acceptance": "acceptance.py",
    "approve": "approve.py",
    "watch": "watch.py",
    "rollback": "rollback.py",
}

every_app = pytest.mark.parametrize("app", WRITTEN, ids=lambda app: app.name)


def places(app: App) -> Iterator[tuple[str, str]]:
    """The (environment, space) pairs to which an app goes."""
    for name in CONFIG.environments:
        for space in app.spaces_in(CONFIG.place(name)):
            yield name, space


def given(app: App, environment: str, space: str) -> manifests.Values:
    images = {role: f"registry/fb-{app.name}-{role}@sha256:{'0' * 64}" for role in app.images}
    return manifests.values(app, space, environment, images, version="1", commit="c" * 40, provision=True)


def rendered(app: App, environment: str, space: str) -> list[dict[str, Any]]:
    return manifests.render(app, given(app, environment, space))


class _Key:
    private = public = "a key"


def fixtures(app: App, environment: str, space: str) -> Iterator[dict[str, Any]]:
    """What a cluster of our own gets for an app before it, where there is nothing yet."""
    folder = app.path / app.manifests / FOLDER
    functions = {"rsa_key": _Key, "random_string": lambda n: "x" * n, "existing": _existing}
    if folder.is_dir():
        for _, obj in manifests.render_folder(folder, given(app, environment, space).variables(), functions):
            obj["metadata"].setdefault("namespace", app.namespace_in(space))
            yield obj


def _existing(kind: str, _namespace: str, _name: str) -> dict[str, Any]:
    """Whatever another app is asked for is there."""

    class Anything(dict[str, str]):
        def __missing__(self, _key: str) -> str:
            return base64.b64encode(b"something").decode()

    return {"kind": kind, "data": Anything(), "spec": {"clusterIP": "127.0.0.2", "ports": [{"port": 80}]}}


def test_the_seven_apps_are_declared_in_order_of_priority() -> None:
    declared = [app.name for app in CONFIG.apps.values() if not app.support]
    assert declared == list(SEVEN)
    assert [app.name for app in CONFIG.apps.values() if app.support] == ["outbox"]


def test_every_app_has_its_code_here() -> None:
    assert not [app.name for app in CONFIG.apps.values() if app.pending]


@every_app
def test_its_folder_holds_what_the_table_names(app: App) -> None:
    assert app.path.is_dir() and app.context.is_dir() and app.path.is_relative_to(app.context)
    assert app.images
    for dockerfile in (image.dockerfile for image in app.images.values()):
        assert (app.path / dockerfile).is_file()
        for source in re.findall(r"^COPY (\S+)", (app.path / dockerfile).read_text(), re.MULTILINE):
            assert (app.context / source).exists(), f"{dockerfile} copies {source}"
    assert app.coverage >= 90
    assert set(app.commands) == {"lint", "security", "unit"}
    assert list((app.path / "tests/unit").glob("test_*.py"))


@every_app
def test_every_package_is_pinned_by_hash(app: App) -> None:
    for name in ("requirements", "requirements-test"):
        assert (app.path / f"{name}.in").is_file()
        pins = requirements.read(app.path / f"{name}.txt")
        assert pins
        assert not [pin.text for pin in pins if not (pin.hashed and pin.version)]


@every_app
def test_its_service_stands_for_its_pods_in_every_space(app: App) -> None:
    there = list(places(app))
    assert there, "it goes nowhere"
    for environment, space in there:
        found = rendered(app, environment, space)
        services = {text(obj, "metadata", "name"): obj for obj in found if obj["kind"] == "Service"}
        service = services[app.service_in(space)]
        assert text(service, "metadata", "namespace") == app.namespace_in(space)
        ports = {port["port"]: port["targetPort"] for port in objects(service, "spec", "ports")}
        assert app.port in ports, f"{app.service_in(space)} has no port {app.port}"
        selector = mapping(service, "spec", "selector").items()
        behind = [
            obj
            for obj in found
            if obj["kind"] == "Deployment"
            and selector <= mapping(obj, "spec", "template", "metadata", "labels").items()
        ]
        assert len(behind) == 1, f"{len(behind)} Deployments behind {app.service_in(space)}"
        names = {
            port["name"]
            for container in objects(behind[0], "spec", "template", "spec", "containers")
            for port in container.get("ports", ())
        }
        assert ports[app.port] in names


@every_app
def test_every_pod_carries_the_apps_label_and_an_image_of_its_own(app: App) -> None:
    used = set()
    for environment, space in places(app):
        for obj in rendered(app, environment, space):
            template = mapping(obj, "spec", "template")
            if not template or "containers" not in mapping(template, "spec"):
                continue
            for labels in (mapping(obj, "metadata", "labels"), mapping(template, "metadata", "labels")):
                assert labels["appGroup"] == f"fb-{app.name}"
            used |= {text(each, "image") for each in objects(template, "spec", "containers")}
    assert used == set(given(app, "test", "x").images.values()), "each image runs, and no other one"


@every_app
def test_its_probes_ask_what_the_table_says(app: App) -> None:
    for environment, space in places(app):
        for obj in rendered(app, environment, space):
            for container in objects(obj, "spec", "template", "spec", "containers"):
                if obj["kind"] != "Deployment" or not container.get("ports"):
                    continue
                asked = {
                    name: text(container, name, "httpGet", "path") for name in container if "Probe" in name
                }
                assert asked.pop("readinessProbe") == (app.readiness or app.health)
                assert set(asked.values()) == {app.health}, asked


@every_app
def test_its_suites_are_there_and_find_what_they_ask_for(app: App) -> None:
    assert "smoke" in app.suites, "every app is smoke tested"
    spaces = {space for each in CONFIG.environments.values() for space in each.spaces}
    spaces |= {space for each in CONFIG.apps.values() for own in each.spaces.values() for space in own}
    for kind, suite in app.suites.items():
        assert list((app.path / suite.path).glob("test_*.py")), f"{kind} has no tests"
        for variable, value in suite.env.items():
            for word, name, where in [] if isinstance(value, SecretKey) else PLACEHOLDER.findall(value):
                assert word in ("url", "proxy", "internal", "space"), f"{variable}: {word}"
                assert where in {"", *spaces}, f"{variable}: {where}"
                other = CONFIG.app(name) if name else app
                for environment in suite.environments or [name for name, _ in places(app)]:
                    assert other.goes_to(environment), f"{variable}: {other.name} is not in {environment}"


@every_app
def test_the_secrets_that_its_suites_read_are_made_where_we_provision(app: App) -> None:
    for environment, space in places(app):
        made = {
            (text(obj, "metadata", "namespace"), text(obj, "metadata", "name")): {
                *mapping(obj, "data"),
                *mapping(obj, "stringData"),
            }
            for each in (app, *CONFIG.needs_of(app))
            if not each.pending
            for where in {space, *(each.spaces_in(CONFIG.place(environment)))}
            for obj in fixtures(each, environment, where)
            if obj["kind"] == "Secret"
        }
        for suite in app.suites.values():
            if suite.environments and environment not in suite.environments:
                continue
            for value in suite.env.values():
                if isinstance(value, SecretKey):
                    home = (value.namespace or app.namespace).replace("{space}", space)
                    name = value.secret.replace("{space}", space)
                    assert value.key in made.get((home, name), ()), f"{home}/{name}: {value.key}"


@every_app
def test_make_has_a_target_for_each_of_its_stages(app: App, tmp_path: Path) -> None:
    folder = make_double.clone(tmp_path / "clone")
    targets = [f"{stage}-{app.name}" for stage in STAGES]
    ran = make_double.make(folder, *targets, app.name, "ENV=test")
    assert ran.returncode == 0, ran.stderr
    placed = {stage for stage in STAGES if stage not in ("lint", "security", "unit", "build")}
    wanted = [
        ["argv", f"scripts/{script}", f"--app={app.name}", *(["--env=test"] if stage in placed else [])]
        for stage, script in STAGES.items()
    ]
    called = [row for row in make_double.recorded(folder) if row[0] == "argv"]
    assert called == [*wanted, ["argv", "scripts/pipeline.py", "--app", app.name]]


@every_app
def test_the_readme_has_a_row_for_it(app: App) -> None:
    rows = (ROOT / "apps/README.md").read_text().splitlines()
    assert [row for row in rows if row.startswith(f"| `{app.path.name}` |")]


def test_ci_takes_the_app_as_a_parameter_and_names_none_but_the_default() -> None:
    circle = (ROOT / "ci/circleci/config.yml").read_text()
    github = (ROOT / "ci/github/pipeline.yml").read_text()
    parameters = yaml.safe_load(circle)["parameters"]
    assert parameters["app"]["type"] == "string", "an enum would have to be edited for an eighth app"
    assert parameters["app"]["default"] in CONFIG.apps
    default = yaml.safe_load(github)["env"]["APP"]
    assert default == f"${{{{ inputs.app || vars.APP || '{parameters['app']['default']}' }}}}"
    for definition in (circle, github):
        for name in CONFIG.apps:
            used = re.findall(rf"APP=['\"]?{name}\b", definition)
            assert not used, f"{name} is written into a job"


def test_all_apps_in_all_spaces_fit_a_machine_of_two_cores_while_they_are_replaced() -> None:
    """What every pod asks for, and as many again that surge: `make pipeline APP=all` on a small machine."""
    asked = {"cpu": Fraction(0), "memory": Fraction(0)}
    for app in WRITTEN:
        for environment, space in places(app):
            for obj in rendered(app, environment, space):
                if obj["kind"] != "Deployment":
                    continue
                pods = 2 * (number(obj, "spec", "replicas") or 1)
                for container in objects(obj, "spec", "template", "spec", "containers"):
                    for what in asked:
                        asked[what] += pods * amount(text(container, "resources", "requests", what))
    assert asked["cpu"] <= 2, f"{float(asked['cpu'])} cores"
    assert asked["memory"] <= 16 * 2**30, f"{float(asked['memory']) / 2**30:.1f} GiB"
