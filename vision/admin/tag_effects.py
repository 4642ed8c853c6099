"""Staff page "What tags do": how many given tags are right, what they did for search, whether to learn again."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import figure, percent
from core.extensions import model_kinds
from core.models import ModelVersion
from vision import asking, tag_effects, tag_selectors
from vision.admin.tag_queue import crumbs
from vision.choices import VISION, in_a_row
from vision.models import TagSuggestion
from vision.roles import REVIEW_TAGS
from vision.tag_effects import Checked, SearchEffect, Served

DAYS = 28
MOST_ROWS = 50
LEAST_LOOKED_AT = 20


def page(request: HttpRequest) -> HttpResponse:
    """Of the last 28 days."""
    until = timezone.now()
    effect = tag_effects.on_search(until - timedelta(days=DAYS), until)
    live, news = tag_selectors.live_version(), asking.new_decisions()
    checked = tag_effects.checked(live.pk if live is not None else None)
    may_train = VISION.name in model_kinds and request.user.has_perm("core.view_modelversion")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("What tags do"),
        "page_title": _answer(effect),
        "crumbs": crumbs(),
        "checked": [_checked_row(one) for one in checked],
        "totals": [_checked_words(one, live) for one in tag_effects.together(checked)],
        "new": [_served_row(one) for one in effect.new[:MOST_ROWS]],
        "served": [_served_row(one) for one in effect.queries[:MOST_ROWS]],
        "news": _news(asking.unknown_to(live), news),
        "train_url": f"{reverse('admin:core_modelversion_changelist')}?{urlencode({'kind': VISION.name})}"
        if may_train and news >= asking.DECISIONS else "",
        "sample_url": f"{reverse('admin:vision_queue')}?show=sample" if request.user.has_perm(REVIEW_TAGS) else "",
    }  # fmt: skip
    return render(request, "admin/vision/tag_effects.html", context)


def _answer(effect: SearchEffect) -> str:
    """The page in one sentence."""
    if not effect.searches:
        return _("Nobody searched in the last %(days)s days") % {"days": DAYS}
    return _("%(share)s of %(searches)s searches name a tag from photos; %(new)s queries find something since") % {
        "share": percent(effect.served / effect.searches), "searches": figure(effect.searches),
        "new": figure(len(effect.new)),
    }  # fmt: skip


def _range(one: Checked) -> str:
    if one.looked_at < LEAST_LOOKED_AT:
        return _("not yet: needs %(least)s, has %(count)s") % {"least": LEAST_LOOKED_AT, "count": one.looked_at}
    low, high = one.range
    return _("%(share)s (likely %(low)s to %(high)s)") % {
        "share": percent(one.right / one.looked_at), "low": percent(low), "high": percent(high),
    }  # fmt: skip


def _checked_row(one: Checked) -> dict[str, Any]:
    return {
        "label": one.label.name, "label_set": one.label.label_set.name, "applied": figure(one.applied),
        "looked_at": figure(one.looked_at), "right": _range(one), "source": TagSuggestion.Source(one.source).label,
    }  # fmt: skip


def _checked_words(one: Checked, live: ModelVersion | None) -> str:
    """Of one source, with what its share rests on."""
    source = str(TagSuggestion.Source(one.source).label)
    if one.source == TagSuggestion.Source.NETWORK and live is not None:
        source = f"{source} {live.name}"
    return _("%(source)s: %(applied)s tags given without a person, %(count)s looked at; right: %(right)s") % {
        "source": source, "applied": figure(one.applied), "count": figure(one.looked_at), "right": _range(one),
    }  # fmt: skip


def _news(unknown: int, new: int) -> str:
    """How many decisions the live model does not know; how many of them came after a newer one that does not serve."""
    words = ngettext(
        "%(count)s decision that the live model does not know.",
        "%(count)s decisions that the live model does not know.", unknown,
    ) % {"count": figure(unknown)}  # fmt: skip
    if new < unknown:
        more = ngettext(
            "%(count)s of them since the newest version, which does not serve.",
            "%(count)s of them since the newest version, which does not serve.", new,
        )  # fmt: skip
        words = in_a_row(words, more % {"count": figure(new)})
    enough = _("From %(count)s new ones on another training is worth its time.") % {"count": figure(asking.DECISIONS)}
    return in_a_row(words, enough)


def _served_row(one: Served) -> dict[str, Any]:
    return {
        "query": one.query.text, "searches": figure(one.query.searches), "label": one.label.name,
        "products": figure(one.products), "results": figure(one.query.results),
        "without": figure(one.query.without_result),
    }  # fmt: skip
