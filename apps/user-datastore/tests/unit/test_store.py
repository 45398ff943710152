"""The store, on SQLite and on PostgreSQL."""

import threading
import time
from collections.abc import Iterator

import pytest
from fb_platform.database import Database
from user_datastore import store as module
from user_datastore.store import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(Database(database_url))
    made.prepare()
    yield made
    made.database.close()  # PostgreSQL ends only once its clients have left


def test_the_last_payload_of_each_user_is_kept(store: Store) -> None:
    assert store.get("s", "n", "u") is None
    assert store.put("s", "n", "u", "one") is True
    assert store.put("s", "n", "u", "two") is False
    assert store.put("s", "n", "other", "three") is True
    assert store.put("s", "elsewhere", "u", "four") is True
    assert [store.get("s", "n", "u"), store.get("s", "n", "other"), store.get("s", "elsewhere", "u")] == [
        "two",
        "three",
        "four",
    ]


def test_deleting_forgets_one_user_and_may_be_repeated(store: Store) -> None:
    store.put("s", "n", "u", "one")
    store.put("s", "n", "other", "two")
    store.delete("s", "n", "u")
    store.delete("s", "n", "u")
    assert (store.get("s", "n", "u"), store.get("s", "n", "other")) == (None, "two")


def test_what_is_too_old_is_neither_given_nor_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP", 2)
    for user in ("a", "b", "c"):
        store.put("s", "n", user, "old")
    store.database.run("update answers set changed_at = :then", then=time.time() - module.KEEP - 1)
    assert store.get("s", "n", "a") is None
    store.put("s", "n", "d", "new")  # takes two of the three with it, the next write the last
    assert store.database.run("select count(*) from answers")[0][0] == 2
    store.put("s", "n", "d", "newer")
    assert store.database.run("select user_id from answers")[0][0] == "d"


def test_many_writers_leave_one_of_their_payloads(store: Store) -> None:
    def write(number: int) -> None:
        firsts.append(store.put("s", "n", "u", f"payload {number}"))
        store.database.close()

    firsts: list[bool] = []
    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert firsts.count(True) == 1 and len(firsts) == 8
    assert (store.get("s", "n", "u") or "").startswith("payload ")


def test_a_database_that_is_away_is_noticed(tmp_path: object) -> None:
    broken = Store(Database(f"sqlite:///{tmp_path}"))  # a folder, not a file
    with pytest.raises(Exception, match="unable to open"):
        broken.prepare()


def test_a_payload_in_place_of_an_expired_one_is_a_first_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP", 0)  # expired, and not swept yet
    store.put("s", "n", "u", "old")
    then = time.time() - module.KEEP - 1
    store.database.run("update answers set changed_at = :then, created_at = :then", then=then)
    assert store.get("s", "n", "u") is None
    assert store.put("s", "n", "u", "new") is True
    assert store.put("s", "n", "u", "newer") is False


def test_text_of_a_database_without_an_encoding_is_text(postgresql: str | None) -> None:
    """SQL_ASCII, which initdb takes where the locale is C: psycopg gives bytes unless it is told."""
    if postgresql is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    server = Database(postgresql)
    server.run("create database plain encoding 'SQL_ASCII' locale 'C' template template0")
    plain = Database(postgresql.replace("/postgres?", "/plain?"))
    try:
        assert plain.run("select cast('é' as text)")[0][0] == "é"
    finally:
        plain.close()
        server.run("drop database plain")
        server.close()
