"""Files that staff bring in on a page: received, named after what they are, tried out, imported.

A batch whose `is_dry_run` is set is one that staff still look at. Its import is a rehearsal; starting it for good
makes the same batch a real one.
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.exceptions import BadInput
from catalog.extensions import import_sections
from catalog.importing import housekeeping, locks
from catalog.importing import uploads as files
from catalog.importing.errors import ImportRefused
from catalog.importing.formats import tables_of
from catalog.importing.inspection import Inspection, inspect
from catalog.importing.reader import look
from catalog.models import ImportBatch
from core import jobs
from core.exceptions import DomainError
from core.models import StaffUser

NATIVE = "native"
MOST_FILES = 20
KEPT = timedelta(hours=24)
State = ImportBatch.State


class Upload(Protocol):
    """A file of a request."""

    @property
    def name(self) -> str | None: ...

    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


@dataclass(frozen=True)
class UnknownFile:
    """A file of which nobody said yet what it holds."""

    name: str


def receive(format: str, uploaded: Sequence[Upload], *, by: StaffUser) -> ImportBatch:
    """Store the files and make the batch that stands for them. Raises BadInput; then nothing is left behind."""
    _check(uploaded)
    batch = ImportBatch.objects.create(
        format=format, source="", is_dry_run=True, created_by=by, title=_title([str(one.name) for one in uploaded])
    )
    folder = files.folder_of(batch)
    try:
        folder.mkdir(parents=True, mode=0o700)
        for one in uploaded:
            _store(folder / _safe(str(one.name)), one)
        for path in sorted(folder.glob("*.gz")):
            if files.unpacks_to_too_much(path):
                raise BadInput(
                    _("%(file)s unpacks to more than 512 MB. Send it in parts.") % {"file": path.name},
                    extra={"field": "tables"},
                )
        if format == NATIVE:
            for path in sorted(folder.iterdir()):
                _name_by_content(path)
    except BaseException as error:
        forget(batch)
        if isinstance(error, OSError):
            raise DomainError(
                _("The files could not be stored: %(reason)s. Nothing was kept.") % {"reason": error.strerror or error},
                code="no_room",
            ) from error
        raise
    batch.source = str(folder)
    batch.save(update_fields=["source"])
    return batch


def _check(uploaded: Sequence[Upload]) -> None:
    if not uploaded:
        raise BadInput(_("Choose at least one file."), extra={"field": "tables"})
    if len(uploaded) > MOST_FILES:
        raise BadInput(_("At most %(most)d files at once.") % {"most": MOST_FILES}, extra={"field": "tables"})
    names = [_safe(str(one.name)) for one in uploaded]
    for one, name in zip(uploaded, names, strict=True):
        if not one.size:
            raise BadInput(_("%(file)s is empty.") % {"file": name}, extra={"field": "tables"})
        try:
            files.name_for("products", name)
        except ImportRefused as error:
            raise BadInput(str(error), extra={"field": "tables"}) from error
    if len(set(names)) < len(names):
        raise BadInput(_("Two of the files have the same name."), extra={"field": "tables"})


def _safe(name: str) -> str:
    """The name without folders and without anything a file system could take amiss."""
    plain = re.sub(r"[^\w.\- ()]", "_", Path(name.replace("\\", "/")).name).strip(" .")
    return plain[-120:] or "file.csv"


def _title(names: list[str]) -> str:
    return ", ".join(_safe(name) for name in names)[:200]


def _store(path: Path, one: Upload) -> None:
    with path.open("xb") as file:
        for chunk in one.chunks():
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


# --- what each file is ----------------------------------------------------------------------------------------------


def _name_by_content(path: Path) -> None:
    """Give a file the name of its section when its name says which, or all its columns are of one section alone.

    Any other file waits until somebody says what it holds.
    """
    try:
        tables = dict(tables_of(path))
    except ImportRefused:
        return
    if len(tables) != 1 or set(tables) <= set(_sections()):
        return
    named = _section_in(next(iter(tables)))
    if named:
        _rename(path, named)
        return
    place, fitting = next(iter(tables.values())), []
    for entry in import_sections:
        try:
            source, missing = look(place, entry.resolve()().columns())
        except (ImportRefused, OSError):
            return
        if not missing and len(source.present) == len(source.header):
            fitting.append(entry.key)
    if len(fitting) == 1:
        _rename(path, fitting[0])


def _section_in(name: str) -> str:
    """`shop_products_2026` speaks of products; of `order_lines` and `orders` the longer word counts."""
    words = re.sub(r"[^a-z]+", "_", name.lower())
    return max((key for key in _sections() if f"_{key}_" in f"_{words}_"), key=len, default="")


def _rename(path: Path, section: str) -> None:
    target = path.with_name(files.name_for(section, path.name))
    if not target.exists():
        path.rename(target)


def _sections() -> list[str]:
    return [entry.key for entry in import_sections]


def unknown_files(batch: ImportBatch) -> list[UnknownFile]:
    """Files that belong to no section yet."""
    if batch.format != NATIVE:
        return []
    known = set(_sections())
    found = []
    for path in sorted(files.folder_of(batch).iterdir()):
        try:
            names = {name for name, _place in tables_of(path)}
        except ImportRefused:
            names = set()
        if not names & known:
            found.append(UnknownFile(path.name))
    return found


@transaction.atomic
def say_section(batch: ImportBatch, name: str, section: str) -> None:
    """This file holds rows of that section. Raises BadInput when there is such a file already."""
    path = files.folder_of(batch) / _safe(name)
    _only_looked_at(batch)
    if not path.is_file() or section not in _sections():
        raise BadInput(_("There is no such file."))
    target = path.with_name(files.name_for(section, path.name))
    if target != path and any(other.name.partition(".")[0] == section for other in path.parent.iterdir()):
        raise BadInput(_("There is a file of %(section)s already.") % {"section": section})
    path.rename(target)


def may_hold_something_else(batch: ImportBatch, name: str) -> bool:
    """Whether staff may say that a file is of another section; sheets of a spreadsheet have fixed names."""
    return batch.format == NATIVE and (files.folder_of(batch) / _safe(name)).is_file()


def look_at(batch: ImportBatch, mapping: Mapping[str, Mapping[str, str]] | None = None) -> Inspection:
    """Files, columns and first rows; with other choices for the columns than those that are stored, if given."""
    return inspect(files.folder_of(batch), batch.format, batch.mapping if mapping is None else mapping)


# --- rehearsal and import -------------------------------------------------------------------------------------------


@transaction.atomic
def rehearse(batch: ImportBatch, mapping: Mapping[str, Mapping[str, str]], *, by: StaffUser) -> None:
    """Keep what the columns are and count what the import would do; a job does it and writes nothing."""
    _only_looked_at(batch)
    batch.mapping = {section: dict(columns) for section, columns in mapping.items()}
    _begin(batch, is_dry_run=True, by=by)


@transaction.atomic
def start(batch: ImportBatch, *, by: StaffUser) -> None:
    """Import for good what was rehearsed. Raises DomainError unless the rehearsal of these files is done."""
    _only_looked_at(batch)
    if batch.state != State.DONE:
        raise DomainError(_("Look at the preview first."), code="not_previewed")
    _begin(batch, is_dry_run=False, by=by)


def _begin(batch: ImportBatch, *, is_dry_run: bool, by: StaffUser) -> None:
    batch.is_dry_run, batch.state, batch.error, batch.refused_file = is_dry_run, State.WAITING, "", ""
    batch.report, batch.checkpoint, batch.finished_at = {}, {}, None
    batch.save()
    files.start(batch, by)


def _only_looked_at(batch: ImportBatch) -> None:
    """Hold the batch while something about it is decided; two people may have the page open."""
    current = ImportBatch.objects.select_for_update(of=("self",)).select_related("job").filter(pk=batch.pk).first()
    if current is None or not current.is_dry_run or not files.folder_of(batch).is_dir():
        raise DomainError(_("This import was started or discarded already."), code="too_late")
    if current.job is not None and current.job.is_active:
        raise DomainError(_("The files are being read. Wait until that has ended."), code="too_early")
    batch.state = current.state


def discard(batch: ImportBatch) -> None:
    """Forget files that were only looked at. Raises DomainError for an import that was started."""
    if not batch.is_dry_run:
        raise DomainError(_("This import was started or discarded already."), code="too_late")
    if batch.job is not None and batch.job.is_active:
        jobs.cancel(batch.job)
    forget(batch)


def forget(batch: ImportBatch) -> None:
    shutil.rmtree(files.folder_of(batch).parent, ignore_errors=True)
    batch.delete()


def tidy() -> int:
    """Nightly: forget what was only looked at and left for a day, uploaded files whose import is done, and what every
    import throws away after its time, though no other import may ever follow."""
    with transaction.atomic():
        if locks.try_for_this_transaction():
            housekeeping.tidy()
    limit = timezone.now() - KEPT
    left = ImportBatch.objects.filter(is_dry_run=True, started_at__lt=limit, source__startswith=_root())
    count = 0
    for batch in left.select_related("job"):
        if batch.job is None or not batch.job.is_active:
            forget(batch)
            count += 1
    over = ImportBatch.objects.filter(
        state__in=[State.DONE, State.UNDONE], finished_at__lt=limit, source__startswith=_root()
    )
    for batch in over:
        if files.folder_of(batch).is_dir():
            shutil.rmtree(files.folder_of(batch), ignore_errors=True)
            count += 1
    return count


def _root() -> str:
    return str(Path(settings.VAR_DIR) / "imports") + os.sep
