"""Are the files of serving models whole? Asked every minute by the alerts; leftovers are removed every night."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import structlog
from django.conf import settings

from core.model_registry import DamagedModel, load_for_serving
from core.models import ModelVersion

log = structlog.get_logger(__name__)
ORPHAN_SECONDS = 86_400
"""A folder without a row may belong to a training run that is just about to write it."""

_seen_whole: dict[int, str] = {}


def damaged() -> list[str]:
    """Names of active versions that cannot serve: missing, changed by a single bit, of another format, or useless.

    Every byte is read, but only again when a file changed.
    """
    found = []
    for version in ModelVersion.objects.active():
        trace = _trace(version)
        if _seen_whole.get(version.pk) == trace:
            continue
        try:
            load_for_serving(version)
        except DamagedModel as error:
            _seen_whole.pop(version.pk, None)
            log.error("model.damaged", model=version.name, error=str(error))
            found.append(version.name)
        else:
            _seen_whole[version.pk] = trace
    return found


def tidy(*, older_than: float = ORPHAN_SECONDS) -> int:
    """Remove folders that no version knows: left by a process that died between renaming and writing the row.

    How many went. Folders younger than `older_than` seconds stay.
    """
    root = Path(settings.MODEL_ROOT)
    known = set(ModelVersion.objects.exclude(folder="").values_list("folder", flat=True))
    removed = 0
    for folder in root.glob("*/*"):
        if not folder.is_dir() or folder.relative_to(root).as_posix() in known:
            continue
        if time.time() - folder.stat().st_mtime > older_than:
            shutil.rmtree(folder, ignore_errors=True)
            log.info("model.orphan_removed", folder=folder.name)
            removed += 1
    return removed


def _trace(version: ModelVersion) -> str:
    """What changes when a file is written, cut or replaced."""
    folder = Path(settings.MODEL_ROOT) / version.folder
    try:
        facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]
    except OSError:
        facts = []
    return hashlib.sha256(json.dumps([version.manifest_sha256, facts]).encode()).hexdigest()
