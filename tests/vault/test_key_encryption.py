import base64
import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.sizes import at_size
from tillgate.vault import key_encryption
from tillgate.vault.key_encryption import FILE_NAME, OLD_VARIABLE, VARIABLE, KeyEncryptionKey, KeyUnusable

RACER = Path(__file__).with_name("key_file_racer.py")

ONE = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


def test_a_key_from_the_environment_comes_from_outside(tmp_path: Path) -> None:
    kek = key_encryption.load({VARIABLE: f" {ONE}\n"}, tmp_path)
    assert kek.comes_from_outside
    assert kek.id == KeyEncryptionKey(bytes(range(32)), comes_from_outside=False).id
    assert not list(tmp_path.iterdir())


def test_without_one_the_data_directory_keeps_a_key(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "there"
    kek = key_encryption.load({}, directory)
    assert not kek.comes_from_outside
    assert [path.name for path in directory.iterdir()] == [FILE_NAME]
    assert (directory / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert key_encryption.load({}, directory).id == kek.id
    assert key_encryption.load({}, tmp_path).id != kek.id


def test_the_key_of_a_data_directory_can_move_outside(tmp_path: Path) -> None:
    kek = key_encryption.load({}, tmp_path)
    assert key_encryption.load({VARIABLE: (tmp_path / FILE_NAME).read_text()}, tmp_path).id == kek.id


def test_old_keys_unwrap_and_the_present_one_wraps(tmp_path: Path) -> None:
    before = key_encryption.load({VARIABLE: ONE}, tmp_path)
    after = key_encryption.load({VARIABLE: OTHER, OLD_VARIABLE: f"{ONE}, {OTHER},"}, tmp_path)
    wrapped = before.wrap(b"data key", b"about", bytes(12))
    assert after.unwrap(wrapped, b"about", before.id) == b"data key"
    wrapped = after.wrap(b"data key", b"about", bytes(12))
    with pytest.raises(KeyUnusable, match=VARIABLE):
        before.unwrap(wrapped, b"about", after.id)


@pytest.mark.parametrize(
    "environment",
    [
        {VARIABLE: ""},
        {VARIABLE: "hunter2"},
        {VARIABLE: "hunter2é"},
        {VARIABLE: ONE[:-1]},
        {VARIABLE: "!" + ONE},
        {VARIABLE: base64.b64encode(bytes(31)).decode()},
        {VARIABLE: base64.b64encode(bytes(33)).decode()},
        {VARIABLE: ONE, OLD_VARIABLE: "hunter2"},
        {OLD_VARIABLE: ONE},
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(environment: Mapping[str, str], tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="TILLGATE_KEY_ENCRYPTION_KEY") as caught:
        key_encryption.load(environment, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert not any(value and value in str(caught.value) for value in environment.values())
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"hunter2", b"\xff" * 44])
def test_a_damaged_key_file_is_named_and_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(KeyUnusable, match=str(tmp_path / FILE_NAME)):
        key_encryption.load({}, tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_the_key_is_on_disk_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[int, bool]] = []

    def watched(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, (tmp_path / FILE_NAME).exists()))

    monkeypatch.setattr(os, "fsync", watched)
    key_encryption.load({}, tmp_path)
    file, directory = (tmp_path / FILE_NAME).stat().st_ino, tmp_path.stat().st_ino
    assert synced == [(file, False), (directory, True)]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    command = [sys.executable, str(RACER)]
    with contextlib.ExitStack() as running:
        racers = [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(3)
        ]
        for number in range(at_size(100, 2_000)):
            directory = tmp_path / str(number)
            directory.mkdir()
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write(f"{directory}\n")
                racer.stdin.flush()
            answers = {racer.stdout.readline() for racer in racers if racer.stdout is not None}
            assert answers == {f"{key_encryption.load({}, directory).id}\n"}
            assert [path.name for path in directory.iterdir()] == [FILE_NAME]
