"""What the node would start and build: in places of its own, whoever else runs a Kubernetes here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.kubernetes.node import building, certificates, groups, places, programs
from tests.kubernetes.node.node import FILES
from tests.kubernetes.node.places import ETC, GO, Places

HERE = Places(Path("/kept"), Path("/run/of-it"))


def test_everything_it_writes_is_below_its_own_folders() -> None:
    for program in programs.programs(HERE, "v1.2.3", lambda name: f"/usr/bin/{name}"):
        for word in program.argv[1:]:
            for path in re.findall(r"(?:^|[=/:])(/[a-z][^:]*)", word):
                assert path.startswith(("/kept/", "/run/of-it/")), (program.name, word)


def test_the_same_is_planned_each_time_and_no_two_share_a_pid_file() -> None:
    first, second = (programs.programs(HERE, "v1.2.3", lambda name: name) for _ in range(2))
    assert first == second
    names = [each.name for each in first]
    assert len(set(names)) == len(names) and names[0] == "etcd"
    assert names.index("containerd") < names.index("kubelet") > names.index("apiserver")


def test_every_program_of_kubernetes_that_is_started_is_built() -> None:
    built = building.commands("v1.34.4", HERE.programs("v1.34.4"), "go")
    wanted = {
        Path(each.argv[0]).name
        for each in programs.programs(HERE, "v1.34.4", lambda name: None)
        if each.argv[0].startswith("/kept/")
    }
    assert wanted <= set(built)
    assert any("gitVersion=v1.34.4" in word for word in built["kubelet"])


def test_the_version_is_the_one_that_is_pinned_with_all_of_its_parts() -> None:
    version = places.version()
    assert tuple(map(int, version[1:].split("."))) >= (1, 34)
    text = (GO / "go.mod").read_text()
    parts = dict(re.findall(r"(k8s\.io/[a-z-]+) => \1 (v\S+)", text))
    assert set(parts.values()) == {version.replace("v1.", "v0.", 1)}
    assert {"k8s.io/api", "k8s.io/client-go", "k8s.io/apiserver"} <= parts.keys()
    assert f"k8s.io/kubernetes {version} h1:" in (GO / "go.sum").read_text()


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".yaml")])
def test_its_settings_are_yaml_once_the_places_are_in(name: str) -> None:
    text = re.sub("@[A-Z]+@", "x", (ETC / name).read_text())
    assert isinstance(yaml.safe_load(text), dict)


def test_its_kubelet_leaves_the_pods_of_another_one_alone() -> None:
    settings = yaml.safe_load(
        re.sub("@NAME@", places.NAME, (ETC / "kubelet.yaml").read_text()).replace("@", "x")
    )
    assert settings["cgroupRoot"] == f"/{places.NAME}"


def test_cgroups_of_both_versions_are_found() -> None:
    mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
    mounts += "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\nproc /proc proc rw 0 0\n"
    found = [str(path) for path in groups.hierarchies(mounts)]
    assert found == ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"]


def test_where_it_keeps_things_is_a_cache_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    tmp_path = tmp_path.resolve()
    assert places.places({"HOME": str(tmp_path)}).kept == tmp_path / ".cache" / "form-builder-kubernetes"
    cache = {"HOME": "/x", "XDG_CACHE_HOME": str(tmp_path)}
    assert places.places(cache).kept == tmp_path / "form-builder-kubernetes"
    assert places.places({**cache, "KUBERNETES_NODE_HOME": str(tmp_path / "y")}).kept == tmp_path / "y"


def test_its_certificates_and_kubeconfigs_belong_together(tmp_path: Path) -> None:
    certificates.make(tmp_path / "pki")
    names = {path.name for path in (tmp_path / "pki").iterdir()}
    for name in certificates.SIGNED:
        assert {f"{name}.crt", f"{name}.key"} <= names
    from tests.kubernetes.asking import access

    found = access(tmp_path / "pki" / "admin.kubeconfig")
    assert found.server == places.SERVER
    assert found.authority == (tmp_path / "pki" / "ca.crt").read_text()
    assert (tmp_path / "pki").stat().st_mode & 0o077 == 0, "keys are nobody else's"
