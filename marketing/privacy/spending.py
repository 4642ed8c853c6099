"""The budget: what is left, a release, and its reset by an owner."""

import math
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core import ledger
from core.exceptions import BadInput, DomainError
from core.jobs import enqueue
from core.models import LedgerEntry, StaffUser
from marketing.models import PrivacyBudget, PrivacyRelease

Kind, State = PrivacyRelease.Kind, PrivacyRelease.State
MEASURE, RELEASE = "marketing.privacy.tasks.measure_privacy", "marketing.privacy.tasks.release_model"
SMALLEST, LARGEST = 0.1, 10.0
SHORTEST_REASON = 10


class BudgetSpent(DomainError):
    code = "budget_spent"


@dataclass(frozen=True)
class Standing:
    """ε of releases since the budget began, and what is left of it."""

    total: float
    spent: float

    @property
    def left(self) -> float:
        return max(0.0, self.total - self.spent)


def standing(budget: PrivacyBudget) -> Standing:
    """ε of releases add up (Dwork, McSherry, Nissim & Smith 2006). One that waits counts; one that was refused told
    nothing and does not. One query."""
    rows = PrivacyRelease.objects.filter(kind=Kind.RELEASE, at__gte=budget.since).exclude(state=State.REFUSED)
    return Standing(budget.total, float(rows.aggregate(sum=Sum("epsilon"))["sum"] or 0.0))


def _locked() -> PrivacyBudget:
    PrivacyBudget.current()
    return PrivacyBudget.objects.select_for_update().get(id=1)


@transaction.atomic
def release(epsilon: float, reason: str, *, by: StaffUser | None) -> PrivacyRelease:
    """Ask for weights with noise. The ε is spent at once, so two who ask together cannot spend it twice. Raises
    DomainError."""
    if not math.isfinite(epsilon) or not SMALLEST <= epsilon <= LARGEST:
        raise BadInput(
            _("ε lies between %(low)s and %(high)s.") % {"low": SMALLEST, "high": LARGEST}, extra={"field": "epsilon"}
        )
    budget = _locked()
    left = standing(budget).left
    if epsilon > left + 1e-9:
        raise BudgetSpent(
            _("This would take ε %(wanted)s of a budget of which %(left)s is left.")
            % {"wanted": f"{epsilon:g}", "left": f"{left:g}"}
        )
    made = PrivacyRelease.objects.create(epsilon=epsilon, reason=_said(reason), by=by)
    _tell("released", epsilon=epsilon, release=made.pk)
    enqueue(RELEASE, dedupe_key=f"privacy.release:{made.pk}", created_by=by, release_id=made.pk)
    return made


@transaction.atomic
def reset(reason: str, *, by: StaffUser | None) -> PrivacyBudget:
    """A new budget from now on. What was told stays told; the reason stands beside it. Raises DomainError."""
    budget = _locked()
    said = _said(reason)
    spent = standing(budget).spent
    PrivacyRelease.objects.create(kind=Kind.RESET, state=State.DONE, reason=said, by=by)
    budget.since = timezone.now()
    budget.save(update_fields=["since"])
    _tell("reset", spent=spent)
    return budget


def measure(*, by: StaffUser | None) -> None:
    enqueue(MEASURE, dedupe_key="privacy.measure", created_by=by)


def _said(reason: str) -> str:
    said = reason.strip()
    if not SHORTEST_REASON <= len(said) <= 200:
        raise BadInput(
            _("A reason has %(least)d to 200 characters.") % {"least": SHORTEST_REASON}, extra={"field": "reason"}
        )
    return said


def _tell(act: str, **details: Any) -> None:
    ledger.record(LedgerEntry.Kind.MODEL, "marketing.privacybudget:1", act=act, **details)
