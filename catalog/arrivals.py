"""Pictures that arrive: fetched from their addresses or read from what was sent, drawn anew, given to their products.

A row is claimed for a minute and gone when its picture is there, so a run that ends at any line loses nothing: what it
had claimed is due again. Fetching waits in threads, a few for one host; decoding is done one picture after the other.
"""

import hashlib
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing.pictures import MAX_BYTES, TOO_LARGE, PictureRefused, clean_picture
from catalog.models import ArrivingPicture, Product, ProductImage
from catalog.services import pictures
from core.faults import DISK_FULL
from core.jobs import guard, progress
from core.safe_fetch import FetchError, Policy, UrlRefused, get
from core.said import Said

log = structlog.get_logger(__name__)
THREADS = 8
PER_HOST = 4
"""Requests to one host at the same time."""
LEASE_SECONDS = 60
"""Longer than a picture can take: ten seconds to fetch, a few to draw."""
PAUSES = (60, 600, 3_600)
"""Seconds before the next try of what may work later; after the last one it has failed."""
FULL_DISK_PAUSE = 300
MOST_CLAIMS = 8
REDIRECT = gettext_noop("The address leads to another one. Use the one where the picture itself lies.")
STATUS = gettext_noop("The host answers with status %(status)d instead of a picture.")
FULL = gettext_noop("The disk is full. It is tried again in some minutes.")
GONE = gettext_noop("The file that was sent is gone. Send it again.")
BROKE_OFF = gettext_noop("Reading it broke off several times.")
PICTURE = gettext_noop("The picture %(reason)s.")
LATER_STATUS = {408, 425, 429, 500, 502, 503, 504}
LATER_CODES = {"unknown", "connect", "timeout", "broken"}
"""Of FetchError: what another try may find otherwise."""
ACCEPT = {"Accept": "image/jpeg, image/png, image/webp"}


@dataclass
class Brought:
    """What one run did."""

    stored: int = 0
    failed: int = 0
    later: int = 0


class NotBrought(Exception):
    """Why a picture did not arrive; `is_final`: another try would find the same."""

    def __init__(self, said: Said, *, is_final: bool) -> None:
        super().__init__(said.text)
        self.said, self.is_final = said, is_final


