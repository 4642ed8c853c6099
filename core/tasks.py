"""Housekeeping that the scheduler asks for."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core import jobs, rights
from core.jobs import job


@shared_task(name="core.tasks.start_job")
def start_job(task: str) -> None:
    """Queue a job on schedule. While one of the same task waits or runs, no second is made.

    The name stands in the timetable; the scheduler calls this itself (core.scheduler).
    """
    jobs.enqueue(task, dedupe_key=f"schedule:{task}", origin=jobs.Job.Origin.SCHEDULE)


@job(kind="core.jobs.tidy", queue="light", title=_("Remove old jobs"))
def tidy_jobs() -> dict[str, Any]:
    """Delete rows of jobs that ended long ago. Safe to run at any time."""
    return {"deleted": jobs.tidy()}


@shared_task(name="core.tasks.check_for_trouble")
def check_for_trouble() -> None:
    """Look at everything that alerts watch. Safe to run at any time."""
    from core.alerts import checks

    checks.run()


@job(kind="core.alerts.forget", queue="light", title=_("Remove old alerts"))
def forget_old_alerts() -> dict[str, Any]:
    """Alerts that were over long ago. Safe to run at any time."""
    from core import alerts

    return {"deleted": alerts.forget_old()}


@shared_task(name="core.tasks.deliver_webhooks")
def deliver_webhooks() -> None:
    """Send what is due to the receivers. Safe to run at any time: a second run at once does nothing."""
    from core import webhooks

    webhooks.run()


@job(kind="core.export", queue="bulk", title=_("Export"))
def make_export(*, export_id: int) -> dict[str, Any]:
    """Write the file that somebody asked for. Safe to run twice: a file that is there is not made again."""
    from core import exports

    return exports.make(export_id)


@job(kind="core.exports.tidy", queue="light", title=_("Remove old exports"))
def tidy_exports() -> dict[str, Any]:
    """Files go after a week. Safe to run at any time."""
    from core import exports

    return exports.tidy()


@job(kind="core.webhooks.tidy", queue="light", title=_("Tidy up webhooks"))
def tidy_webhooks() -> dict[str, Any]:
    """Give up what waited for three days and remove old messages. Safe to run at any time."""
    from core import webhooks

    return webhooks.tidy()


@job(kind="core.idempotency", queue="light", title=_("Forget old idempotency keys"))
def forget_idempotency_keys() -> dict[str, Any]:
    """Answers to writes are kept a day. Safe to run at any time."""
    from core.api.idempotency import forget_old

    return {"removed": forget_old()}


@job(kind="core.mail", queue="mail", title=_("Send mail"), retries=25, backoff=30, retry_on=())
def send_mail(*, mail_id: int) -> dict[str, Any]:
    """Hand one mail to the server. Safe to run twice: a mail that was or may have been sent is left alone."""
    from core import mail

    return mail.deliver(mail_id)


@job(kind="core.tidy_mail", queue="light", title=_("Forget old mail"))
def forget_mail() -> dict[str, Any]:
    """Remove texts and addresses of old mails. Safe to run at any time."""
    from core import mail

    return {"removed": mail.forget_old()}


@job(kind="core.tidy_sign_in", queue="light", title=_("Forget old sessions"))
def tidy_sign_in() -> dict[str, Any]:
    """Remove sessions that are over and old failed sign-ins. Safe to run at any time."""
    from core import accounts

    return accounts.tidy()


@job(kind="core.data_request", queue="bulk", title=_("Carry out a data request"))
def carry_out_data_request(*, request_id: int) -> dict[str, Any]:
    """Copy or erase one person's data. A second run of a finished request changes nothing."""
    return rights.carry_out(request_id)


@job(kind="core.tidy_rights", queue="light", title=_("Tidy up data requests"))
def tidy_data_requests() -> dict[str, int]:
    """Remove old copies and try waiting requests again."""
    return rights.tidy()


@job(kind="core.models.tidy", queue="light", title=_("Remove unfinished models"))
def tidy_models() -> dict[str, Any]:
    """Folders of a day ago that no version knows. Safe to run at any time."""
    from core import model_health

    return {"removed": model_health.tidy()}


@job(kind="core.ledger.verify", queue="light", title=_("Verify the ledger"))
def verify_ledger() -> dict[str, Any]:
    """Look whether the chain is whole and sign its head. Safe to run at any time."""
    from core.ledger.keeping import look_after

    return look_after()


@job(kind="core.backup", queue="bulk", title=_("Make a backup"))
def back_up() -> dict[str, Any]:
    """One file in BACKUP_DIR. A second run makes a second file and removes the oldest beyond BACKUP_KEEP."""
    from core.backups import make_backup

    made = make_backup()
    return {"file": made.path.name, "bytes": made.size}


@shared_task(name="core.tasks.store_exposures")
def store_exposures() -> None:
    """Take exposures of experiments from Redis into the table. Safe to run at any time and twice at once."""
    from core.experiments import exposures

    exposures.store()


@job(kind="core.experiments.look", queue="bulk", title=_("Count an experiment"))
def look_at_experiment(*, experiment_id: int) -> dict[str, Any]:
    """Add up what people did and keep it as one more look. Safe to run twice: a second look is one more look."""
    from core.experiments import looking

    return looking.look(experiment_id)


@job(kind="core.experiments.look_at_all", queue="bulk", title=_("Count running experiments"))
def look_at_experiments() -> dict[str, Any]:
    """A look at each experiment that runs or has just been stopped. Safe to run at any time."""
    from core.experiments import looking

    return looking.look_at_all()
