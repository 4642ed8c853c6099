"""Trained models: written, judged, activated, loaded and rolled back in one way for all apps.

An artifact is a folder of `.npy` files with `meta.json` and a `manifest.json` that holds the SHA-256 of each.
It is complete on disk before its row exists; which version serves is one row in one transaction.
"""

import hashlib
import json
import mmap
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import outbox
from core.exceptions import DomainError
from core.extensions import model_kinds
from core.faults import DISK_FULL
from core.models import ModelVersion, StaffUser

log = structlog.get_logger(__name__)
CHECK_SECONDS = 1.0
TRY_AGAIN_SECONDS = 30.0
T = TypeVar("T")


@dataclass(frozen=True)
class ModelKind:
    """What models of one kind have in common. `primary_metric` decides at the gate; higher is better.

    `builder` is the dotted name of what makes the serving object from a LoadedModel and raises when that cannot serve.
    `why_foreign` is that of what says, for people, why a LoadedModel is not of this shop; empty when it is.
    """

    name: str
    schema_version: int
    primary_metric: str
    keep_versions: int = 5
    builder: str = ""
    why_foreign: str = ""


class DamagedModel(Exception):
    """Files are missing, changed or of another format."""


@dataclass
class LoadedModel:
    """A verified artifact in memory; arrays are mapped read-only and shared between processes."""

    version_id: int
    name: str
    trained_until: datetime | None
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    _built: Any = field(default=None, repr=False)

    def built(self, builder: Callable[["LoadedModel"], T]) -> T:
        """The serving object made from the arrays, once per load."""
        if self._built is None:
            self._built = builder(self)
        return self._built


# --- writing ----------------------------------------------------------------------------------------------------


def publish_if_better(
    kind: ModelKind,
    arrays: dict[str, np.ndarray],
    *,
    meta: dict[str, Any],
    report: dict[str, Any],
    trained_until: datetime | None,
    margin: float,
    trained_from: datetime | None = None,
    row_count: int = 0,
    gate_scores: tuple[float, float] | None = None,
    may_serve: bool = True,
    job_id: int | None = None,
) -> ModelVersion:
    """Store a candidate and let it serve unless it is worse than the active version by more than `margin`.

    `report["metrics"]` must hold the primary metric, measured on data later than the training data. `gate_scores` are
    candidate and active version measured on the same data that neither had seen; without them the two reports are
    compared. Without an active version the candidate serves. `may_serve` False: it failed a check of its own, so the
    gate refuses it whatever the scores are.
    """
    score = float(report["metrics"][kind.primary_metric])
    folder, manifest_hash = _write_folder(kind, arrays, meta)
    active = ModelVersion.objects.of(kind.name).active().first()
    active_score = None
    if active is not None:
        score, active_score = gate_scores or (score, float(active.metrics[kind.primary_metric]))
    passed = may_serve and (active_score is None or score >= active_score - margin)
    gate = {
        "passed": passed,
        "metric": kind.primary_metric,
        "candidate": score,
        "active": active_score,
        "active_version": active.name if active else None,
        "margin": margin,
        "same_data": active is not None and gate_scores is not None,
    }
    with transaction.atomic():
        _lock(kind.name)
        number = (ModelVersion.objects.of(kind.name).aggregate(last=Max("number"))["last"] or 0) + 1
        version = ModelVersion.objects.create(
            kind=kind.name, number=number, folder=folder, manifest_sha256=manifest_hash,
            state=ModelVersion.State.CANDIDATE if passed else ModelVersion.State.REFUSED,
            schema_version=kind.schema_version, trained_from=trained_from, trained_until=trained_until,
            row_count=row_count, metrics=report["metrics"], report=report, gate=gate, job_id=job_id,
        )  # fmt: skip
        if passed:
            activate(version, by=None, reason="gate")
    _remove_old(kind)
    return version


