"""How far a job is, in words and as a bar."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.components.pills import Meaning, pill
from core.components.words import duration, figure
from core.models import Job

SOON, LATER = 2, 5
REFRESHES = "page"
SHOWN = signing.TimestampSigner(salt="core.job.progress")
SHOWN_FOR = timedelta(hours=12)
SLOWER_AFTER = timedelta(minutes=1)

MEANINGS = {
    Job.State.QUEUED: Meaning.MOVING,
    Job.State.RUNNING: Meaning.MOVING,
    Job.State.DONE: Meaning.GOOD,
    Job.State.FAILED: Meaning.STOPPED,
    Job.State.CANCELLED: Meaning.IDLE,
    Job.State.QUARANTINED: Meaning.STOPPED,
}


def job_pill(job: Job) -> SafeString:
    return pill(MEANINGS[Job.State(job.state)], Job.State(job.state).label)


@dataclass(frozen=True)
class Progress:
    job: Job
    percent: int | None
    words: str
    poll_url: str
    poll_seconds: int
    pill: SafeString

    @property
    def is_active(self) -> bool:
        return self.job.is_active


def progress_of(job: Job, *, refreshes: bool = False) -> Progress:
    """For the component: percent (None while the size is unknown), words, how soon to ask again. `refreshes`: the page
    around it comes anew when the job ends, because what it offers then is something else."""
    share = job.share_done
    since = timezone.now() - (job.started_at or job.created_at)
    return Progress(
        job=job,
        percent=None if share is None else round(share * 100),
        words=_words(job),
        poll_url=_poll_url(job, refreshes=refreshes),
        poll_seconds=LATER if since > SLOWER_AFTER else SOON,
        pill=job_pill(job),
    )


def _poll_url(job: Job, *, refreshes: bool) -> str:
    """Where the bar asks again. Whoever was shown it by a page goes on seeing how far the job is, also when somebody
    else or the clock asked for it, and without the right to see all jobs: the signature is the page's word for that,
    and each answer brings a fresh one."""
    query = {"shown": SHOWN.sign(str(job.pk))} | ({"then": REFRESHES} if refreshes else {})
    return f"{reverse('admin:core_job_progress', args=[job.pk])}?{urlencode(query)}"


def was_shown(pk: int, signature: str) -> bool:
    """Whether a page showed this job lately."""
    try:
        return SHOWN.unsign(signature, max_age=SHOWN_FOR) == str(pk)
    except signing.BadSignature:
        return False


def job_progress(job: Job, *, refreshes: bool = False) -> SafeString:
    """The bar of a job. Asks again every two seconds while the job is active and the page is visible."""
    return render_to_string("core/components/progress.html", {"progress": progress_of(job, refreshes=refreshes)})


def _words(job: Job) -> str:
    if job.state == Job.State.QUEUED:
        return _("waits for a worker")
    if job.state != Job.State.RUNNING:
        return "" if job.state == Job.State.DONE else job.message_text
    if not job.total:
        text = _("%(done)s done") % {"done": figure(job.done)} if job.done else _("has begun")
    else:
        text = _("%(done)s of %(total)s") % {"done": figure(job.done), "total": figure(job.total)}
    left = _seconds_left(job)
    return text if left is None else _("%(text)s · about %(time)s") % {"text": text, "time": duration(left)}


def _seconds_left(job: Job) -> float | None:
    share: Any = job.share_done
    if not share or job.started_at is None or share < 0.02:
        return None
    passed = (timezone.now() - job.started_at).total_seconds()
    return float(passed * (1 - share) / share)
