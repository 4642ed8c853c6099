"""Putting a backup in the place of what is there.

Everything is made beside the old state first: a new database, unpacked folders. It is migrated and looked at there.
Then the databases change names in one transaction and the folders after them; a note on the disk says where the change
is, so that one that was cut off is completed, or given up when the databases had not changed yet.
"""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from core import ledger, rights
from core.backups import archive, database
from core.backups.errors import BackupError
from core.ledger import roots
from core.ledger.verifying import Verdict, verify
from core.models import LedgerEntry, LedgerRoot, ModelVersion

log = structlog.get_logger(__name__)
SHOP_TABLES = ("catalog.Product", "catalog.Customer", "catalog.Order")
ROLES_OF_FOLDERS = {"media": "MEDIA_ROOT", "models": "MODEL_ROOT"}


@dataclass
class Restored:
    """What was done, for people."""

    made_at: str
    entries: int
    erased_again: int
    kept_database: str
    kept_folders: list[Path] = field(default_factory=list)
    foreign_signatures: int = 0


def restore(path: Path, *, confirmed: bool = False, say: Callable[[str], None] = lambda text: None) -> Restored:
    """Put the backup in the place of this shop's data. Raises BackupError, and then nothing was changed.

    Without `confirmed` only an empty shop is replaced. The state before stays, under other names, until
    `forget_before`. People who were erased since the backup are erased again.
    """
    path = path.resolve()
    with _alone():
        _settle(say)
        say("Reading the backup …")
        contents = archive.check(path)
        _check_fits(contents)
        _check_alone()
        if not confirmed and (what := _what_is_there()):
            raise BackupError(f"This shop is not empty ({what}). To replace it all the same, repeat with CONFIRM=yes.")

        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        fresh, kept, aside = f"{database.name()}_restoring", f"{database.name()}_before_{stamp}", _var() / "restoring"
        try:
            verdict, foreign = _prepare(path, fresh, aside, say)
            _write_note({"fresh": fresh, "kept": kept, "stamp": stamp})
        except BaseException as error:
            database.drop(fresh)
            shutil.rmtree(aside, ignore_errors=True)
            raise _as_sentence(error) from error
        say("Changing places …")
        folders = _change_places()
        done = Restored(contents.facts["made_at"], verdict.entries, 0, kept, folders, foreign)
        done.erased_again = rights.apply_journal()
        ledger.record(
            LedgerEntry.Kind.OPERATION, "core.shopprofile:1",
            act="restored", backup=path.name, made_at=done.made_at, entries=done.entries,
        )  # fmt: skip
        roots.sign_head()
        log.info("backup.restored", file=path.name, kept=kept)
        return done


def forget_before() -> list[str]:
    """Remove the states that restores left under other names. Returns what went."""
    with _alone():
        gone = []
        with database.maintenance() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{database.name()}_before_"]
            )
            found = [row[0] for row in cursor.fetchall()]
        for one in found:
            database.drop(one)
            gone.append(one)
        for folder in _roots_of_folders().values():
            for old in sorted(folder.parent.glob(f"{folder.name}.before-*")):
                shutil.rmtree(old)
                gone.append(str(old))
        return gone


# --- before anything is made --------------------------------------------------------------------------------------


def _check_fits(contents: archive.Contents) -> None:
    """A program reads backups of its own version and of older ones, on a server that is not older."""
    here = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    # A database also remembers those that others stand for now.
    replaced = {one for migration in here.values() for one in migration.replaces}
    known = {f"{app}.{name}" for app, name in here.keys() | replaced}
    own = {config.label for config in apps.get_app_configs()}
    newer = [one for one in contents.facts["migrations"] if one.partition(".")[0] in own and one not in known]
    if newer:
        raise BackupError(
            f"The backup was made by version {contents.facts['version']} of the shop, which knows {newer[0]}; this is "
            f"version {settings.VERSION}. Install the newer program first."
        )
    applied = set(contents.facts["migrations"])
    for (app, name), migration in here.items():
        stands_for = {f"{one_app}.{one}" for one_app, one in migration.replaces}
        lacking = sorted(stands_for - applied)
        if lacking and stands_for & applied and f"{app}.{name}" not in applied:
            raise BackupError(
                f"The backup was made by a shop before version {settings.VERSION} that lacks {lacking[0]}. Restore it"
                " with the program that made it, bring that shop up to date, and back it up again."
            )
    if contents.facts["postgresql"] > database.server_major():
        raise BackupError(
            f"The backup was made by PostgreSQL {contents.facts['postgresql']} and this server is "
            f"{database.server_major()}: use a newer one."
        )


def _check_alone() -> None:
    if found := database.others():
        raise BackupError(f"The shop is open ({', '.join(found)} uses its database): stop it first with `make stop`.")


