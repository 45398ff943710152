"""There is one node on a machine: that of another home is neither ended nor built over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kubernetes.node import network, processes
from tests.kubernetes.node.node import Node
from tests.kubernetes.node.parts import NotPossible
from tests.kubernetes.node.places import Places


def node(folder: Path, home: str) -> Node:
    return Node(Places(folder / home, folder / "run"), say=lambda _: None)


def test_a_node_that_runs_is_left_to_its_own_home(tmp_path: Path) -> None:
    theirs, mine = node(tmp_path, "theirs"), node(tmp_path, "mine")
    theirs.places.run.mkdir()
    theirs.places.owner.write_text(str(theirs.places.kept))
    pids = theirs.places.pids / "etcd"
    pid = processes.start(pids, theirs.places.logs / "etcd.log", ["sleep", "600"], os.environ)
    try:
        for act in (mine.down, mine.refuse_another):
            with pytest.raises(NotPossible) as raised:
                act()
            assert f"a node already, of {theirs.places.kept}." in str(raised.value)
            assert f"make kubernetes-down KUBERNETES_NODE_HOME={theirs.places.kept}" in str(raised.value)
        assert processes.started(pid), "it was ended all the same"
        theirs.refuse_another()
    finally:
        processes.end(pids)
    mine.refuse_another()


def test_nothing_is_asked_of_a_server_whose_network_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address would be taken for one beyond the default route: a question to somebody else."""
    monkeypatch.setattr(network, "LINK", "fb-kube-none")
    mine = node(tmp_path, "mine")
    assert not network.is_there()
    assert not mine.answers() and not mine.is_up(), "without its kubeconfig it would have raised"
