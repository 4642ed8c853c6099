"""Figures from the tables. Each costs one query, and none reads a table that grows without end in full."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, F, Max, Min, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from core.alerts.checks import connections_used
from core.jobs import scheduler_age_seconds
from core.models import Alert, Job, ModelVersion, OutboxMessage, OutgoingMail, WebhookDelivery

Family = tuple[str, str, list[tuple[tuple[str, ...], float]], tuple[str, ...]]
"""Name, meaning, rows of label values and number, names of the labels."""


def families() -> Iterator[Family]:
    """Everything that tables tell."""
    yield from _jobs()
    yield from _models()
    yield from _messages()
    rows = Alert.objects.open().values("rule", "level").annotate(count=Count("pk")).order_by("rule", "level")
    open_alerts = [((row["rule"], row["level"]), float(row["count"])) for row in rows]
    yield "alerts_open", "Alerts that are not over.", open_alerts, ("rule", "level")
    yield from _database()


def _jobs() -> Iterator[Family]:
    now = timezone.now()
    active = (
        Job.objects.active().values("queue", "state").annotate(
            count=Count("pk"),
            since=Min(Greatest("created_at", "not_before"), filter=Q(not_before=None) | Q(not_before__lte=now)),
        ).order_by("queue", "state")
    )  # fmt: skip
    rows = list(active)
    counts = [((row["queue"], row["state"]), float(row["count"])) for row in rows]
    yield "jobs", "Jobs that wait or run.", counts, ("queue", "state")
    waiting = [
        ((row["queue"],), (now - row["since"]).total_seconds())
        for row in rows
        if row["state"] == Job.State.QUEUED and row["since"]
    ]
    yield "jobs_oldest_waiting_seconds", "How long the oldest job that is due has waited.", waiting, ("queue",)
    dead = Job.objects.filter(state=Job.State.QUARANTINED).count()
    yield "jobs_dead_letters", "Jobs set aside because they ended their worker again and again.", [((), dead)], ()
    for window, hours in (("hour", 1), ("day", 24)):
        ended = (
            Job.objects.filter(finished_at__gt=now - timedelta(hours=hours))
            .values("kind", "state").annotate(
                count=Count("pk"), mean=Avg(F("finished_at") - F("started_at")), longest=Max(F("finished_at") - F("started_at")),
            ).order_by("kind", "state")
        )  # fmt: skip
        found = list(ended)
        outcomes = [((row["kind"], row["state"]), float(row["count"])) for row in found]
        yield f"jobs_ended_last_{window}", f"Jobs that ended in the last {window}.", outcomes, ("kind", "state")
        for name, text in (("mean", "Mean time"), ("longest", "Longest time")):
            took = [((row["kind"], row["state"]), row[name].total_seconds()) for row in found if row[name] is not None]
            yield f"jobs_{name}_seconds_last_{window}", f"{text} of jobs of the last {window}.", took, ("kind", "state")
    age = scheduler_age_seconds()
    heard = [] if age is None else [((), age)]
    yield "scheduler_last_heard_seconds", "Since the scheduler was last heard.", heard, ()


def _models() -> Iterator[Family]:
    now = timezone.now()
    live = list(ModelVersion.objects.active().only("kind", "number", "created_at", "trained_until").order_by("kind"))
    numbers = [((version.kind,), float(version.number)) for version in live]
    yield "model_version", "Number of the version that serves.", numbers, ("kind",)
    ages = [((version.kind,), (now - version.created_at).total_seconds()) for version in live]
    yield "model_age_seconds", "Since the serving version was trained.", ages, ("kind",)
    behind = [((v.kind,), (now - v.trained_until).total_seconds()) for v in live if v.trained_until]
    yield "model_data_age_seconds", "Since the last data that the serving version learned from.", behind, ("kind",)


def _messages() -> Iterator[Family]:
    since = timezone.now() - timedelta(days=1)
    unfinished = [OutgoingMail.State.WAITING, OutgoingMail.State.SENDING]
    mails = OutgoingMail.objects.filter(Q(created_at__gt=since) | Q(state__in=unfinished))
    yield "mails_last_day", "Mails of the last day, and older ones that wait.", _by_state(mails), ("state",)
    hooks = WebhookDelivery.objects.filter(Q(created_at__gt=since) | Q(state=WebhookDelivery.State.WAITING))
    text = "Webhook deliveries of the last day, and older ones that wait."
    yield "webhook_deliveries_last_day", text, _by_state(hooks), ("state",)
    waiting = OutboxMessage.objects.filter(fanned_out_at=None).count()
    yield "outbox_waiting", "Facts not yet handed to the webhooks.", [((), waiting)], ()


def _by_state(rows: Any) -> list[tuple[tuple[str, ...], float]]:
    counted = rows.values("state").annotate(count=Count("pk")).order_by("state")
    return [((row["state"],), float(row["count"])) for row in counted]


def _database() -> Iterator[Family]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    yield "database_bytes", "Size of the database on disk.", [((), size)], ()
    used, most = connections_used()
    yield "database_connections", "Connections of clients to PostgreSQL.", [((), used)], ()
    yield "database_connections_limit", "Connections that PostgreSQL allows.", [((), most)], ()
