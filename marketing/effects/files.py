"""The table of the page as a file, each line with how it was counted."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.exports import PageTable
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.effects import selectors
from marketing.effects.selectors import Ends, Year


def table(_request: HttpRequest) -> PageTable:
    """One line for each measured campaign of the last 365 days, and one for all together."""
    heads = [
        _("Campaign"), _("Since"), _("People with a message"), _("People without"), _("Share who ordered"),
        _("Share who ordered without"), _("More people ordered"), _("From (any look)"), _("To (any look)"),
        _("More revenue"), _("From (any look)"), _("To (any look)"), _("Messages"), _("Cost of messages"),
        _("Return on cost"), _("From (any look)"), _("To (any look)"), _("p value (Holm)"), _("What it says"),
        _("How it was counted"),
    ]  # fmt: skip
    year = selectors.year()
    return PageTable(_("What marketing brought"), heads, _lines(year) if year is not None else [])


def _lines(year: Year) -> Iterator[list[Any]]:
    method = _(
        "Intention to treat: everybody planned for counts where chance put them, orders of %(days)d days after the "
        "planned moment. Ranges at any look (asymptotic confidence sequence, 95%%), noise reduced by the 28 days "
        "before (CUPED). p at any look, after Holm over the campaigns of this file."
    ) % {"days": OUTCOME_DAYS}
    for one in year.campaigns:
        yield [
            one.name, one.started_at, one.people, one.people_control, one.share, one.share_control, *_three(one.orders),
            *_three(one.revenue), one.messages, one.cost, *_three(one.returned), one.p_holm, one.said.sentence, method,
        ]  # fmt: skip
    yield [
        _("All together"), year.since, year.people, year.people_control, "", "", *_three(year.total_orders),
        *_three(year.total_revenue), sum(one.messages for one in year.campaigns), year.cost, *_three(year.returned),
        "", "", method,
    ]  # fmt: skip


def _three(value: Ends | None) -> list[Any]:
    return list(value) if value is not None else ["", "", ""]
