"""Staff page "Questions and answers": a box to try a sentence in, how good the model is, what is taken for what."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.admin.notices import acting
from core.components import Meaning, confidence_bar, figure, percent, pill, toast
from core.jobs import enqueue
from core.models import Job, ModelVersion
from reviews.answers.choices import INTENTS
from reviews.answers.markup import html_of
from reviews.models import Article, Intent, IntentExample
from reviews.models.answers import NEARLY_THE_SAME
from reviews.roles import LEARN
from reviews.understanding import ANSWER, ASK, HAND_OVER, Passage, Understanding, Why, understand

TASK = "reviews.tasks.train_intents"
SHOWN = 12
LONGEST = 500
EXAMPLES = "admin:reviews_intentexample_changelist"


@dataclass(frozen=True)
class Version:
    """The newest version and the one that serves; `why` says what the gate said of the newest where it refused it."""

    newest: ModelVersion | None
    serving: ModelVersion | None

    @property
    def report(self) -> dict[str, Any]:
        return (self.newest.report or {}) if self.newest is not None else {}

    @property
    def is_refused(self) -> bool:
        return self.newest is not None and self.newest.state == ModelVersion.State.REFUSED


def version_now() -> Version:
    """Two queries."""
    rows = ModelVersion.objects.of(INTENTS.name)
    return Version(rows.order_by("-number").first(), rows.active().first())


def page(request: HttpRequest) -> HttpResponse:
    """`?try=` a sentence; a POST asks for a training."""
    if request.method == "POST":
        if not request.user.has_perm(LEARN):
            raise PermissionDenied
        enqueue(TASK, dedupe_key=f"schedule:{TASK}", created_by=acting(request))
        toast(request, _("Training queued"))
        return HttpResponseRedirect(reverse("admin:reviews_answers"))
    version = version_now()
    metrics = version.newest.metrics if version.newest is not None else {}
    text = request.GET.get("try", "")[:LONGEST]
    intents = {intent.key: intent for intent in Intent.objects.all()}
    training = Job.objects.active().filter(task=TASK).first()
    may_learn = request.user.has_perm(LEARN)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Questions and answers"),
        "text": text,
        "longest": LONGEST,
        "tried": tried(request, understand(text)) if text.strip() else None,
        "version": version,
        "figures": _figures(metrics, version.report),
        "languages": _languages(version.report),
        "confused": _confused(version.report, intents),
        "counts": _counts(is_learned=version.newest is not None),
        "training": training,
        "can_train": may_learn and training is None and bool(intents),
        "may_learn": may_learn,
    }
    return render(request, "admin/reviews/answers/page.html", context)


# --- trying a sentence ------------------------------------------------------------------------------------------------


def tried(request: HttpRequest, found: Understanding) -> dict[str, Any]:
    """What would happen, and why, for the card of the result."""
    nearest = IntentExample.objects.in_bulk([one.example_id for one in found.candidates])
    thresholds = found.thresholds
    may_see = request.user.has_perm("reviews.view_article")
    return {
        "pill": act_pill(found.act),
        "why": why_words(found),
        "words": found.words,
        "model": found.model_version,
        "candidates": [
            {
                "title": one.intent.title,
                "url": reverse("admin:reviews_intent_change", args=[one.intent.pk]),
                "bar": confidence_bar(one.confidence),
                "goes_to_person": one.intent.hand_over,
                "nearest": nearest.get(one.example_id),
            }
            for one in found.candidates
        ],
        "passages": [_passage(one, may_see=may_see) for one in found.passages],
        "thresholds": thresholds and {
            "answer": f"{thresholds.answer:.2f}", "ask": f"{thresholds.ask:.2f}", "gap": f"{thresholds.gap:.2f}",
            "article": f"{found.article_threshold:.2f}",
        },
    }  # fmt: skip


def _passage(one: Passage, *, may_see: bool) -> dict[str, Any]:
    return {
        "title": one.title,
        "quote": html_of(one.quote),
        "language": one.language,
        "version": one.version,
        "url": reverse("admin:reviews_article_change", args=[one.article_id]) if may_see else "",
        "bar": confidence_bar(one.confidence),
    }


def act_pill(act: str) -> SafeString:
    """What the assistant would do."""
    told = {
        ANSWER: (Meaning.GOOD, _("answers")), ASK: (Meaning.WAITING, _("asks back")),
        HAND_OVER: (Meaning.MOVING, _("hands over to a person")),
    }  # fmt: skip
    return pill(*told[act])


def why_words(found: Understanding) -> str:
    """The reason in one sentence."""
    first = found.candidates[0].intent.title if found.candidates else ""
    return {
        Why.INTENT: _("It is sure enough that “%(intent)s” is meant.") % {"intent": first},
        Why.ARTICLE: _("An article has the words of the question."),
        Why.UNSURE: _("Several things may be meant, so it asks which one."),
        Why.PERSON: _("What is likely meant always goes to a person."),
        Why.NO_ANSWER: _("“%(intent)s” is meant, and no published article answers it.") % {"intent": first},
        Why.UNKNOWN: _("Nothing that the shop knows is like it."),
    }[found.why]


# --- figures ----------------------------------------------------------------------------------------------------------


def _figures(metrics: dict[str, float], report: dict[str, Any]) -> list[tuple[Any, str, Any]]:
    """Label, value and what it is a share of."""
    strange = report.get("strange", {})
    told = [
        (_("Right intent first"), "accuracy", _("of examples, each by a model that had not seen it")),
        (_("Mean of the intents"), "recall", _("every intent counts the same")),
        (_("Answered by itself and right"), "answered", _("of examples, at 90% right")),
        (_("Right article first"), "articles_right", _("of examples whose intent has an article, by words alone")),
    ]
    rows = [(label, percent(metrics[name]), base) for label, name, base in told if metrics.get(name) is not None]
    if strange.get("examples"):
        share = strange["answered"] / strange["examples"]
        base = _("of %(count)s sentences that nothing covers") % {"count": figure(strange["examples"])}
        rows.append((_("Answered although it should not"), percent(share), base))
    if report.get("encoder"):
        rows.append(_encoder(report["encoder"]))
    return rows


def _encoder(heard: dict[str, Any]) -> tuple[Any, str, Any]:
    """What a pretrained transformer adds to grams, and whether it therefore has a say."""
    gained = _("%(points)s points") % {"points": f"{heard['gained'] * 100:+.1f}".replace("-", "−")}
    if heard["is_used"]:
        return _("Pretrained transformer"), gained, _("more right intents than without it; it has a say")
    return _("Pretrained transformer"), gained, _("not clearly more right intents than without it; it has no say")


def _languages(report: dict[str, Any]) -> str:
    names = {"en": "English", "zh": "中文"}
    parts = [
        _("%(language)s %(share)s of %(count)s") % {
            "language": names.get(code, code), "share": percent(one["accuracy"]), "count": figure(one["examples"]),
        }
        for code, one in report.get("by_language", {}).items()
    ]  # fmt: skip
    return " · ".join(parts)


def _confused(report: dict[str, Any], intents: dict[str, Intent]) -> list[dict[str, Any]]:
    """The pairs that are taken for each other most often, those of the newest version."""
    rows = []
    for own, other, count in report.get("confusions", [])[:SHOWN]:
        one, taken = intents.get(own), intents.get(other)
        if one is None or taken is None:
            continue
        total = sum(report["intents"].get(own, {}).get("examples", {}).values())
        where = urlencode({"intent__id__exact": one.pk, "taken_for__id__exact": taken.pk})
        rows.append({
            "own": one.title, "taken": taken.title, "count": count, "share": percent(count / total) if total else "",
            "url": f"{reverse(EXAMPLES)}?{where}",
        })  # fmt: skip
    return rows


def _counts(*, is_learned: bool) -> list[tuple[Any, str, str, str]]:
    """What there is: label, number, what is missing, address. Three queries. What a training finds is not there before
    the first one."""
    examples = IntentExample.objects.aggregate(
        all=Count("pk"), doubled=Count("pk", filter=Q(likeness__gte=NEARLY_THE_SAME)), mistaken=Count("taken_for"),
        background=Count("pk", filter=Q(intent=None)),
    )  # fmt: skip
    articles = Article.objects.aggregate(all=Count("pk"), published=Count("pk", filter=Q(state="published")))
    intents = Intent.objects.aggregate(all=Count("pk"), off=Count("pk", filter=Q(is_active=False)))
    drafts = articles["all"] - articles["published"]
    found = [
        (_("Mistaken for others"), figure(examples["mistaken"]), _("each with where it may belong"),
         f"{reverse(EXAMPLES)}?view=mistaken"),
        (_("Nearly the same"), figure(examples["doubled"]), _("two of them teach little more than one"),
         f"{reverse(EXAMPLES)}?view=doubled"),
    ]  # fmt: skip
    return [
        (_("Intents"), figure(intents["all"]), _("%(count)s not in use") % {"count": figure(intents["off"])},
         reverse("admin:reviews_intent_changelist")),
        (pgettext("of an intent", "Examples"), figure(examples["all"]),
         _("%(count)s that nothing covers") % {"count": figure(examples["background"])}, reverse(EXAMPLES)),
        *(found if is_learned else []),
        (_("Articles"), figure(articles["all"]), _("%(count)s are drafts") % {"count": figure(drafts)},
         reverse("admin:reviews_article_changelist")),
    ]  # fmt: skip