def _what_is_there() -> str:
    """In words, what would be replaced; empty for a shop that has nothing."""
    try:
        counts = [(apps.get_model(label), apps.get_model(label)._default_manager.count()) for label in SHOP_TABLES]
    except DatabaseError:
        return ""  # no tables yet
    finally:
        connection.close()
    return ", ".join(f"{count} {model._meta.verbose_name_plural}" for model, count in counts if count)


# --- beside the old state -------------------------------------------------------------------------------------------


def _prepare(path: Path, fresh: str, aside: Path, say: Callable[[str], None]) -> tuple[Verdict, int]:
    """The database `fresh` and the folder `aside`, complete and looked at."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    archive.unpack(path, aside)
    for name in archive.FOLDERS:
        (aside / name).mkdir(exist_ok=True)
    say("Filling a new database …")
    database.drop(fresh)
    database.create(fresh)
    database.load(aside / archive.DATABASE, fresh)
    (aside / archive.DATABASE).unlink()
    with database.use(fresh):
        say("Bringing it to the version of this program …")
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        _check_models(aside / "models")
        say("Verifying the ledger …")
        file = aside / archive.ROOTS
        file.parent.mkdir(exist_ok=True)
        foreign = _put_foreign_signatures_aside(file)
        verdict = verify(roots_file=file)
    if not verdict.is_whole:
        raise BackupError(f"The ledger in the backup is broken: {verdict.reason}")
    return verdict, foreign


def _check_models(folder: Path) -> None:
    for version in ModelVersion.objects.active():
        if version.folder and not (folder / version.folder / "manifest.json").exists():
            raise BackupError(f"The backup lacks the files of the model {version.name}.")


def _put_foreign_signatures_aside(file: Path) -> int:
    """Heads signed under another SECRET_KEY prove nothing here: they are kept beside and no longer looked at."""
    found = list(roots.all_roots(file))
    foreign = [root for root in found if not root.is_genuine]
    if foreign:
        LedgerRoot.objects.filter(mac__in=[root.mac for root in foreign]).delete()
        if file.exists():
            file.rename(file.with_name("roots.foreign.jsonl"))
        file.write_text("".join(f"{root.as_line()}\n" for root in found if root.is_genuine))
    return len(foreign)


def _as_sentence(error: BaseException) -> BaseException:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BackupError("The disk is full; nothing was changed.")
    if isinstance(error, OSError | DatabaseError):
        return BackupError(f"The backup could not be restored, and nothing was changed: {str(error).strip()}")
    return error


# --- changing places ------------------------------------------------------------------------------------------------


def _change_places() -> list[Path]:
    """As the note says: databases, then folders, each once. Safe to repeat at any point after the databases."""
    note = json.loads(_note().read_text("utf-8"))
    if not database.is_there(note["kept"]):
        database.swap(note["fresh"], note["kept"])
    aside, kept = _var() / "restoring", []
    for name, folder in _roots_of_folders().items():
        new, before = aside / name, folder.with_name(f"{folder.name}.before-{note['stamp']}")
        if new.exists():
            if folder.exists() and not before.exists():
                folder.rename(before)
            shutil.move(new, folder)
        kept += [before] if before.exists() else []
    new, file = aside / archive.ROOTS, roots.path()
    file.parent.mkdir(parents=True, exist_ok=True)
    for one in sorted(new.parent.glob("roots*.jsonl")) if new.parent.exists() else []:
        target = file.with_name(one.name)
        if target.exists():
            target.rename(target.with_name(f"{target.name}.before-{note['stamp']}"))
        shutil.move(one, target)
    shutil.rmtree(aside, ignore_errors=True)
    _note().unlink()
    return kept


def _settle(say: Callable[[str], None]) -> None:
    """An earlier restore was cut off: complete it when the databases have changed places, else remove its parts."""
    if _note().exists():
        note = json.loads(_note().read_text("utf-8"))
        if database.is_there(note["kept"]):
            say("Completing a restore that was cut off …")
            _change_places()
        else:
            _note().unlink()
    database.drop(f"{database.name()}_restoring")
    shutil.rmtree(_var() / "restoring", ignore_errors=True)


def _write_note(content: dict[str, Any]) -> None:
    part = _note().with_suffix(".part")
    with part.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(_note())


def _note() -> Path:
    return _var() / "restoring.json"


def _var() -> Path:
    return Path(settings.VAR_DIR)


def _roots_of_folders() -> dict[str, Path]:
    return {name: Path(getattr(settings, setting)) for name, setting in ROLES_OF_FOLDERS.items()}


@contextmanager
def _alone() -> Iterator[None]:
    """No shop of this folder starts, and no second restore, while the block runs."""
    (_var() / "lock").mkdir(parents=True, exist_ok=True)
    handle = os.open(_var() / "lock" / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Who asks the lock whom to stop must not find an earlier owner.
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"pid": os.getpid(), "address": "restore"}).encode())
        yield
    except BlockingIOError as error:
        raise BackupError("The shop is open: stop it first with `make stop`.") from error
    finally:
        os.close(handle)
