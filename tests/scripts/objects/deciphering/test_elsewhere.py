"""Values from elsewhere: fetched, unlocked by the programs themselves, and nothing of them left anywhere."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from toolkit.base.outcome import Kind, Misused
from toolkit.ci.repositories import run
from toolkit.objects.deciphering import elsewhere, values_file
from toolkit.settings.config import Config
from toolkit.settings.model import Secrets

from tests import ROOT

CONFIG = """
default_cluster = "c"
[environments.test]
spaces = ["dev"]
[clusters.c]
kubeconfig = "none"
[secrets.deploy]
{}
[apps.tiny]
path = "."
namespace = "n"
service = "s"
chart = "."
secrets = "deploy"
"""
VALUE = "a-Value-that-only-few-know"


def git(folder: Path, *words: str) -> str:
    settings = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    ran = subprocess.run(["git", *settings, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made in this test; nothing may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv(run.VARIABLE, raising=False)
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The repository of values."""
    folder = tmp_path / "kept"
    (folder / "tiny").mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / "tiny" / "dev.yaml").write_text(f"password: {VALUE}\n")
    return folder


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "values")
    return git(folder, "rev-parse", "HEAD")


def secrets(tmp_path: Path, keys: str) -> Secrets:
    (tmp_path / "apps.toml").write_text(CONFIG.format(keys))
    rendering = Config.load(tmp_path / "apps.toml").apps["tiny"].rendering
    assert rendering is not None and rendering.secrets is not None
    return rendering.secrets


def read(found: Secrets, name: str = "tiny/dev.yaml") -> Mapping[str, object]:
    return values_file.in_secrets(elsewhere.opened(found), name)


def test_a_private_repository_is_read_and_nothing_of_it_is_kept(
    tmp_path: Path, kept: Path, alone: Path
) -> None:
    commit(kept)
    found = secrets(tmp_path, f'repository = "{kept}"\nref = "main"')
    assert read(found) == {"password": VALUE}
    assert list(alone.iterdir()) == []
    assert not (tmp_path / ".pipeline").exists()
    with pytest.raises(Misused, match=r"there is no such file, did you mean .tiny/dev\.yaml") as caught:
        read(found, "tiny/deb.yaml")
    assert caught.value.kind is Kind.MISUSED


def test_the_commit_is_the_same_all_through_a_run(tmp_path: Path, kept: Path) -> None:
    first = commit(kept)
    found = secrets(tmp_path, f'repository = "{kept}"\nref = "main"')
    assert found.repository is not None
    assert run.commit("x", found.repository, tmp_path) == first
    (kept / "tiny" / "dev.yaml").write_text("password: another\n")
    commit(kept)
    assert read(found) == {"password": VALUE}


@pytest.fixture
def locked(kept: Path, tmp_path: Path) -> str:
    """The repository locked by the real git-crypt; its key in base64."""
    if shutil.which("git-crypt") is None:
        pytest.skip("git-crypt is not on this machine")
    (kept / ".gitattributes").write_text("tiny/** filter=git-crypt diff=git-crypt\n")
    for words in (("init",), ("export-key", str(tmp_path / "key"))):
        subprocess.run(["git-crypt", *words], cwd=kept, capture_output=True, check=True)
    commit(kept)
    assert git(kept, "cat-file", "-s", "HEAD:tiny/dev.yaml") != str(len(f"password: {VALUE}\n"))
    return base64.b64encode((tmp_path / "key").read_bytes()).decode()


