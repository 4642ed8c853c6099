"""The card of a campaign that shifts towards the better version: each choice with why and as of when, and what shifting
brought."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.components import Meaning, Range, ago, figure, percent, pill, range_chart, when
from core.components.tables import Column, TableCard, TableRow
from core.experiments.reading import share_text, signed_share
from core.ml.experiments import MINIMUM_PER_ARM, Comparison
from core.ml.experiments.sequences import MINIMUM_EVENTS
from marketing.models import BatchChoice, Campaign
from marketing.shifting.batches import CONTROL_SHARE
from marketing.shifting.selectors import CLICKED, ORDERED, Shifting, shifting


def word(campaign: Campaign) -> str:
    return _("%(how)s, a batch every %(hours)d hours") % {
        "how": capfirst(campaign.get_shift_by_display()), "hours": campaign.shift_hours,
    }  # fmt: skip


def card(campaign: Campaign) -> dict[str, Any] | None:
    """None where versions are given by fixed shares."""
    found = shifting(campaign)
    if found is None or not found.choices:
        return None
    said = [_sentence(measure, one) for measure, one in found.told.items()]
    has_ranges = any(one.low is not None for one in said)
    return {
        "chart": range_chart(said, _("Change against fixed shares")) if has_ranges else "",
        "waiting": [] if has_ranges else [(one.label, one.hint) for one in said],
        "waits_for": said[0].sentence if said and not has_ranges else "",
        "pill": _pill(found),
        "lead": _lead(found),
        "table": _table(campaign, found),
    }


def _lead(found: Shifting) -> str:
    """What the newest choice says."""
    newest = found.choices[-1]
    stopped = [one["key"].upper() for one in newest.versions if one.get("stopped")]
    if stopped:
        text = _("Stopped, because clearly more people complained or unsubscribed than after version A: %(versions)s.")
        return text % {"versions": ", ".join(stopped)}
    if newest.reason == BatchChoice.Reason.SHIFTED:
        best = max(newest.versions, key=lambda one: one["share"])
        return _("Batch %(batch)d: %(share)s of those who are shifted get version %(version)s.") % {
            "batch": newest.batch, "share": percent(best["share"]), "version": best["key"].upper(),
        }  # fmt: skip
    return _("So far everybody gets a version by the fixed shares.")


def _table(campaign: Campaign, found: Shifting) -> TableCard:
    keys = [one["key"] for one in found.choices[0].versions]
    rows = []
    for one in found.choices:
        known = {version["key"]: version for version in one.versions}
        went = _("goes out now") if one.released_at is None and one.batch > 1 else ""
        rows.append(TableRow(
            figure(one.batch),
            [capfirst(one.get_reason_display()), figure(one.people), *(_version(known.get(key)) for key in keys),
             when(one.as_of)],
            hint=went,
        ))  # fmt: skip
    does = {CLICKED: pgettext("of messages", "were clicked"), ORDERED: pgettext("of messages", "led to an order")}
    return TableCard(
        title=_("Batches"), first=_("Batch"),
        columns=[
            Column(_("Why"), "long"), Column(_("People")),
            *(Column(_("Version %(key)s") % {"key": key.upper()}, "long") for key in keys), Column(_("as of"), "word"),
        ],
        rows=rows, note=ago(found.choices[-1].as_of),
        foot=_("Of each version: its share among those who are shifted; then how many of the messages before %(did)s, "
               "with the likely range (90%%). A message counts for %(hours)s hours. %(control)s of each later batch "
               "keep the fixed shares; among the others no version that runs gets less than a tenth.") % {
            "did": does[campaign.shift_by], "hours": figure(campaign.shift_hours / 2),
            "control": percent(CONTROL_SHARE),
        },
    )  # fmt: skip


def _version(said: dict[str, Any] | None) -> str:
    if said is None:
        return "–"
    share = _("stopped") if said.get("stopped") else percent(said["share"])
    if not said.get("sent"):
        return share
    return _("%(share)s · %(rate)s (%(low)s to %(high)s) of %(sent)s") % {
        "share": share, "rate": percent(said["yes"] / said["sent"]), "low": percent(said["low"]),
        "high": percent(said["high"]), "sent": figure(said["sent"]),
    }  # fmt: skip


def _sentence(measure: str, told: Comparison) -> Range:
    label = {CLICKED: _("Share who clicked"), ORDERED: _("Share who ordered")}[measure]
    shares = _("%(own)s where shifted, %(plain)s by fixed shares") % {
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
        text = _("Likely %(low)s to %(high)s more where shifted.") if low > 0 else _(
            "Likely %(low)s to %(high)s fewer where shifted."
        )  # fmt: skip
        text = text % {"low": share_text(near), "high": share_text(far)}
    else:
        text = _("Too early to tell: anywhere from %(low)s to %(high)s.") % {
            "low": signed_share(low), "high": signed_share(high),
        }  # fmt: skip
    return Range(label, told.difference.relative or 0.0, low, high, text, hint=shares)


def _pill(found: Shifting) -> Any:
    """Clicks say it first; orders take them back."""
    known = [one.always_valid_relative for one in found.told.values() if one.always_valid_relative is not None]
    if not known:
        return ""
    if any(high < 0 for _low, high in known):
        return pill(Meaning.STOPPED, _("hurts"))
    if any(low > 0 for low, _high in known):
        return pill(Meaning.GOOD, _("works"))
    return pill(Meaning.MOVING, _("too early"))
