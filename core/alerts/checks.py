"""What is looked at every minute. Each check raises and resolves its own alerts; one that fails stops no other."""

import shutil
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import health, liveness, model_health
from core.alerts import mails
from core.alerts.centre import raise_alert, resolve
from core.alerts.rules import threshold_of
from core.extensions import alert_checks, data_ends
from core.models import Alert, Job, ModelVersion, OutgoingMail
from core.said import Said

log = structlog.get_logger(__name__)
HOUR = timedelta(hours=1)


def run() -> None:
    """All registered checks, then the mail that waited. Safe to run at any time and twice at once."""
    for entry in alert_checks:
        try:
            with transaction.atomic():
                entry.resolve()()
        except Exception:
            log.exception("alert.check_failed", check=entry.key)
    mails.tell_waiting()


def keep(rule: str, *, key: str = "", said: Said | None, link: str = "") -> None:
    """Raise while there is something to say, else close."""
    if said is None:
        resolve(rule, key=key)
    else:
        raise_alert(rule, key=key, said=said, link=link)


def check_queues() -> None:
    """How many jobs wait in each queue, and how long the oldest has waited for a worker with nothing else to do."""
    most, longest = threshold_of("queue_long"), threshold_of("job_waits")
    now = timezone.now()
    due = Job.objects.filter(Q(not_before=None) | Q(not_before__lte=now), state=Job.State.QUEUED)
    counts = dict(due.values_list("queue").annotate(count=Count("pk")).order_by())
    waited = {queue: seconds / 60 for queue, seconds in health.waiting_seconds().items()}
    for queue in sorted({*liveness.QUEUES, *counts}):
        count, minutes = counts.get(queue, 0), waited.get(queue, 0.0)
        long = Said(gettext_noop("%(count)d jobs wait in the queue %(queue)s."), {"count": count, "queue": queue})
        late = Said(
            gettext_noop("A job of the queue %(queue)s has waited for %(minutes)d minutes."),
            {"queue": queue, "minutes": int(minutes)},
        )
        keep("queue_long", key=queue, said=long if count > most else None, link=_jobs(queue=queue, state="queued"))
        keep("job_waits", key=queue, said=late if minutes > longest else None, link=_jobs(queue=queue, state="queued"))


def check_parts() -> None:
    """This runs in a worker that the scheduler asked over Redis: those three work. A queue may still be deserted."""
    resolve("scheduler_silent")
    resolve("redis_away")
    silent = liveness.silent_queues()
    keep("workers_silent", said=workers_silent(silent) if silent else None)
    if health.check()["database"].state == health.OK:
        resolve("database_slow")


def workers_silent(queues: list[str]) -> Said:
    return Said(gettext_noop("No worker takes jobs from these queues: %(queues)s."), {"queues": ", ".join(queues)})


def check_connections() -> None:
    """How many of PostgreSQL's connections are taken."""
    used, most = connections_used()
    share = 100 * used / most
    said = Said(
        gettext_noop("%(used)d of %(most)d connections to the database are in use."), {"used": used, "most": most}
    )
    keep("database_full", said=said if share > threshold_of("database_full") else None)


def connections_used() -> tuple[int, int]:
    """Connections of clients, and how many PostgreSQL allows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE backend_type = 'client backend'), current_setting('max_connections')::int"
            " FROM pg_stat_activity"
        )
        used, most = cursor.fetchone()
    return used, most


def check_disk() -> None:
    """Room on the disk of the folder with everything the shop keeps."""
    free = shutil.disk_usage(settings.VAR_DIR).free / health.GB
    said = Said(gettext_noop("%(gb).1f GB are free on the disk of the shop's folder."), {"gb": round(free, 2)})
    keep("disk_low", said=said if free < threshold_of("disk_low") else None)


def check_models() -> None:
    """Damaged files, and models whose training was long ago. Data that ended long ago teach nothing new: what was
    learned from them is as old as it was on their last day."""
    damaged = {*health.damaged_models(), *model_health.damaged()}
    now = timezone.now()
    end = min([found for entry in data_ends if (found := entry.resolve()()) is not None], default=now)
    live = list(ModelVersion.objects.active())
    ages = {one.kind: end - one.trained_until if one.trained_until else now - one.created_at for one in live}
    longest = timedelta(days=threshold_of("model_old"))
    for version in live:
        link = f"{reverse('admin:core_modelversion_changelist')}?kind={version.kind}&version={version.number}"
        unread = Said(gettext_noop("The files of %(model)s are missing or were changed."), {"model": version.name})
        aged = Said(
            gettext_noop("%(model)s learned from data until %(days)d days ago."),
            {"model": version.name, "days": ages[version.kind].days},
        )
        keep("model_damaged", key=version.kind, said=unread if version.name in damaged else None, link=link)
        keep("model_old", key=version.kind, said=aged if ages[version.kind] > longest else None, link=link)
    _close_others("model_damaged", keep={version.kind for version in live})
    _close_others("model_old", keep={version.kind for version in live})


def _close_others(rule: str, *, keep: set[str]) -> None:
    """Kinds without a live version have no trouble any more."""
    Alert.objects.open().filter(rule=rule).exclude(key__in=keep).update(resolved_at=timezone.now())


def check_failed_jobs() -> None:
    """Jobs that failed in the last hour, the quarantined among them."""
    failed = Job.objects.filter(
        state__in=[Job.State.FAILED, Job.State.QUARANTINED], finished_at__gt=timezone.now() - HOUR
    ).count()
    said = Said(gettext_noop("%(count)d jobs failed in the last hour."), {"count": failed})
    link = f"{reverse('admin:core_job_changelist')}?state__exact={Job.State.FAILED}"
    keep("jobs_failed", said=said if failed >= threshold_of("jobs_failed") else None, link=link)


def check_mail() -> None:
    """Mail that the server refused for good in the last hour."""
    tried = F("job__finished_at")
    failed = (
        OutgoingMail.objects.filter(state=OutgoingMail.State.FAILED)
        .annotate(ended_at=Coalesce(tried, "created_at"))
        .filter(ended_at__gt=timezone.now() - HOUR)
        .count()
    )
    said = Said(gettext_noop("%(count)d mails could not be delivered in the last hour."), {"count": failed})
    keep("mail_failing", said=said if failed >= threshold_of("mail_failing") else None)


def _jobs(*, queue: str, state: str) -> str:
    return f"{reverse('admin:core_job_changelist')}?queue={queue}&state__exact={state}"