def test_git_crypt_unlocks_with_a_key_of_a_variable(
    tmp_path: Path, kept: Path, locked: str, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = f'repository = "{kept}"\nref = "main"\nunlock = "git-crypt"\nkey = {{ env = "CRYPT_KEY" }}'
    found = secrets(tmp_path, keys)
    with pytest.raises(Misused, match="locked: CRYPT_KEY, which holds its key, is not set"):
        read(found)
    monkeypatch.setenv("CRYPT_KEY", "not base64!")
    with pytest.raises(Misused, match="CRYPT_KEY does not hold a key of git-crypt in base64"):
        read(found)
    monkeypatch.setenv("CRYPT_KEY", base64.b64encode(b"of something else").decode())
    with pytest.raises(Misused, match="git-crypt cannot unlock it"):
        read(found)
    monkeypatch.setenv("CRYPT_KEY", locked)
    assert read(found) == {"password": VALUE}
    assert list(alone.iterdir()) == []


def test_what_is_still_locked_is_one_sentence(tmp_path: Path, kept: Path, locked: str) -> None:
    assert locked
    found = secrets(tmp_path, f'repository = "{kept}"\nref = "main"')
    with pytest.raises(Misused, match="is encrypted by git-crypt, and locked") as caught:
        read(found)
    assert 'unlock = "git-crypt"' in caught.value.remedy


# The format of sops (its README): every value is ENC[...], and a table `sops` says with what.
SOPS = """password: ENC[AES256_GCM,data:abc=,type:str]
sops: { mac: "ENC[AES256_GCM,data:def=]", version: 3.9.0 }
"""


@pytest.fixture
def sops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for sops: its command line, its format, its words when no key fits."""
    program = tmp_path / "bin" / "sops"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" > {tmp_path}/words\n'
        'grep -q "^sops:" /dev/stdin || exit 3\n'
        f'[ "$SOPS_AGE_KEY" = AGE-SECRET-KEY-1 ] && echo "password: {VALUE}" && exit 0\n'
        'echo "Failed to get the data key required to decrypt the SOPS file." >&2\nexit 128\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "words"


def test_sops_decrypts_a_file_into_memory(
    tmp_path: Path, kept: Path, sops: Path, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "tiny" / "dev.yaml").write_text(SOPS)
    (kept / "tiny" / "plain.yaml").write_text("a: 1\n")
    commit(kept)
    keys = f'repository = "{kept}"\nref = "main"\npath = "tiny"\nunlock = "sops"\nkey = {{ env = "AGE" }}'
    found = secrets(tmp_path, keys)
    monkeypatch.setenv("AGE", "AGE-SECRET-KEY-2")
    with pytest.raises(Misused, match=r"sops cannot decrypt dev\.yaml: Failed to get the data key") as caught:
        read(found, "dev.yaml")
    assert caught.value.remedy == "is AGE a key that it is for?"
    monkeypatch.setenv("AGE", "AGE-SECRET-KEY-1")
    assert read(found, "dev.yaml") == {"password": VALUE}
    assert read(found, "plain.yaml") == {"a": 1}
    assert "AGE-SECRET" not in sops.read_text()
    assert list(alone.iterdir()) == []


def test_a_file_of_sops_without_unlock_is_one_sentence(tmp_path: Path, kept: Path) -> None:
    (kept / "tiny" / "dev.yaml").write_text(SOPS)
    commit(kept)
    with pytest.raises(Misused, match="is encrypted by sops, and locked"):
        read(secrets(tmp_path, f'repository = "{kept}"\nref = "main"'))


def test_a_command_writes_into_a_private_folder_that_goes(tmp_path: Path, alone: Path) -> None:
    script = (
        f"stat -c %a {{folder}}/.. > {tmp_path}/mode; mkdir {{folder}}/tiny; "
        f"echo 'password: {VALUE}' > {{folder}}/tiny/dev.yaml; echo {VALUE}"
    )
    found = secrets(tmp_path, f'command = ["sh", "-c", """{script}"""]')
    assert read(found) == {"password": VALUE}
    assert (tmp_path / "mode").read_text().strip() == "700"
    assert list(alone.iterdir()) == []
    failing = secrets(
        tmp_path, f'command = ["sh", "-c", "echo {VALUE} > {{folder}}/x; echo {VALUE}; exit 9"]'
    )
    with pytest.raises(Misused, match="its command sh ended with exit code 9") as caught:
        read(failing)
    assert VALUE not in "\n".join([caught.value.reason, caught.value.remedy, *caught.value.evidence])
    assert list(alone.iterdir()) == []


def test_a_file_that_is_no_yaml_quotes_nothing(tmp_path: Path, kept: Path) -> None:
    (kept / "tiny" / "dev.yaml").write_text(f"password: '{VALUE}\n")
    commit(kept)
    with pytest.raises(Misused, match=r"\{secrets\}/tiny/dev\.yaml:\d+: is not valid YAML") as caught:
        read(secrets(tmp_path, f'repository = "{kept}"\nref = "main"'))
    assert VALUE not in "\n".join([caught.value.reason, caught.value.remedy, *caught.value.evidence])


STARTED = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from toolkit.base import signals
from toolkit.objects.deciphering import elsewhere
from toolkit.settings.config import Config
signals.listen()
app = Config.load(Path(sys.argv[2])).apps["tiny"]
elsewhere.opened(app.rendering.secrets)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_nothing_for_long(
    tmp_path: Path, alone: Path, number: signal.Signals
) -> None:
    """After SIGTERM nothing at once; after SIGKILL, when the next one comes."""
    script = f"echo 'password: {VALUE}' > {{folder}}/dev.yaml; touch {tmp_path}/there; exec sleep 60"
    secrets(tmp_path, f'command = ["sh", "-c", """{script}"""]')
    words = [sys.executable, "-c", STARTED, str(ROOT / "scripts"), str(tmp_path / "apps.toml")]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (tmp_path / "there").exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    process.wait(60)
    left = list(alone.rglob("dev.yaml"))
    assert bool(left) is (number is signal.SIGKILL)
    read(secrets(tmp_path, "command = ['sh', '-c', 'echo a: 1 > {folder}/dev.yaml']"), "dev.yaml")
    assert list(alone.rglob("*.yaml")) == []
