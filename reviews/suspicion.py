"""Scores reviews by how likely they are not genuine, and puts those that are back before staff. Decides nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import Order
from core.jobs import progress
from reviews import looked
from reviews.ml import suspicion as rules
from reviews.ml.suspicion import Facts, Fingerprint
from reviews.ml.text import has_contact
from reviews.models import Review, ReviewReading, SuspicionScore
from reviews.models.suspicion import FAKE
from reviews.services.summaries import mark_changed

BATCH = 200
JOB = "suspicion"
NEIGHBOURS = 100
"""Texts that are looked at for each review; beyond them more make no difference."""
RECENT = timedelta(days=14)
"""Scored again every night: bursts go on and copies arrive."""
SHARE_OF = 2_000
"""Newest reviews from which the share of unverified ones is taken."""
DAY = timedelta(days=1)
Row = dict[str, Any]


def score_new(*, most: int | None = None) -> dict[str, int]:
    """Reviews without a score, that changed or were read since, or that older rules scored; the newest first.
    Safe to run at any time and to end at any line."""
    scored = queued = 0
    below, share = Q(), unverified_share()
    now, since = timezone.now(), looked.since(JOB, rules.VERSION)
    while ids := list(_unscored(since).filter(below).values_list("pk", flat=True)[:BATCH]):
        queued += score(ids, share=share)
        scored += len(ids)
        below = Q(pk__lt=ids[-1])
        progress(scored)
        if most is not None and scored >= most:
            break
    else:
        if since is None:
            looked.note(JOB, rules.VERSION, now)
    return {"scored": scored, "queued": queued}


def score_recent() -> dict[str, int]:
    """The last two weeks once more, then what is new."""
    ids = list(
        Review.objects.filter(written_at__gte=timezone.now() - RECENT).order_by("pk").values_list("pk", flat=True)
    )
    queued, share = 0, unverified_share()
    for start in range(0, len(ids), BATCH):
        queued += score(ids[start : start + BATCH], share=share)
        progress(start, len(ids))
    rest = score_new()
    return {"scored": len(ids) + rest["scored"], "queued": queued + rest["queued"]}


def is_behind() -> bool:
    """Whether any review waits to be scored. One query."""
    now, since = timezone.now(), looked.since(JOB, rules.VERSION)
    if _unscored(since).exists():
        return True
    if since is None:
        looked.note(JOB, rules.VERSION, now)
    return False


def _unscored(since: datetime | None) -> QuerySet[Review]:
    """The newest first; with `since` among those that changed or were read from then on."""
    stale = Q(suspicion__isnull=True) | Q(suspicion__rules_version__lt=rules.VERSION)
    for newer in ("updated_at", "reading__read_at"):
        stale |= Q(suspicion__scored_at__lt=F(newer))
    rows = Review.objects.filter(stale).order_by("-pk")
    if since is None:
        return rows
    changed = Review.objects.filter(updated_at__gte=since).values("pk")
    read = ReviewReading.objects.filter(read_at__gte=since).values("pk")
    return rows.filter(pk__in=changed.union(read, all=True))


@transaction.atomic
def score(ids: Collection[int], *, share: float) -> int:
    """Score these, in a shop with that share of unverified reviews, and those that say nearly the same as one of them:
    the first of a series is known by the later ones. Returns how many published reviews begin to wait for staff."""
    now = timezone.now()
    texts = _Texts()
    own = _rows(ids)
    texts.read(own.values())
    _keep_bands(own, texts, now)
    near = _neighbours(own, texts)
    echoed = {other for others in near.values() for other in others} - own.keys()
    if echoed:
        near |= _neighbours({pk: texts.rows[pk] for pk in echoed}, texts)
    return _write(_judged({pk: texts.rows[pk] for pk in near}, near, texts, share), now)


# --- words ------------------------------------------------------------------------------------------------------------


class _Texts:
    """Rows and fingerprints of the reviews that one batch has met."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.prints: dict[int, Fingerprint] = {}

    def read(self, rows: Iterable[Row]) -> None:
        new = [row for row in rows if row["pk"] not in self.rows]
        for row, found in zip(new, rules.fingerprints([_words(row) for row in new]), strict=True):
            self.rows[row["pk"]], self.prints[row["pk"]] = row, found


