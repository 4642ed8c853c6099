"""Which backups stay, and what never becomes one."""

import threading

import pytest

from core.backups import archive, database, making
from core.backups.errors import BackupError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path, settings):
    """Backups of a small installation; the dump is a file, so that no program runs."""
    settings.MEDIA_ROOT, settings.MODEL_ROOT = tmp_path / "media", tmp_path / "models"
    settings.BACKUP_KEEP = 2
    for name in ("media/a.jpg", "media/b/c.png", "media/.hidden", "models/r/1/x.npy", "models/r/.writing-9/x.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path / "backups"


@pytest.fixture
def no_programs(monkeypatch):
    monkeypatch.setattr(database, "dump", lambda path: path.write_bytes(b"PGDMP"))
    monkeypatch.setattr(database, "check_dump", lambda path: None)


def test_it_holds_pictures_and_models_and_not_what_is_being_written(folder, no_programs):
    made = making.make_backup(folder)

    contents = archive.check(made.path)
    names = [name for name in contents.names if not name.startswith("ledger/")]
    assert names == ["database.dump", "media/a.jpg", "media/b/c.png", "models/r/1/x.npy"]
    assert contents.facts["version"]
    assert "core.0005_ledger" in contents.facts["migrations"]
    assert made.path.stat().st_mode & 0o077 == 0


def test_the_real_dump_can_be_listed(folder):
    assert archive.check(making.make_backup(folder).path).files["database.dump"][0] > 10_000


def test_only_the_newest_are_kept_and_other_files_are_nobodys_business(folder, no_programs):
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"zhanggui-2025010{day}T000000Z.tar.gz").write_bytes(b"old")
    (folder / "mine.tar.gz").write_bytes(b"mine")

    made = making.make_backup(folder)

    assert made.removed == 2
    assert making.backups(folder) == [made.path, folder / "zhanggui-20250103T000000Z.tar.gz"]
    assert (folder / "mine.tar.gz").exists()


def test_what_a_killed_backup_left_is_removed(folder, no_programs):
    (folder / ".making").mkdir(parents=True)
    (folder / ".making" / "archive").write_bytes(b"half")

    making.make_backup(folder)

    assert not (folder / ".making").exists()


def test_a_dump_that_fails_leaves_nothing(folder, monkeypatch):
    def fail(path):
        path.write_bytes(b"half")
        raise BackupError("pg_dump: connection lost")

    monkeypatch.setattr(database, "dump", fail)

    with pytest.raises(BackupError, match="connection lost"):
        making.make_backup(folder)

    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_a_picture_that_goes_while_it_is_copied_is_left_out(folder, no_programs, monkeypatch):
    real = archive.files_below

    def with_a_ghost(root, name):
        yield from real(root, name)
        yield f"{name}/ghost.jpg", root / "ghost.jpg"

    monkeypatch.setattr(archive, "files_below", with_a_ghost)

    assert "media/ghost.jpg" not in archive.check(making.make_backup(folder).path).names


def test_two_backups_at_once_are_one(folder, monkeypatch):
    entered, may_go = threading.Event(), threading.Event()

    def slow(path):
        entered.set()
        assert may_go.wait(10)
        path.write_bytes(b"PGDMP")

    monkeypatch.setattr(database, "dump", slow)
    monkeypatch.setattr(database, "check_dump", lambda path: None)
    thread = threading.Thread(target=making.make_backup, args=[folder])
    thread.start()
    assert entered.wait(10)

    with pytest.raises(BackupError, match="Another backup is being made"):
        making.make_backup(folder)

    may_go.set()
    thread.join()
    assert len(making.backups(folder)) == 1


def test_a_server_newer_than_every_program_is_said_in_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(database, "server_major", lambda: 99)

    with pytest.raises(BackupError, match="The database is PostgreSQL 99 and pg_dump is older"):
        making.make_backup(folder)

    assert making.backups(folder) == []
