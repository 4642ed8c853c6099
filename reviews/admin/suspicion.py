"""Suspicion in words: a badge with its reasons, a filter, and how often staff agreed."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter

from catalog.admin.cells import quiet
from core.components import figure, percent, score_badge
from core.components.scores import Explanation, Reason, Score
from core.components.words import duration
from reviews.models import Review, SuspicionScore
from reviews.roles import SUSPICION
from reviews.selectors import Agreement

HOUR_SECONDS, DAY_SECONDS = 3_600, 86_400
HIGH, MIDDLE = 0.5, 0.2


def may_see(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(SUSPICION))


def sentence(reason: dict[str, Any]) -> str:
    """One stored reason as staff read it. A code of another version stays a code."""
    facts = reason.get("facts", {})
    sentences = {
        "near_duplicates": _near_duplicates, "copied": _copied, "burst": _burst, "new_account": _new_account,
        "many_at_once": _many_at_once, "unverified": _unverified, "contradiction": _contradiction,
        "contact": lambda facts: _("Tells a link, an address or an account to write to"),
    }  # fmt: skip
    write = sentences.get(reason.get("code", ""))
    return write(facts) if write else str(reason.get("code", ""))


def sentences(score: SuspicionScore) -> list[str]:
    return [sentence(reason) for reason in score.reasons]


def badge(score: SuspicionScore | None, *, lead: bool = True) -> SafeString:
    """How likely it is not genuine, the heaviest reason, and all of them behind "Why?"."""
    if score is None:
        return score_badge(Score(None, missing=_("looked at within a minute")))
    if not score.reasons:
        return quiet(_("none"))
    told = Explanation(
        what=_("Chance that it is not genuine, from rules that add up what speaks for it"),
        reasons=[Reason(text, 1) for text in sentences(score)],
        how_sure=_("From 50% it waits for a person, who decides. Nothing is hidden by itself."),
        as_of=score.scored_at,
        model_version=_("rules %(version)s") % {"version": score.rules_version},
    )
    return score_badge(Score(percent(score.score), word(score), told, lead="" if lead else " "))


def in_list(score: SuspicionScore | None) -> SafeString:
    """One line: the badge where it is high or was judged, else a quiet word."""
    if score is not None and score.reasons and score.score < HIGH and score.genuine_at is None:
        return quiet(word(score))
    return badge(score, lead=False)


def word(score: SuspicionScore) -> str:
    if score.genuine_at is not None:
        return _("found genuine")
    return _("high") if score.score >= HIGH else _("middle") if score.score >= MIDDLE else _("low")


def agreement_words(agreement: Agreement) -> str:
    """How often the suspicion was right; empty while staff have decided nothing."""
    if not agreement.decided:
        return ""
    said = _("In %(days)d days staff agreed with %(share)s of suspicions: %(fake)s not genuine, %(genuine)s genuine.")
    return said % {
        "days": agreement.days, "share": percent(agreement.share, agreement.decided), "fake": figure(agreement.fake),
        "genuine": figure(agreement.genuine),
    }  # fmt: skip


class SuspicionFilter(DropdownFilter):
    title = gettext_lazy("suspicion")
    parameter_name = "suspicion"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("high", _("high, to be looked at")), ("genuine", _("found genuine")), ("low", _("not suspicious"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        value = self.value()
        if value == "high":
            return queryset.filter(is_suspected=True)
        if value == "genuine":
            return queryset.filter(suspicion__genuine_at__isnull=False)
        return queryset.filter(is_suspected=False) if value == "low" else queryset


# --- sentences --------------------------------------------------------------------------------------------------------


def _near_duplicates(facts: dict[str, Any]) -> str:
    others, rejected = int(facts["others"]), int(facts.get("rejected", 0))
    text = ngettext(
        "%(count)s other person says nearly the same", "%(count)s others say nearly the same", others
    ) % {"count": figure(others)}  # fmt: skip
    if not rejected:
        return text
    more = ngettext(
        "%(count)s of them rejected as not genuine", "%(count)s of them rejected as not genuine", rejected
    ) % {"count": figure(rejected)}  # fmt: skip
    return f"{text} · {more}"


def _copied(facts: dict[str, Any]) -> str:
    count = int(facts["copies"])
    return ngettext(
        "The same words by this account for %(count)s other product",
        "The same words by this account for %(count)s other products",
        count,
    ) % {"count": figure(count)}


def _burst(facts: dict[str, Any]) -> str:
    usual = float(facts["usual"])
    return _("%(count)s reviews of this product within two days, where %(usual)s are usual") % {
        "count": figure(facts["near"]), "usual": figure(usual) if usual >= 1 else _("fewer than 1"),
    }  # fmt: skip


def _new_account(facts: dict[str, Any]) -> str:
    seconds = float(facts["days"]) * DAY_SECONDS
    if seconds < HOUR_SECONDS:
        return _("The account was less than an hour old and had bought nothing")
    age = duration(seconds)
    return _("The account was %(age)s old and had bought nothing") % {"age": age}


def _many_at_once(facts: dict[str, Any]) -> str:
    return _("%(count)s reviews by this account within a day, none bought") % {"count": figure(facts["reviews"])}


def _unverified(facts: dict[str, Any]) -> str:
    return _("Not bought here, unlike most reviewed things")


def _contradiction(facts: dict[str, Any]) -> str:
    if int(facts["rating"]) >= 4:
        return _("Many stars, but the words complain")
    return _("Few stars, but the words praise")
