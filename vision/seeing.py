"""Asking the network about a picture that is not stored: the version whose vectors are compared."""

import threading
import time

import structlog
from django.db import DatabaseError, InterfaceError

from catalog.importing.pictures import BROKEN, PictureRefused, check_picture
from core import model_registry as registry
from core.models import ModelVersion
from vision.choices import VISION
from vision.ml import pictures
from vision.ml.pictures import Opened, Unreadable
from vision.ml.serving import Tagger, build_tagger

log = structlog.get_logger(__name__)
TRY_AGAIN_SECONDS = 30.0


class _Slot:
    """The network of one version in this process. It is loaded by the first question, not when the process starts."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.version_id: int | None = None
        self.tried_at = float("-inf")
        self.tagger: Tagger | None = None

    def get(self, version_id: int) -> Tagger | None:
        with self.lock:
            is_due = self.tagger is None and time.monotonic() - self.tried_at > TRY_AGAIN_SECONDS
            if version_id != self.version_id or is_due:
                self.version_id, self.tried_at = version_id, time.monotonic()
                self.tagger = _load(version_id)
            return self.tagger


def _load(version_id: int) -> Tagger | None:
    try:
        version = ModelVersion.objects.of(VISION.name).get(pk=version_id)
        return registry.load_for_serving(version, VISION).built(build_tagger)
    except (ModelVersion.DoesNotExist, registry.DamagedModel) as error:
        log.error("vision.no_network", version=version_id, error=str(error))
    except (DatabaseError, InterfaceError):
        log.warning("vision.database_away", version=version_id)
    return None


_slot = _Slot()


def tagger(version_id: int) -> Tagger | None:
    """The network of this version; None while it cannot be loaded, which is tried every half minute."""
    return _slot.get(version_id)


def look_at(data: bytes) -> Opened:
    """A picture that somebody sent to be looked at. Nothing of it is kept.

    Size in bytes, pixels and sides is checked before anything is decoded; at most 8 megapixels are. Raises
    PictureTooLarge and PictureRefused with words for people.
    """
    check_picture(data)
    try:
        return pictures.opened(data, is_stored=False)
    except Unreadable as error:
        raise PictureRefused(BROKEN) from error


def forget() -> None:
    """Load anew at the next question: for tests."""
    global _slot
    _slot = _Slot()
