"""Kinds of trouble that the ground floor watches for."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.alerts.kinds import AlertKind
from core.choices import Role
from core.extensions import alert_checks, alert_rules
from core.models import Alert

WARNING, CRITICAL = Alert.Level.WARNING, Alert.Level.CRITICAL
_JOBS: dict[str, Any] = {"page": "core_job_changelist", "page_label": _("Open the jobs"), "permission": "core.view_job"}
_MODELS: dict[str, Any] = {
    "page": "core_modelversion_changelist",
    "page_label": _("Open the models"),
    "permission": "core.view_modelversion",
}

QUEUE_LONG = AlertKind(
    title=_("A queue is long"),
    level=WARNING,
    threshold=500,
    unit=pgettext_lazy("unit", "waiting jobs"),
    help=_(
        "Look at the jobs: one kind may be asked for again and again, or a long one may hold the others up. "
        "Waiting jobs are done in time; nothing is lost."
    ),
    **_JOBS,
)
JOB_WAITS = AlertKind(
    title=_("A job waits too long"),
    level=WARNING,
    threshold=10,
    unit=pgettext_lazy("unit", "minutes"),
    help=_("Its worker has nothing else to do and does not take it. Look at the log of that worker in var/log."),
    **_JOBS,
)
WORKERS_SILENT = AlertKind(
    title=_("No worker takes jobs"),
    level=CRITICAL,
    help=_(
        "Imports, training and mail wait until a worker runs again; nothing is lost. Look whether the shop was "
        "started with all its parts, and at the log of the worker in var/log."
    ),
    **_JOBS,
)
SCHEDULER_SILENT = AlertKind(
    title=_("The schedule does not run"),
    level=CRITICAL,
    help=_(
        "Nightly work such as training does not start by itself until the scheduler runs again; what was missed "
        "is caught up once. Look at scheduler.log in var/log."
    ),
    **_JOBS,
)
REDIS_AWAY = AlertKind(
    title=_("Redis does not answer"),
    level=CRITICAL,
    help=_(
        "The shop keeps selling and jobs are kept in the database until Redis is back. Look at redis.log in "
        "var/log, or at the server that REDIS_URL names."
    ),
)
DATABASE_SLOW = AlertKind(
    title=_("The database answers slowly"),
    level=WARNING,
    help=_("Look for long work among the jobs, and at the processor, memory and disk of the database's machine."),
    **_JOBS,
)
DATABASE_FULL = AlertKind(
    title=_("The database has few connections left"),
    level=CRITICAL,
    threshold=85,
    unit=pgettext_lazy("unit", "% of connections in use"),
    help=_(
        "When none is left, pages and the shop answer with an error. Use fewer web processes or threads "
        "(WEB_WORKERS, WEB_THREADS), or allow more connections in PostgreSQL (max_connections)."
    ),
)
DISK_LOW = AlertKind(
    title=_("The disk is nearly full"),
    level=CRITICAL,
    threshold=2,
    unit=pgettext_lazy("unit", "GB free"),
    help=_("Make room on the disk of the folder var: old logs, exports and copies. A full disk stops the database."),
)
MODEL_DAMAGED = AlertKind(
    title=_("A model cannot be read"),
    level=CRITICAL,
    help=_(
        "The version before it, or a simple list, serves instead. Go back to an earlier version, or train a new one."
    ),
    **_MODELS,
)
MODEL_OLD = AlertKind(
    title=_("A model is old"),
    level=WARNING,
    roles=(Role.OPERATOR, Role.ANALYST),
    threshold=14,
    unit=pgettext_lazy("unit", "days since training"),
    by_mail=False,
    help=_("Look why newer versions were refused or were not trained, or train one now."),
    **_MODELS,
)
JOBS_FAILED = AlertKind(
    title=_("Jobs fail"),
    level=WARNING,
    threshold=3,
    unit=pgettext_lazy("unit", "failed jobs in an hour"),
    help=_("Open a failed job: it says what happened, and it can be retried. Finished parts are not done twice."),
    **_JOBS,
)
MAIL_FAILING = AlertKind(
    title=_("Mail is not delivered"),
    level=WARNING,
    threshold=3,
    unit=pgettext_lazy("unit", "failed mails in an hour"),
    by_mail=False,
    help=_("Look at the answer of the mail server at a failed mail, and at the mail settings in docs/operations.md."),
)


def register() -> None:
    """Called once at the start."""
    for name, value in globals().items():
        if isinstance(value, AlertKind):
            alert_rules.register(name.lower(), f"core.alerts.own.{name}")
    for name in ("queues", "parts", "connections", "disk", "models", "failed_jobs", "mail"):
        alert_checks.register(f"core.{name}", f"core.alerts.checks.check_{name}")