def activate(version: ModelVersion, *, by: StaffUser | None, reason: str = "") -> None:
    """Let this version serve. One row flips to active in one transaction; first it is loaded as servers load it.

    Raises DomainError for a version that the gate refused, and for one that was learned from another shop.
    """
    model = load_for_serving(version)
    kind: ModelKind | None = model_kinds.get(version.kind).resolve() if version.kind in model_kinds else None
    if kind is not None and kind.why_foreign and (told := import_string(kind.why_foreign)(model)):
        raise DomainError(told, code="foreign_model")
    if version.state == ModelVersion.State.REFUSED and by is None:
        raise DomainError(_("The gate refused this version."))
    with transaction.atomic():
        _lock(version.kind)
        ModelVersion.objects.of(version.kind).active().exclude(pk=version.pk).update(state=ModelVersion.State.RETIRED)
        version.state = ModelVersion.State.ACTIVE
        version.activated_at, version.activated_by, version.activation_reason = timezone.now(), by, reason
        version.save(update_fields=["state", "activated_at", "activated_by", "activation_reason"])
        outbox.tell("model.activated", kind=version.kind, version=version.number)


def roll_back(kind: str, *, by: StaffUser | None, reason: str = "") -> ModelVersion:
    """Let the version that served before the active one serve again."""
    with transaction.atomic():
        _lock(kind)
        previous = previous_version(kind)
        if previous is None:
            raise DomainError(_("There is no earlier version to go back to."), code="no_earlier_version")
        activate(previous, by=by, reason=reason or "roll back")
    return previous


def previous_version(kind: str) -> ModelVersion | None:
    """The version that served last before the active one."""
    return (
        ModelVersion.objects.of(kind)
        .filter(state=ModelVersion.State.RETIRED, activated_at__isnull=False)
        .order_by("-activated_at")
        .first()
    )


def _lock(kind: str) -> None:
    """Publishing and activating of one kind take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"model:{kind}"])


def _write_folder(kind: ModelKind, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> tuple[str, str]:
    """Write aside, sync, rename. Returns the folder below MODEL_ROOT and the manifest's SHA-256."""
    root = Path(settings.MODEL_ROOT)
    name = f"{kind.name}/{timezone.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    target, aside = root / name, root / kind.name / f".writing-{uuid.uuid4().hex}"
    aside.mkdir(parents=True)
    try:
        for key, array in arrays.items():
            np.save(aside / f"{key}.npy", np.ascontiguousarray(array), allow_pickle=False)
        (aside / "meta.json").write_text(json.dumps(meta, ensure_ascii=False, sort_keys=True), "utf-8")
        files = {p.name: {"sha256": _sha256(p), "bytes": p.stat().st_size} for p in sorted(aside.iterdir())}
        manifest = {"kind": kind.name, "schema_version": kind.schema_version, "files": files}
        manifest_path = aside / "manifest.json"
        manifest_path.write_text(json.dumps(manifest, sort_keys=True), "utf-8")
        for path in aside.iterdir():
            _sync(path)
        _sync(aside)
        digest = _sha256(manifest_path)
        aside.rename(target)
        _sync(target.parent)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise DomainError(
                _("The disk is full, so the new model was not kept. The one that serves stays. Train again later."),
                code="disk_full",
            ) from error
        raise
    return name, digest


def _remove_old(kind: ModelKind) -> None:
    """Keep the files of the last few versions; rows stay as history."""
    rows = ModelVersion.objects.of(kind.name).exclude(state=ModelVersion.State.ACTIVE).exclude(folder="")
    for version in rows.order_by("-number")[kind.keep_versions :]:
        shutil.rmtree(Path(settings.MODEL_ROOT) / version.folder, ignore_errors=True)
        ModelVersion.objects.filter(pk=version.pk).update(folder="")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading ----------------------------------------------------------------------------------------------------


def load(version: ModelVersion) -> LoadedModel:
    """Verify every byte against the manifest and map the arrays. Raises DamagedModel."""
    if not version.folder:
        raise DamagedModel(f"{version.name}: its files were removed to save space.")
    folder = Path(settings.MODEL_ROOT) / version.folder
    manifest_path = folder / "manifest.json"
    try:
        if _sha256(manifest_path) != version.manifest_sha256:
            raise DamagedModel(f"{version.name}: the manifest was changed.")
        manifest = json.loads(manifest_path.read_text("utf-8"))
        if manifest["schema_version"] != version.schema_version:
            raise DamagedModel(f"{version.name}: format {manifest['schema_version']} is not {version.schema_version}.")
        for name, facts in manifest["files"].items():
            if _sha256(folder / name) != facts["sha256"]:
                raise DamagedModel(f"{version.name}: {name} was changed.")
        arrays = {
            name.removesuffix(".npy"): np.load(folder / name, mmap_mode="r", allow_pickle=False)
            for name in manifest["files"]
            if name.endswith(".npy")
        }
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DamagedModel(f"{version.name}: {error}") from error
    return LoadedModel(version.pk, version.name, version.trained_until, arrays, meta)


