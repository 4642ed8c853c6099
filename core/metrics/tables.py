"""Figures from the tables. Each costs one query, and none reads a table that grows without end in full."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, F, Max, Min, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from core.alerts.checks import connections_used
from core.jobs import scheduler_age_seconds
from core.models import Alert, Job, ModelVersion, OutboxMessage, OutgoingMail, WebhookDelivery

Row = tuple[tuple[str, ...], float]


@dataclass(frozen=True)
class Family:
    """Gauges of one name: rows of label values and a number."""

    name: str
    text: str
    rows: Iterable[Row]
    labels: tuple[str, ...] = ()


def families() -> Iterator[Family]:
    """Everything that tables tell."""
    yield from _jobs()
    yield from _ended_jobs()
    yield from _models()
    yield from _messages()
    found: Any = Alert.objects.open().values("rule", "level").annotate(count=Count("pk")).order_by("rule", "level")
    rows = [((row["rule"], row["level"]), float(row["count"])) for row in found]
    yield Family("alerts_open", "Alerts that are not over.", rows, ("rule", "level"))
    yield from _database()


def _jobs() -> Iterator[Family]:
    now = timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
    active: Any = Job.objects.active().values("queue", "state").order_by("queue", "state")
    rows = list(active.annotate(count=Count("pk"), since=Min(Greatest("created_at", "not_before"), filter=due)))
    counts = [((row["queue"], row["state"]), float(row["count"])) for row in rows]
    yield Family("jobs", "Jobs that wait or run.", counts, ("queue", "state"))
    waiting = [
        ((row["queue"],), (now - row["since"]).total_seconds())
        for row in rows
        if row["state"] == Job.State.QUEUED and row["since"]
    ]
    yield Family("jobs_oldest_waiting_seconds", "How long the oldest job that is due has waited.", waiting, ("queue",))
    dead = Job.objects.filter(state=Job.State.QUARANTINED).count()
    text = "Jobs set aside because they ended their worker again and again."
    yield Family("jobs_dead_letters", text, [((), dead)])
    age = scheduler_age_seconds()
    heard: list[Row] = [] if age is None else [((), age)]
    yield Family("scheduler_last_heard_seconds", "Since the scheduler was last heard.", heard)


def _ended_jobs() -> Iterator[Family]:
    took = F("finished_at") - F("started_at")
    labels = ("kind", "state")
    for window, hours in (("hour", 1), ("day", 24)):
        since = timezone.now() - timedelta(hours=hours)
        ended: Any = Job.objects.filter(finished_at__gt=since).values("kind", "state").order_by("kind", "state")
        rows = list(ended.annotate(count=Count("pk"), mean=Avg(took), longest=Max(took)))
        counts = [((row["kind"], row["state"]), float(row["count"])) for row in rows]
        yield Family(f"jobs_ended_last_{window}", f"Jobs that ended in the last {window}.", counts, labels)
        for name, text in (("mean", "Mean time"), ("longest", "Longest time")):
            times = [((row["kind"], row["state"]), row[name].total_seconds()) for row in rows if row[name] is not None]
            yield Family(
                f"jobs_{name}_seconds_last_{window}", f"{text} of jobs that ended in the last {window}.", times, labels
            )


def _models() -> Iterator[Family]:
    now = timezone.now()
    live = list(ModelVersion.objects.active().only("kind", "number", "created_at", "trained_until").order_by("kind"))
    numbers = [((version.kind,), float(version.number)) for version in live]
    yield Family("model_version", "Number of the version that serves.", numbers, ("kind",))
    ages = [((version.kind,), (now - version.created_at).total_seconds()) for version in live]
    yield Family("model_age_seconds", "Since the serving version was trained.", ages, ("kind",))
    behind = [((v.kind,), (now - v.trained_until).total_seconds()) for v in live if v.trained_until]
    text = "Since the last data that the serving version learned from."
    yield Family("model_data_age_seconds", text, behind, ("kind",))


def _messages() -> Iterator[Family]:
    since = timezone.now() - timedelta(days=1)
    unfinished = [OutgoingMail.State.WAITING, OutgoingMail.State.SENDING]
    mails = _by_state(OutgoingMail.objects.filter(Q(created_at__gt=since) | Q(state__in=unfinished)))
    yield Family("mails_last_day", "Mails of the last day, and older ones that wait.", mails, ("state",))
    hooks = WebhookDelivery.objects.filter(Q(created_at__gt=since) | Q(state=WebhookDelivery.State.WAITING))
    text = "Webhook deliveries of the last day, and older ones that wait."
    yield Family("webhook_deliveries_last_day", text, _by_state(hooks), ("state",))
    waiting = OutboxMessage.objects.filter(fanned_out_at=None).count()
    yield Family("outbox_waiting", "Facts not yet handed to the webhooks.", [((), waiting)])


def _by_state(found: Any) -> list[Row]:
    counted = found.values("state").annotate(count=Count("pk")).order_by("state")
    return [((row["state"],), float(row["count"])) for row in counted]


def _database() -> Iterator[Family]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    yield Family("database_bytes", "Size of the database on disk.", [((), size)])
    used, most = connections_used()
    yield Family("database_connections", "Connections of clients to PostgreSQL.", [((), used)])
    yield Family("database_connections_limit", "Connections that PostgreSQL allows.", [((), most)])
