"""Why a running job stops before its end."""

from django.utils.translation import gettext_noop

from core.said import Said

TOO_LONG = gettext_noop("It ran longer than the %(minutes)s minutes that the queue %(queue)s allows.")


class JobStopped(BaseException):
    """Ends the running job. Not an Exception, so that code which survives single errors does not survive this."""


class JobCancelled(JobStopped):
    """Staff asked to stop; what was finished before stays."""


class JobLost(JobStopped):
    """The job was taken from this worker, which had given no sign of life. Nothing of it may be written any more."""


class JobTimedOut(Exception):
    """The job ran longer than its queue allows."""

    def __init__(self, *, queue: str, seconds: float) -> None:
        self.said = Said(TOO_LONG, {"minutes": round(seconds / 60, 1), "queue": queue})
        super().__init__(str(self.said))


class TryAgain(Exception):
    """Raised by a job that knows that later is better. Counts as one of the job's `retries`."""

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NoSuchWork(LookupError):
    """The dotted name is no job of this version of the program."""
