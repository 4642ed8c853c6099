"""Files that staff send from a page: where they lie, and how their import is started."""

import gzip
import zlib
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from catalog.extensions import import_sections
from catalog.importing import sheets
from catalog.importing.encoding import CHUNK, open_bytes
from catalog.importing.errors import ImportRefused
from catalog.importing.formats import ENDINGS
from catalog.models import ImportBatch
from core import jobs
from core.models import Job, StaffUser


def folder_of(batch: ImportBatch) -> Path:
    """The folder for the files of a batch; `ImportBatch.source` of an uploaded import. Removed with what else is
    kept for 30 days."""
    return Path(settings.VAR_DIR) / "imports" / str(batch.pk) / "files"


def name_for(section: str, file_name: str) -> str:
    """The name under which a file of a section is stored. Raises ImportRefused for another kind of file."""
    if section not in import_sections:
        raise ImportRefused(_("There is no section %(name)s.") % {"name": section})
    lowered = file_name.lower()
    for ending in (*sorted(ENDINGS, key=len, reverse=True), sheets.ENDING):
        if lowered.endswith(ending):
            return section + ending
    raise ImportRefused(
        _("%(file)s is no table; send %(endings)s.")
        % {"file": file_name[:100], "endings": ", ".join((*ENDINGS, sheets.ENDING))}
    )


def unpacks_to_too_much(path: Path) -> bool:
    """Whether a file packed with gzip holds more than a page may look at: a few kilobytes can hold terabytes.

    A damaged one does not count; whoever reads it says what is wrong.
    """
    size = 0
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if size > sheets.MOST_UNPACKED:
                    return True
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return False
    return False


@transaction.atomic
def start(batch: ImportBatch, by: StaffUser) -> Job:
    """Queue the import of a prepared batch, once."""
    job = jobs.enqueue("catalog.tasks.import_files", dedupe_key=f"import:{batch.pk}", created_by=by, batch_id=batch.pk)
    batch.job, batch.created_by = job, by
    batch.save(update_fields=["job", "created_by"])
    return job