def load_for_serving(version: ModelVersion, kind: ModelKind | None = None) -> LoadedModel:
    """`load`, and build what serves. Raises DamagedModel also for files that are whole and of no use."""
    if kind is None and version.kind in model_kinds:
        kind = model_kinds.get(version.kind).resolve()
    if kind is not None and version.schema_version != kind.schema_version:
        raise DamagedModel(f"{version.name}: this program reads format {kind.schema_version}.")
    model = load(version)
    if kind is not None and kind.builder:
        try:
            model.built(import_string(kind.builder))
        except Exception as error:  # whatever a builder trips over, the model is to blame
            raise DamagedModel(f"{version.name}: it cannot serve ({error}).") from error
    _let_go(model.arrays.values())
    return model


def _let_go(arrays: Iterable[np.ndarray]) -> None:
    """Give back the pages that were read to check them: what answers need comes again, from memory, and only that."""
    for array in arrays:
        if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            array.base.madvise(mmap.MADV_DONTNEED)


class _Slot:
    """The model of one kind in this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.checked_at = 0.0
        self.tried_at = 0.0
        self.version_id: int | None = None
        self.model: LoadedModel | None = None
        self.error = ""


_slots: dict[str, _Slot] = {}


def active(kind: ModelKind) -> LoadedModel | None:
    """The serving model, at most a second behind the table; it stays while the database is away.

    A damaged one leaves the previous in place; a process that has none takes the newest healthy one that served before.
    A damaged one is tried again every half minute, so that files that are put back serve.
    """
    slot = _slots.setdefault(kind.name, _Slot())
    if time.monotonic() - slot.checked_at < CHECK_SECONDS:
        return slot.model
    # Reading a new version takes a while; the others serve on with the old one meanwhile.
    if not slot.lock.acquire(blocking=slot.checked_at == 0.0):
        return slot.model
    try:
        if time.monotonic() - slot.checked_at >= CHECK_SECONDS:
            _look(slot, kind)
    except (DatabaseError, InterfaceError):
        log.warning("model.database_away", kind=kind.name)
    finally:
        slot.checked_at = time.monotonic()
        slot.lock.release()
    return slot.model


def _look(slot: _Slot, kind: ModelKind) -> None:
    version = ModelVersion.objects.of(kind.name).active().first()
    if version is None:
        slot.model, slot.version_id, slot.error = None, None, ""
        return
    is_due = bool(slot.error) and time.monotonic() - slot.tried_at > TRY_AGAIN_SECONDS
    if version.pk == slot.version_id and not is_due:
        return
    slot.version_id, slot.tried_at = version.pk, time.monotonic()
    try:
        slot.model, slot.error = load_for_serving(version, kind), ""
    except DamagedModel as error:
        slot.error = str(error)
        log.error("model.damaged", model=version.name, error=str(error))
        if slot.model is None:
            slot.model = _newest_healthy(kind)


def _newest_healthy(kind: ModelKind) -> LoadedModel | None:
    """For a process that starts while the active version is damaged."""
    served = ModelVersion.objects.of(kind.name).filter(state=ModelVersion.State.RETIRED).exclude(folder="")
    for version in served.order_by("-activated_at")[: kind.keep_versions]:
        try:
            model = load_for_serving(version, kind)
        except DamagedModel as error:
            log.error("model.damaged", model=version.name, error=str(error))
        else:
            log.warning("model.older_serves", model=version.name)
            return model
    return None


def load_error(kind: ModelKind) -> str:
    """Why the active version of this kind is not the one that serves here; empty when it is."""
    slot = _slots.get(kind.name)
    return slot.error if slot else ""


def forget_loaded() -> None:
    """Drop what this process has in memory (tests, and after a fork)."""
    _slots.clear()
