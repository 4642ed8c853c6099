"""The way through the door: password, then the second step, and only then a session that may do anything.

Between the two steps the session knows whose password was right, and nobody is signed in: no page and no address of
the API can be reached with it.
"""

import time
from dataclasses import dataclass

from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from core.accounts import second_factor
from core.models import StaffUser

KEY = "sign_in"
SECONDS = 600
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Pending:
    """Somebody whose password was right. `must_set_up`: a role needs the second step and there is none yet."""

    person: StaffUser
    next_url: str
    must_set_up: bool


def begin(request: HttpRequest, person: StaffUser, *, next_url: str) -> bool:
    """The password was right. True: signed in; False: the second step comes now."""
    if not second_factor.is_on(person) and not second_factor.is_required(person):
        login(request, person, backend=BACKEND)
        return True
    request.session.flush()  # a session that somebody else prepared must not become this person's
    request.session[KEY] = {
        "pk": person.pk, "hash": person.get_session_auth_hash(), "at": time.time(), "next": next_url,
    }  # fmt: skip
    request.session.set_expiry(SECONDS)
    return False


def pending(request: HttpRequest) -> Pending | None:
    """Who stands at the second step; None after ten minutes, a change of the password or a switch-off."""
    kept = request.session.get(KEY)
    if not kept or time.time() - kept["at"] > SECONDS:
        return None
    person = StaffUser.objects.filter(pk=kept["pk"], is_active=True, is_staff=True).first()
    if person is None or not constant_time_compare(kept["hash"], person.get_session_auth_hash()):
        return None
    return Pending(person, kept["next"], not second_factor.is_on(person))


def finish(request: HttpRequest, found: Pending) -> None:
    """The second step was right: now the person is signed in."""
    leave(request)
    login(request, found.person, backend=BACKEND)
    request.session.set_expiry(None)


def leave(request: HttpRequest) -> None:
    """Back to the password."""
    request.session.pop(KEY, None)
