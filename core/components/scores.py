"""Values that a machine made. Each says why, how sure it is, which version made it and how old it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_REASONS = 5


@dataclass(frozen=True)
class Reason:
    """One reason in the words of the shop ("last order 94 days ago"). `direction` is 1, -1 or 0."""

    text: Any
    direction: int = 0


@dataclass(frozen=True)
class Explanation:
    """The same four parts everywhere: what, why, how sure, as of."""

    what: Any
    reasons: Sequence[Reason] = ()
    how_sure: Any = ""
    as_of: datetime | None = None
    model_version: str = ""
    model_url: str = ""

    @property
    def top_reasons(self) -> Sequence[Reason]:
        return self.reasons[:MAX_REASONS]


@dataclass(frozen=True)
class Score:
    """A value with its word ("72", "high"). `value` None means "not yet", and then `missing` says why.
    `stale_after` is the refresh rule: older than that it is shown grey with its age."""

    value: Any
    word: Any = ""
    explanation: Explanation | None = None
    stale_after: timedelta | None = None
    missing: Any = ""
    lead: Any = field(default="")

    @property
    def is_stale(self) -> bool:
        as_of = self.explanation.as_of if self.explanation else None
        return bool(self.stale_after and as_of and timezone.now() - as_of > self.stale_after)

    @property
    def age_words(self) -> str:
        """ "3 days old", for a value that should have been renewed."""
        as_of = self.explanation.as_of if self.explanation else None
        days = (timezone.now() - as_of).days if as_of else 0
        return ngettext("%(count)d day old", "%(count)d days old", days) % {"count": days} if days else _("out of date")

    @property
    def top_reason(self) -> Any:
        reasons = self.explanation.reasons if self.explanation else ()
        return self.lead or (reasons[0].text if reasons else "")


def score_badge(score: Score) -> SafeString:
    """Value, word, top reason, and behind a button the explanation."""
    return render_to_string("core/components/score.html", {"score": score, "explanation": score.explanation})


def explanation_button(explanation: Explanation, label: Any = "") -> SafeString:
    """The "Why?" button with its popover alone."""
    return render_to_string(
        "core/components/explanation.html", {"explanation": explanation, "label": label or _("Why?")}
    )


def confidence_bar(value: float, threshold: float | None = None) -> SafeString:
    """How sure a model is, 0 to 1, with a tick where a person need not decide any more."""
    share = min(1.0, max(0.0, float(value)))
    below = threshold is not None and share < threshold
    tick = format_html('<i style="left:{}%"></i>', round(threshold * 100, 1)) if threshold is not None else ""
    words = format_html('<span class="zg-hint">{}</span>', _("a person decides")) if below else ""
    return format_html(
        '<span class="zg-confidence"><span class="zg-bar" aria-hidden="true"><b style="width:{}%"></b>{}</span>'
        '<span class="zg-num">{}</span>{}</span>',
        round(share * 100, 1), tick, f"{share:.2f}", words,
    )  # fmt: skip
