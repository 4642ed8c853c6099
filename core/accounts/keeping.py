"""What signing in leaves behind."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.utils import timezone

ATTEMPTS_KEPT = timedelta(days=1)
"""Failed sign-ins hold addresses, and at times a password that somebody typed as a name."""


def tidy() -> dict[str, Any]:
    """Remove sessions that are over and old failed sign-ins. Returns how many of each."""
    now = timezone.now()
    sessions, _rows = Session.objects.filter(expire_date__lt=now).delete()
    attempts, _rows = AccessAttempt.objects.filter(attempt_time__lt=now - ATTEMPTS_KEPT).delete()
    return {"sessions": sessions, "attempts": attempts}
