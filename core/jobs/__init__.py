"""Background work: how it is asked for, run, watched and stopped.

`enqueue` writes a Job in the caller's transaction and tells the broker after the commit. When the broker is away the
row stays and the relay sends it later. A worker claims the row before it works, so a message that arrives twice does
nothing the second time.

The promise: a job that was asked for runs to an end that its row names, and at any moment it belongs to one worker,
the one with the row's `lease`. A worker that seems dead loses the job after JOB_LOST_SECONDS: its database session is
ended first, so that what it has not committed is undone, and then somebody else may begin. A worker that was only
frozen may compute on for a moment when it wakes; it hears of its loss at the next `progress` or sign of life, and what
it writes after `guard` is refused. What happens outside the database (a mail, a file) can happen twice, and has to be
made so that twice is as good as once.
"""

from core.jobs.asking import cancel, enqueue, publish, retry, run_now
from core.jobs.ending import MAX_STARTS
from core.jobs.exceptions import JobCancelled, JobLost, JobStopped, NoSuchWork, TryAgain
from core.jobs.keeping import keep_moving, relay, scheduler_age_seconds, sweep, tidy
from core.jobs.running import checkpoint, current_job_id, guard, progress, resume_state
from core.jobs.spec import BROKE, JobSpec, job, spec_of
from core.jobs.worker import execute
from core.models import Job

__all__ = [
    "BROKE",
    "MAX_STARTS",
    "Job",
    "JobCancelled",
    "JobLost",
    "JobSpec",
    "JobStopped",
    "NoSuchWork",
    "TryAgain",
    "cancel",
    "checkpoint",
    "current_job_id",
    "enqueue",
    "execute",
    "guard",
    "job",
    "keep_moving",
    "progress",
    "publish",
    "relay",
    "resume_state",
    "retry",
    "run_now",
    "scheduler_age_seconds",
    "spec_of",
    "sweep",
    "tidy",
]
