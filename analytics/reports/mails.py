"""The sales report by mail: once for each whole day, week or month, to members of staff who asked for it.

Up to when somebody has been written to stands in their row and moves in the transaction that writes the mail, so the
report of a period is written once, however often and in however many processes the job runs. Who was away from the
mail server for a while gets the newest period, not every one that was missed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from analytics.models import FactsState, ReportSubscription
from analytics.reports import sales
from analytics.reports.asof import as_of
from analytics.reports.pages.sales import answer, figures
from analytics.roles import FIGURES
from core import mail
from core.components import Figure
from core.jobs import guard
from core.models import StaffUser
from core.reports import Period
from core.reports.periods import midnight
from core.shop import current_shop

HOUR = 7
"""Reports are written from this hour of the shop on."""
ONE_DAY = timedelta(days=1)
Every = ReportSubscription.Every


@dataclass(frozen=True)
class Row:
    """One figure of the mail in words."""

    label: str
    value: str
    change: str


def last_whole(every: str, today: date, week_start: int) -> tuple[date, date]:
    """First and last day of the newest day, week or month that is over."""
    if every == Every.DAY:
        return today - ONE_DAY, today - ONE_DAY
    begin = sales.start_of(today, every, week_start)
    return sales.start_of(begin - ONE_DAY, every, week_start), begin - ONE_DAY


@transaction.atomic
def subscribe(person: StaffUser, every: str) -> bool:
    """From the running day, week or month on; another rhythm replaces the one before. An empty `every` ends it.
    False: there was nothing to end."""
    if not every:
        return bool(ReportSubscription.objects.filter(person=person).delete()[0])
    _first, last = last_whole(Every(every).value, timezone.localdate(), current_shop().week_start)
    ReportSubscription.objects.update_or_create(person=person, defaults={"every": every, "done_until": last})
    return True


def write_reports() -> dict[str, Any]:
    """Write the reports that are due. Safe to run at any time, also twice at once."""
    written = 0
    now = timezone.localtime()
    if now.hour < HOUR:
        return {"written": 0}
    for pk in list(ReportSubscription.objects.order_by("pk").values_list("pk", flat=True)):
        written += _write(pk, now.date())
    return {"written": written}


def _write(pk: int, today: date) -> bool:
    with transaction.atomic():
        guard()
        row = ReportSubscription.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            return False
        first, last = last_whole(row.every, today, current_shop().week_start)
        if row.done_until >= last or not _is_counted(last):
            return False
        ReportSubscription.objects.filter(pk=pk).update(done_until=last)
        person = StaffUser.objects.get(pk=row.person_id)  # rights as they are now
        if not (person.is_active and person.is_staff and person.email and person.has_perm(FIGURES)):
            return False
        language = person.language or _house_language()
        with translation.override(language):
            context = report_of(Period("between", first, last, "previous"), row.every)
        mail.send("sales_report", to=person.email, language=language, context=context)
        return True


def preview(person: StaffUser, every: str) -> tuple[str, str]:
    """Subject and text of the newest report as this person would have got it; nothing is sent."""
    language = person.language or _house_language()
    first, last = last_whole(every, timezone.localdate(), current_shop().week_start)
    with translation.override(language):
        context = report_of(Period("between", first, last, "previous"), every)
    return mail.words("sales_report", language=language, context=context)


def _is_counted(last: date) -> bool:
    """Whether the figures know the whole of this day."""
    return FactsState.objects.filter(counted_at__gte=midnight(last + ONE_DAY)).exists()


def report_of(period: Period, every: str) -> dict[str, Any]:
    """What the mail says, in the active language."""
    found = sales.report(period, "day", as_of(), week_start=current_shop().week_start)
    page = f"{str(settings.PUBLIC_URL).rstrip('/')}{reverse('admin:analytics_sales')}"
    return {
        "shop": current_shop().name,
        "every": Every(every).label,
        "period": period.words,
        "answer": answer(period, found),
        "rows": [_row(one) for one in figures(period, found)],
        "address": f"{page}?{urlencode(period.query)}",
        "stop_address": f"{page}#by-mail",
    }  # fmt: skip


def _row(one: Figure) -> Row:
    change = f"{one.change_text} {one.versus}" if one.change_text else ""
    return Row(str(one.label), one.written(one.value, full=True), change)


def _house_language() -> str:
    """For who has chosen none: the first language of the shop."""
    known = [code for code, _name in settings.LANGUAGES]
    return next((code for code in current_shop().languages if code in known), settings.LANGUAGE_CODE)
