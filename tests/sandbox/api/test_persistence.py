"""What is left after a restart, after kill -9, and after somebody has damaged the state."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.api.server import AddressTaken
from sandbox.api.storage.database import DamagedDatabase, Database, DatabaseInUse, StateError, set_aside
from tests import ROOT
from tests.sandbox.api.running import TOKEN, Running, free_address
from tests.sandbox.api.served import config_map

_SERVE = """
import asyncio, sys
from pathlib import Path
from sandbox.api.server import Server

async def main():
    await Server().start(Path(sys.argv[1]), sys.argv[2], token=sys.argv[3])
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
ROOT = ROOT
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    api = Running(tmp_path)
    made = api.create(CONFIG_MAPS, config_map("a", x="ü"))
    api.create(CONFIG_MAPS, config_map("b"))
    api.http.delete(f"{CONFIG_MAPS}/b")
    version = api.http.get(CONFIG_MAPS).json()["metadata"]["resourceVersion"]
    authority = api.server.authority
    api.stop()
    again = Running(tmp_path)
    try:
        listed = again.http.get(CONFIG_MAPS).json()
        assert listed["items"] == [made] and listed["metadata"]["resourceVersion"] == version
        assert again.server.authority == authority
        newer = again.create(CONFIG_MAPS, config_map("c"))["metadata"]["resourceVersion"]
        assert int(newer) > int(version)
        event = next(again.watch(CONFIG_MAPS, resourceVersion=version))
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "c")
        old = next(again.watch(CONFIG_MAPS, resourceVersion=made["metadata"]["resourceVersion"]))
        assert old["type"] == "ERROR" and old["object"]["code"] == 410
    finally:
        again.stop()


class Process:
    """A server in a process of its own, to be killed."""

    def __init__(self, state: Path) -> None:
        for _ in range(5):  # another test process may take the address between the look and the bind
            self.address = free_address()
            argv = [sys.executable, "-c", _SERVE, str(state), self.address, TOKEN]
            self.process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
            )
            assert self.process.stdout is not None and self.process.stderr is not None
            if self.process.stdout.readline() == "ready\n":
                break
            complaint = self.process.communicate(timeout=60)[1]
            assert AddressTaken.__name__ in complaint, complaint
        else:
            raise AssertionError("no address stayed free")
        self.url = f"http://{self.address}:8001"
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        one.kill()


def test_what_was_answered_survives_kill_9(tmp_path: Path, processes: list[Process]) -> None:
    names: list[str] = []
    for generation in range(3):
        server = Process(tmp_path)
        processes.append(server)
        listed = server.http.get(CONFIG_MAPS).json()["items"]
        assert [item["metadata"]["name"] for item in listed] == names
        for number in range(30):
            name = f"c{generation}-{number:02}"
            assert server.http.post(CONFIG_MAPS, json=config_map(name)).status_code == 201
            names.append(name)
        server.kill()


def test_two_servers_cannot_share_a_state(tmp_path: Path, processes: list[Process]) -> None:
    processes.append(Process(tmp_path))
    with pytest.raises(DatabaseInUse, match="sandbox down"):
        Running(tmp_path)


@pytest.mark.parametrize("damage", ["not a database", "cut short", "broken row", "zeroed middle"])
def test_damage_is_told_in_one_sentence(tmp_path: Path, damage: str) -> None:
    api = Running(tmp_path)
    for number in range(50):
        api.create(CONFIG_MAPS, config_map(f"c{number}", x="y" * 500))
    api.stop()
    path = tmp_path / "cluster.db"
    data = path.read_bytes()
    if damage == "not a database":
        path.write_bytes(b"this is not a database" * 100)
    elif damage == "cut short":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "zeroed middle":
        path.write_bytes(data[:4096] + b"\0" * (len(data) - 4096))
    else:
        database = Database(path)
        database.put("v1/configmaps", "default", "c1", 9999, b"{broken")
        database.close()
    with pytest.raises(DamagedDatabase) as error:
        Running(tmp_path)
    assert (
        str(path) in str(error.value) and "sandbox reset" in str(error.value) and "\n" not in str(error.value)
    )
    kept = set_aside(path)
    assert kept.exists() and not path.exists()
    fresh = Running(tmp_path)
    assert fresh.http.get(CONFIG_MAPS).json()["items"] == []
    fresh.stop()


def test_a_newer_format_is_not_touched(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "cluster.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DamagedDatabase, match="its format is 99"):
        Running(tmp_path)


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "service-account.key", "server"])
def test_damaged_keys_are_made_anew(tmp_path: Path, name: str) -> None:
    api = Running(tmp_path)
    api.stop()
    file = next((tmp_path / "ca").glob("server-*")) if name == "server" else tmp_path / "ca" / name
    file.write_bytes(b"damaged")
    again = Running(tmp_path)
    assert httpx.get(again.url + "/version").status_code == 200
    again.stop()


def test_keys_are_private(tmp_path: Path) -> None:
    Running(tmp_path).stop()
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "ca").iterdir())
    assert TOKEN not in "".join(
        file.read_bytes().decode(errors="replace") for file in (tmp_path / "ca").iterdir()
    )


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Running(tmp_path / "one")
    monkeypatch.setattr("tests.sandbox.api.running.free_address", lambda: api.address)
    try:
        with pytest.raises(AddressTaken, match=f"Cannot listen on {api.address}:6443") as error:
            Running(tmp_path / "two")
        assert isinstance(error.value, StateError)
    finally:
        api.stop()


def test_moving_to_another_block_moves_the_services(tmp_path: Path) -> None:
    api = Running(tmp_path)
    service = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    api.create("/api/v1/namespaces/default/services", service)
    before = api.address
    api.stop()
    again = Running(tmp_path)
    try:
        address = again.http.get("/api/v1/namespaces/default/services/a").json()["spec"]["clusterIP"]
        assert address.startswith(again.address.rsplit(".", 2)[0] + ".128.")
        assert before.rsplit(".", 2)[0] in address or before != again.address
    finally:
        again.stop()


def test_full_disk_is_an_answer(tmp_path: Path) -> None:
    api = Running(tmp_path)
    database = api.server._cluster.store._database  # type: ignore[union-attr]
    try:
        database._connection.execute("PRAGMA query_only = ON")
        answer = api.http.post(CONFIG_MAPS, json=config_map("a"))
        assert answer.status_code == 500 and answer.json()["reason"] == "InternalError"
        database._connection.execute("PRAGMA query_only = OFF")
        assert api.http.get(f"{CONFIG_MAPS}/a").status_code == 404
        assert api.http.post(CONFIG_MAPS, json=config_map("a")).status_code == 201
    finally:
        api.stop()