def _words(row: Row) -> str:
    return f"{row['title']}\n{row['text']}"


def _rows(ids: Collection[int]) -> dict[int, Row]:
    fields = (
        "pk", "product_id", "customer_id", "rating", "title", "text", "is_verified", "written_at", "reason",
        "reading__positive",
    )  # fmt: skip
    return {row["pk"]: row for row in Review.objects.filter(pk__in=ids).order_by("pk").values(*fields)}


def _keep_bands(rows: dict[int, Row], texts: _Texts, now: datetime) -> None:
    """Before anything is compared, so that reviews of one batch find each other."""
    SuspicionScore.objects.bulk_create(
        [
            SuspicionScore(
                review_id=pk, bands=list(texts.prints[pk].bands), score=0.0, rules_version=rules.VERSION, scored_at=now
            )
            for pk in rows
        ],
        update_conflicts=True, unique_fields=["review"], update_fields=["bands"],
    )  # fmt: skip


def _neighbours(rows: dict[int, Row], texts: _Texts) -> dict[int, list[int]]:
    """Review → those that say nearly the same, for each of `rows`."""
    likely: dict[int, list[int]] = {pk: [] for pk in rows}
    with connection.cursor() as cursor:
        # How many rows share a number is nothing that PostgreSQL can guess; the index is right whenever there are many.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            """
            SELECT s.review_id, o.review_id
            FROM reviews_suspicionscore s CROSS JOIN LATERAL (
                SELECT other.review_id FROM reviews_suspicionscore other
                WHERE other.bands && s.bands AND other.review_id <> s.review_id LIMIT %s
            ) o WHERE s.review_id = ANY(%s) AND s.bands <> '{}'
            """,
            [NEIGHBOURS, list(rows)],
        )
        for pk, other in cursor.fetchall():
            likely[pk].append(other)
        cursor.execute("SET LOCAL enable_seqscan = on")
    texts.read(_rows({other for others in likely.values() for other in others} - texts.rows.keys()).values())
    return {
        pk: [one for one in others if texts.prints[pk].likeness(texts.prints[one]) >= rules.ALIKE]
        for pk, others in likely.items()
    }


# --- what is known ----------------------------------------------------------------------------------------------------


def _judged(
    rows: dict[int, Row], near: dict[int, list[int]], texts: _Texts, share: float
) -> dict[int, rules.Suspicion]:
    crowds, accounts = _crowds(rows), _accounts(rows)
    found = {}
    for pk, row in rows.items():
        like = [texts.rows[one] for one in near[pk]]
        of_others = [one for one in like if one["customer_id"] is None or one["customer_id"] != row["customer_id"]]
        known = {one["customer_id"] for one in of_others if one["customer_id"] is not None}
        strangers = sum(one["customer_id"] is None for one in of_others)
        account_days, at_once = accounts.get(pk, (None, 1))
        near_by, before, history = crowds[pk]
        found[pk] = rules.judge(
            Facts(
                rating=row["rating"],
                runs=len(texts.prints[pk].runs),
                others=len(known) + strangers,
                rejected=sum(one["reason"] in FAKE for one in of_others),
                copies=len(like) - len(of_others),
                near=near_by,
                before=before,
                history_days=history,
                account_days=account_days,
                at_once=at_once,
                is_verified=row["is_verified"],
                unverified_share=share,
                positive=row["reading__positive"],
                has_contact=has_contact(_words(row)),
            )
        )
    return found


def _crowds(rows: dict[int, Row]) -> dict[int, tuple[int, int, float]]:
    """Review → reviews of its product within a day, those of the days before, and how many days the shop has."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.id,
                count(*) FILTER (WHERE o.written_at >= s.written_at - interval '1 day'),
                count(*) FILTER (WHERE o.written_at < s.written_at - interval '1 day')
            FROM reviews_review s JOIN reviews_review o ON o.product_id = s.product_id
                AND o.written_at > s.written_at - %s * interval '1 day'
                AND o.written_at <= s.written_at + interval '1 day'
            WHERE s.id = ANY(%s) GROUP BY s.id
            """,
            [rules.HISTORY_DAYS + 1, list(rows)],
        )
        counted = {pk: (near, before) for pk, near, before in cursor.fetchall()}
    first = Review.objects.order_by("written_at").values_list("written_at", flat=True).first()

    def history(row: Row) -> float:
        days = (row["written_at"] - first) / DAY - 1 if first else 0.0
        return float(min(rules.HISTORY_DAYS, max(days, 0.0)))

    return {pk: (*counted[pk], history(row)) for pk, row in rows.items()}


def _accounts(rows: dict[int, Row]) -> dict[int, tuple[float | None, int]]:
    """Review → days from joining to writing (None after a paid order), and unbought reviews by the account at once."""
    paid = Order.objects.filter(customer=OuterRef("customer"), paid_at__lte=OuterRef("written_at"))
    reviews = (
        Review.objects.filter(pk__in=rows, customer__isnull=False).annotate(has_paid=Exists(paid))
        .values_list("pk", "written_at", "customer__joined_at", "has_paid", "customer_id")
    )  # fmt: skip
    known = list(reviews)
    moments: dict[int, list[datetime]] = defaultdict(list)
    unbought = Review.objects.filter(customer__in={one[-1] for one in known}, is_verified=False)
    for customer, at in unbought.values_list("customer_id", "written_at"):
        moments[customer].append(at)
    return {
        pk: (
            None if has_paid or joined is None else (at - joined) / DAY,
            sum(abs(at - other) < DAY for other in moments[customer]),
        )
        for pk, at, joined, has_paid, customer in known
    }


def unverified_share() -> float:
    """In one query, which the index answers from its newest end."""
    newest = list(Review.objects.order_by("-written_at", "-id").values_list("is_verified", flat=True)[:SHARE_OF])
    return 1.0 - sum(newest) / len(newest) if newest else 1.0


# --- what follows -----------------------------------------------------------------------------------------------------


def _write(judged: dict[int, rules.Suspicion], now: datetime) -> int:
    """Scores, and who waits. What staff found genuine stays so, whatever its score becomes."""
    # In one order and before their scores, as decisions of staff do.
    reviews = Review.objects.select_for_update().filter(pk__in=judged).order_by("pk")
    states = {
        pk: (is_suspected, status) for pk, is_suspected, status in reviews.values_list("pk", "is_suspected", "status")
    }
    scores = list(SuspicionScore.objects.select_for_update().filter(pk__in=states).order_by("pk"))
    flags: dict[bool, list[int]] = {True: [], False: []}
    for row in scores:
        found = judged[row.pk]
        row.score, row.reasons, row.rules_version, row.scored_at = found.score, list(found.reasons), rules.VERSION, now
        if found.is_high and row.flagged_at is None:
            row.flagged_at = now
        is_suspected = found.is_high and row.genuine_at is None
        if is_suspected != states[row.pk][0]:
            flags[is_suspected].append(row.pk)
    SuspicionScore.objects.bulk_create(
        scores, update_conflicts=True, unique_fields=["review"],
        update_fields=["score", "reasons", "rules_version", "scored_at", "flagged_at"],
    )  # fmt: skip
    for value, ids in flags.items():
        Review.objects.filter(pk__in=ids).update(is_suspected=value)
    shown = {pk for pk, (_is_suspected, status) in states.items() if status == Review.Status.PUBLISHED}
    if moved := shown.intersection(flags[True] + flags[False]):
        mark_changed(moved)  # nothing suspicious is quoted
    return len(shown.intersection(flags[True]))
