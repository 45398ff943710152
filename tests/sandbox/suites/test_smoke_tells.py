"""Each smoke suite passes where its app does its job, and fails where it only says that it is healthy."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from toolkit.settings.config import Config

from tests.sandbox.local import ROOT, Sandbox
from tests.sandbox.reference import Repository
from tests.sandbox.suites import breaking
from tests.sandbox.suites.breaking import Fault

pytestmark = pytest.mark.timeout(600)  # the first images take their requirements from the registry

CONFIG = Config.load(ROOT / "apps.toml")


def deployable(name: str) -> bool:
    """Whether an app is here, and all that it needs."""
    app = CONFIG.app(name)
    return not app.pending and all(deployable(each) for each in app.needs)


FAULTS = breaking.load(ROOT / "tests/sandbox/telling.toml")
# One app after another: each is asked once while it is well, then once for each of its faults.
HERE = sorted((fault for fault in FAULTS if deployable(fault.app)), key=lambda fault: fault.app)
PATIENCE = "4"  # seconds that a suite waits for anything, where it must be in vain


@pytest.fixture(scope="module")
def repository(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """All of the apps that have faults, deployed in one space."""
    made = Repository(tmp_path_factory.mktemp("telling") / "a repository", sandbox.state)
    if deployable("publisher"):
        publish_to_one_space(made)
    apps = dict.fromkeys(fault.app for fault in HERE)
    homes = {made.config.app(app).namespace_in(made.home(app)) for app in apps}
    needed = {each for app in apps for each in CONFIG.app(app).needs}
    try:
        for app in apps:
            if app not in needed:  # those come along with who needs them
                made.deploy(app)
        yield made
    finally:
        made.clean_up(sandbox, *homes)
        for home in {made.namespace, *homes}:
            breaking.kill(sandbox, home)


def publish_to_one_space(repository: Repository) -> None:
    """All apps twice would take twice the time."""
    repository.change("publisher/deploy/deployment.yaml", r" \{\{ space \}\}-production", "")
    repository.change("publisher/deploy/provision/services.yaml", r', space ~ "-production"', "")
    repository.change("publisher/tests/smoke/test_publisher.py", r'\[""\] \* 2', '[""]')


@pytest.fixture(scope="module")
def well(repository: Repository) -> set[str]:
    """The apps whose smoke suite has passed."""
    return set()


def test_each_of_the_seven_has_a_fault() -> None:
    wanted = {app.name for app in CONFIG.apps.values() if not app.support}
    assert {fault.app for fault in FAULTS} == wanted


@pytest.mark.parametrize("fault", HERE, ids=lambda fault: fault.name)
def test_smoke_tells_what_health_does_not(
    repository: Repository, sandbox: Sandbox, well: set[str], fault: Fault
) -> None:
    if fault.app not in well:
        passed = repository.run("smoke", fault.app)
        assert passed.returncode == 0, passed.stdout
        well.add(fault.app)
    with fault.made(sandbox, repository.home(fault.app)):
        assert healthy(sandbox, repository, fault)
        deadline = time.monotonic() + fault.within
        failed = repository.run("smoke", fault.app, PATIENCE=PATIENCE)
        while failed.returncode == 0 and time.monotonic() < deadline:
            failed = repository.run("smoke", fault.app, PATIENCE=PATIENCE)
    assert failed.returncode == 1, failed.stdout
    unsaid = [word for word in fault.words if word not in failed.stdout]
    assert not unsaid, f"{fault.title}, but smoke does not say {unsaid}:\n{failed.stdout}"


def healthy(sandbox: Sandbox, repository: Repository, fault: Fault) -> bool:
    """Whether each pod of the app's web side answers /health, asked as a kubelet does."""
    app, space = repository.config.app(fault.app), repository.home(fault.app)
    home = f"/api/v1/namespaces/{app.namespace_in(space)}"
    service = sandbox.api("GET", f"{home}/services/{app.service_in(space)}")
    chosen = ",".join(f"{key}%3D{value}" for key, value in service["spec"]["selector"].items())
    pods = sandbox.api("GET", f"{home}/pods?labelSelector={chosen}")["items"]
    for pod in pods:
        sandbox.text(f"{home}/pods/{pod['metadata']['name']}:3000/proxy{app.health}")
    return bool(pods)
