"""The card of a campaign in which each gets the message at their own hour: why, as of when, and what that brought."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import HeatCell, HeatRow, Meaning, Range, figure, heat, percent, pill, range_chart
from core.experiments.reading import share_text, signed_share
from core.ml.experiments import MINIMUM_PER_ARM, Comparison
from core.ml.experiments.sequences import MINIMUM_EVENTS
from marketing.models import Campaign, Recipient
from marketing.timing.selectors import CLICKED, ORDERED, Hourly, hourly

CHOICES = (12, 24, 48, 72)


def choices(chosen: int | None) -> list[tuple[str, str]]:
    """What the form offers, and what a program chose."""
    offered = sorted({*CHOICES, chosen} if chosen is not None else CHOICES)
    return [("", _("All at once")), *((str(one), word(one)) for one in offered)]


def word(within: int) -> str:
    return _("Each at their own hour, within %(hours)d hours") % {"hours": within}


def card(campaign: Campaign) -> dict[str, Any] | None:
    """None where everybody gets it at once."""
    found = hourly(campaign)
    if found is None:
        return None
    names = dict(Recipient.Timing.choices)
    total = sum(found.people.values())
    said = [_sentence(measure, one) for measure, one in found.told.items()]
    has_ranges = any(one.low is not None for one in said)
    return {
        "as_of": found.as_of,
        "rows": [
            (capfirst(str(names[key])), figure(count), percent(count / total))
            for key, count in sorted(found.people.items(), key=lambda item: -item[1])
        ],
        "hours": _hours(found) if total else "",
        "chart": range_chart(said, _("Change against the planned moment")) if has_ranges else "",
        "waiting": [] if has_ranges else [(one.label, one.hint) for one in said],
        "waits_for": said[0].sentence if said and not has_ranges else "",
        "pill": _pill(found),
        "known": _known(found),
    }  # fmt: skip


def _known(found: Hourly) -> str:
    """What the choice stands on."""
    if not any(found.people.get(key) for key in ("own", "shop", "control")):
        text = ngettext(
            "Only %(count)s hour of customers is known: too few to tell their habits.",
            "Only %(count)s hours of customers are known: too few to tell their habits.", found.known_from,
        )  # fmt: skip
        return text % {"count": figure(found.known_from)}
    return _(
        "From %(count)s hours of the last year in which customers opened, clicked or ordered. The shop's curve counts "
        "as much as %(strength)s hours of a customer's own."
    ) % {"count": figure(found.known_from), "strength": figure(round(found.strength, 1))}


def _hours(found: Hourly) -> Any:
    most = max(found.hours) or 1
    high = max(found.shares) or 1.0
    return heat(
        [
            HeatRow(_("Customers do something, %"), [
                HeatCell(percent(one).removesuffix("%"), one / high, f"{hour:02d}:00 · {percent(one)}")
                for hour, one in enumerate(found.shares)
            ]),
            HeatRow(_("Messages planned"), [
                HeatCell(figure(one) if one else "", one / most if one else None, f"{hour:02d}:00 · {figure(one)}")
                for hour, one in enumerate(found.hours)
            ]),
        ],
        [f"{hour}" for hour in range(24)], caption=_("By hour of the customer's day"),
    )  # fmt: skip


def _sentence(measure: str, told: Comparison) -> Range:
    label = {CLICKED: _("Share who clicked"), ORDERED: _("Share who ordered")}[measure]
    shares = _("%(own)s at their own hour, %(plain)s at the planned moment") % {
        "own": percent(told.mean), "plain": percent(told.mean_control),
    }  # fmt: skip
    ends = told.always_valid_relative
    if ends is None:
        text = _("Not yet: each group needs %(people)s people, and %(events)s with something to count.") % {
            "people": figure(MINIMUM_PER_ARM), "events": figure(MINIMUM_EVENTS),
        }  # fmt: skip
        return Range(label, 0.0, None, None, text, hint=shares)
    low, high = ends
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        text = _("Likely %(low)s to %(high)s more at their own hour.") if low > 0 else _(
            "Likely %(low)s to %(high)s fewer at their own hour."
        )  # fmt: skip
        text = text % {"low": share_text(near), "high": share_text(far)}
    else:
        text = _("Too early to tell: anywhere from %(low)s to %(high)s.") % {
            "low": signed_share(low), "high": signed_share(high),
        }  # fmt: skip
    return Range(label, told.difference.relative or 0.0, low, high, text, hint=shares)


def _pill(found: Hourly) -> Any:
    """Clicks say it first; orders take them back."""
    ends = [one.always_valid_relative for one in found.told.values()]
    if not ends or all(one is None for one in ends):
        return ""
    known = [one for one in ends if one is not None]
    if any(high < 0 for _low, high in known):
        return pill(Meaning.STOPPED, _("hurts"))
    if any(low > 0 for low, _high in known):
        return pill(Meaning.GOOD, _("works"))
    return pill(Meaning.MOVING, _("too early"))
