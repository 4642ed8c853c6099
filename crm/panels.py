"""What is shown about points on the page of a customer."""

import uuid
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Customer
from core.components import figure, money
from core.panels import MAIN, Panel
from crm import selectors
from crm.models import LoyaltyTransaction
from crm.models.programme import titled
from crm.roles import ADJUST

SHOWN = 8
Kind = LoyaltyTransaction.Kind


def loyalty_of_customer(request: HttpRequest, customer: Customer) -> Panel | None:
    """Balance, level, what expires next, the last movements, and a correction with its way back."""
    found = selectors.standing_of(customer.pk)
    may_adjust = request.user.has_perm(ADJUST)
    if found.account is None and not found.programme.is_on:
        return None
    rows = list(
        selectors.history_of(customer.pk)
        .select_related("taken_back_by", "created_by")
        .order_by("-created_at", "-id")[: SHOWN + 1]
    )
    return Panel(
        title=_("Loyalty"),
        template="admin/crm/panels/customer.html",
        place=MAIN,
        context={
            "facts": _facts(found),
            "rows": [_row(request, row) for row in rows[:SHOWN]],
            "has_more": len(rows) > SHOWN,
            "may_adjust": may_adjust,
            "adjust_url": reverse("admin:crm_loyaltyaccount_adjust", args=[customer.pk]),
            "undo_url": reverse("admin:crm_loyaltyaccount_undo"),
            "key": uuid.uuid4().hex,
        },
    )


def _facts(found: selectors.Standing) -> list[tuple[str, str]]:
    account = found.account
    rows = [
        (pgettext("loyalty", "Can be redeemed"), f"{figure(found.balance)} · {money(found.worth)}"),
        (pgettext("loyalty", "Pending"), figure(account.pending if account else 0)),
    ]
    if account is not None and account.owed:
        rows.append((pgettext("loyalty", "Owed after a refund"), figure(account.owed)))
    rows.append((pgettext("loyalty", "Level"), str(account.tier) if account and account.tier else _("none yet")))
    if found.next_tier is not None:
        rows.append((_("Next: %(name)s") % {"name": titled(found.next_tier)}, _missing(found)))
    return rows


def _missing(found: selectors.Standing) -> str:
    assert found.next_tier is not None
    missing = max(found.next_tier.threshold - found.tier_value, Decimal(0))
    if found.programme.tier_basis == "points":
        return _("%(points)s points to go") % {"points": figure(int(missing))}
    return _("%(money)s to go") % {"money": money(missing)}


def _row(request: HttpRequest, row: LoyaltyTransaction) -> dict[str, Any]:
    redemption = getattr(row, "redemption", None)
    about = titled(row.rule) if row.rule is not None else ""
    if redemption is not None:
        about = titled(redemption.reward) if redemption.reward is not None else redemption.code
    if row.kind in (Kind.ADJUST, Kind.UNDO):
        about = " · ".join(filter(None, [row.reason, str(row.created_by or "")]))
    order = row.order if row.order is not None and request.user.has_perm("catalog.view_order") else None
    is_undone = row.kind == Kind.ADJUST and getattr(row, "taken_back_by", None) is not None
    sign = "+" if row.points > 0 and row.kind != Kind.MATURE else ""
    return {
        "pk": row.pk,
        "kind": row.get_kind_display().capitalize(),
        "points": f"{sign}{figure(row.points)}".replace("-", "−"),
        "about": about,
        "order": order,
        "at": row.created_at,
        "can_undo": row.kind == Kind.ADJUST and not is_undone,
        "is_undone": is_undone,
    }