def bring(*, policy: Policy | None = None) -> Brought:
    """Everything that is due, until nothing is. Raises JobCancelled, JobLost, and OSError when the disk is full."""
    done, allowed = Brought(), policy or pictures.policy()
    busy: dict[Future[bytes], ArrivingPicture] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="picture") as pool:
        try:
            while True:
                _fill(pool, busy, allowed)
                if not busy:
                    return done
                finished, _waiting = wait(busy, timeout=1, return_when=FIRST_COMPLETED)
                for future in finished:
                    _take(busy.pop(future), future, done)
                _say(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _say(done: Brought) -> None:
    settled = done.stored + done.failed
    progress(settled, settled + ArrivingPicture.objects.waiting().count())


def _fill(pool: ThreadPoolExecutor, busy: dict[Future[bytes], ArrivingPicture], policy: Policy) -> None:
    """Begin as many as there is room for, in all and at each host."""
    while len(busy) < THREADS:
        at_hosts = Counter(row.host for row in busy.values())
        row = _claim([host for host, count in at_hosts.items() if count >= PER_HOST])
        if row is None:
            return
        busy[pool.submit(_read if row.staged else _fetch, row, policy)] = row


def _claim(full_hosts: list[str]) -> ArrivingPicture | None:
    """The row that is due first, for a minute. Its attempt counts from now, so that one that kills its worker ends."""
    with transaction.atomic():
        row = (
            ArrivingPicture.objects.due().exclude(host__in=full_hosts)
            .select_for_update(skip_locked=True, of=("self",)).order_by("next_attempt_at", "id").first()
        )  # fmt: skip
        if row is None:
            return None
        if row.attempts >= MOST_CLAIMS:  # it ended its worker again and again
            row.state, row.reason = ArrivingPicture.State.FAILED, _kept(Said(BROKE_OFF))
            row.save(update_fields=["state", "reason"])
            return _claim(full_hosts)
        row.attempts += 1
        row.next_attempt_at = timezone.now() + timedelta(seconds=LEASE_SECONDS)
        row.save(update_fields=["attempts", "next_attempt_at"])
        return row


def _read(row: ArrivingPicture, policy: Policy) -> bytes:
    """What was sent. In a thread, without the database."""
    try:
        return pictures.staged_path(row.staged).read_bytes()
    except FileNotFoundError as error:
        raise NotBrought(Said(GONE), is_final=True) from error


def _fetch(row: ArrivingPicture, policy: Policy) -> bytes:
    """What lies at the address. In a thread, without the database."""
    try:
        answer = get(row.address, policy=policy, max_bytes=MAX_BYTES, headers=ACCEPT)
    except FetchError as error:
        log.info("picture.not_fetched", row=row.pk, code=error.code, detail=error.detail)
        if error.code == "large":
            raise NotBrought(Said(PICTURE, {"reason": Said(TOO_LARGE)}), is_final=True) from error
        is_final = isinstance(error, UrlRefused) or error.code not in LATER_CODES
        raise NotBrought(error.said, is_final=is_final) from error
    if 300 <= answer.status < 400:
        raise NotBrought(Said(REDIRECT), is_final=True)
    if answer.status != 200:
        raise NotBrought(Said(STATUS, {"status": answer.status}), is_final=answer.status not in LATER_STATUS)
    return answer.body


def _take(row: ArrivingPicture, future: Future[bytes], done: Brought) -> None:
    """Draw anew and store what came; write down why it did not."""
    try:
        data = future.result()
        store(row, data)
    except NotBrought as error:
        _not_yet(row, error, done)
    except PictureRefused as error:
        _not_yet(row, NotBrought(Said(PICTURE, {"reason": error.said}), is_final=True), done)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        ArrivingPicture.objects.filter(pk=row.pk, attempts=row.attempts).update(
            attempts=row.attempts - 1, reason=_kept(Said(FULL)),
            next_attempt_at=timezone.now() + timedelta(seconds=FULL_DISK_PAUSE),
        )  # fmt: skip
        raise
    else:
        done.stored += 1


def store(row: ArrivingPicture, data: bytes) -> None:
    """The picture of this row, from the bytes that came. A row that is gone by now was no longer wanted. Raises
    PictureRefused, OSError."""
    picture, digest = clean_picture(data), hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        guard()
        held = ArrivingPicture.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
        product = Product.objects.filter(pk=row.product_id).first()
        if held is None or product is None:
            return
        image, is_new = pictures.keep(
            product, picture, digest=digest, source_name=held.address, alt=held.alt, name=held.public_id,
            position=held.position if held.batch_id is not None else None,
        )  # fmt: skip
        if is_new and held.batch_id is None and held.position is not None:
            pictures.move(image, held.position)
        if is_new and held.batch_id is not None:
            changes.note_later(held.batch_id, ProductImage._meta.db_table, image.pk)
        elif is_new and held.created_by is not None:
            pictures.tell_history([image], "added", held.created_by)
        held.delete()
        pictures.drop_staged([held.staged])


def _not_yet(row: ArrivingPicture, error: NotBrought, done: Brought) -> None:
    is_over = error.is_final or row.attempts > len(PAUSES)
    fields: dict[str, object] = {"reason": _kept(error.said)}
    if is_over:
        fields["state"] = ArrivingPicture.State.FAILED
    else:
        fields["next_attempt_at"] = timezone.now() + timedelta(seconds=PAUSES[row.attempts - 1])
    ArrivingPicture.objects.filter(pk=row.pk, attempts=row.attempts).update(**fields)
    done.failed += is_over
    done.later += not is_over


def _kept(said: Said) -> dict[str, object]:
    """As the row keeps it (`ArrivingPicture.why` reads it)."""
    values = {name: _kept(value) if isinstance(value, Said) else value for name, value in said.values.items()}
    return {"text": said.text, "values": values}
