"""Staff page "Points outstanding": what the shop owes its customers, when it ends, and what that is in money."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.components import Figure, Meaning, figure, money, percent, pill
from core.exports import PageTable
from core.reports import Chart, Line, bar_chart
from crm.models import LoyaltyProgramme
from crm.roles import GRANT_PAST
from crm.selectors import BREAKAGE_FROM, Liability, Month, liability, worth_of

MOST_BARS = 12


def page(request: HttpRequest) -> HttpResponse:
    """One reading of the books, with the last recount beside it."""
    found = liability()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Points outstanding"),
        "is_empty": not found.outstanding and not found.issued,
        "sentence": _sentence(found),
        "figures": _figures(found),
        "chart": _chart(found),
        "parts": _parts(found),
        "check": found.check,
        "check_pill": _check_pill(found),
        "may_grant": request.user.has_perm(GRANT_PAST) and found.programme.is_on,
        "past_url": reverse("admin:crm_past"),
        "programme_url": reverse("admin:crm_loyaltyprogramme_changelist"),
    }
    return render(request, "admin/crm/liability.html", context)


def _sentence(found: Liability) -> str:
    """The answer: what the shop owes, in points and money."""
    return ngettext(
        "%(accounts)s customer holds %(points)s points, worth %(money)s",
        "%(accounts)s customers hold %(points)s points, worth %(money)s",
        found.accounts,
    ) % {
        "accounts": figure(found.accounts), "points": figure(found.outstanding),
        "money": money(worth_of(found.outstanding, found.programme)),
    }  # fmt: skip


def _figures(found: Liability) -> list[Figure]:
    accounts = reverse("admin:crm_loyaltyaccount_changelist")
    likely = found.likely
    return [
        Figure(
            pgettext("loyalty", "Can be redeemed"), found.available, url=accounts,
            note=money(worth_of(found.available, found.programme)),
        ),
        Figure(
            pgettext("loyalty", "Pending"), found.pending, url=f"{accounts}?view=pending",
            note=money(worth_of(found.pending, found.programme)),
        ),
        Figure(
            pgettext("loyalty", "In codes not used yet"), found.in_codes,
            note=_("%(count)s codes") % {"count": figure(found.codes)},
        ),
        Figure(
            pgettext("loyalty", "Likely to be redeemed"),
            None if likely is None else worth_of(likely, found.programme), kind="money",
            missing=_("Not yet: needs %(least)d points that were redeemed or expired") % {"least": BREAKAGE_FROM},
            note="" if found.expired_share is None else _("%(share)s of points expired until now")
            % {"share": percent(found.expired_share)},
        ),
    ]  # fmt: skip


def _label(month: Month) -> str:
    return date_format(month.first, "YEAR_MONTH_FORMAT") if month.first is not None else str(_("Never"))


def _chart(found: Liability) -> Chart | None:
    """Points that end, by month."""
    if not found.months:
        return None
    shown = [month for month in found.months if month.first is not None][:MOST_BARS]
    never = [month for month in found.months if month.first is None]
    rows = [*shown, *never]
    first = shown[0] if shown else None
    title = (
        _("%(points)s points end in %(month)s") % {"points": figure(first.points), "month": _label(first)}
        if first is not None else _("No points end")
    )  # fmt: skip
    lines = [
        Line(_("Points"), [month.points for month in rows]),
        Line(_("Worth"), [worth_of(month.points, found.programme) for month in rows], kind="money", is_drawn=False),
        Line(_("Lots"), [month.lots for month in rows], is_drawn=False),
    ]
    return bar_chart(
        title, [_label(month) for month in rows], lines, first_head=_("Month"),
        note=_("Points that can be redeemed, by the month in which they end; pending ones have no end yet."),
    )  # fmt: skip


def _parts(found: Liability) -> list[tuple[str, str, str]]:
    """Everything that was ever issued, and where it is now; the rows add up."""
    rows = [
        (pgettext("loyalty", "Issued, less what refunds took back"), found.issued),
        (pgettext("loyalty", "Redeemed"), -found.redeemed),
        (pgettext("loyalty", "Expired"), -found.expired),
        (pgettext("loyalty", "Forfeited by erasures"), -found.forfeited),
        (pgettext("loyalty", "Owed by customers after refunds"), found.owed),
        (pgettext("loyalty", "Outstanding"), found.outstanding),
    ]
    return [
        (label, figure(points).replace("-", "−"), money(_worth(points, found.programme))) for label, points in rows
    ]  # fmt: skip


def _worth(points: int, programme: LoyaltyProgramme) -> Any:
    return worth_of(points, programme) if points >= 0 else -worth_of(-points, programme)


def _check_pill(found: Liability) -> Any:
    if found.check is None:
        return pill(Meaning.IDLE, _("Not recounted yet"))
    if found.check.differences:
        return pill(Meaning.STOPPED, _("Does not add up"))
    return pill(Meaning.GOOD, _("Adds up"))


def table(request: HttpRequest) -> PageTable:
    """All months; the share is of what can be redeemed."""
    found = liability()

    def rows() -> Iterator[list[Any]]:
        for month in found.months:
            share = round(month.points / found.available, 4) if found.available else None
            yield [month.first or _("Never"), month.points, share, worth_of(month.points, found.programme), month.lots]
        yield [_("Pending"), found.pending, None, worth_of(found.pending, found.programme), None]

    return PageTable(_("Points outstanding"), [_("Month"), _("Points"), _("Share"), _("Worth"), _("Lots")], rows())
