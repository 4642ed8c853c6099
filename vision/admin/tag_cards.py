"""Photos with a question under each, as the queue, the labelling page and the list of errors show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from catalog.models import ProductImage
from core.components import Explanation, Reason, figure, percent, toast
from core.exceptions import DomainError
from core.templatetags.staff import explanation_button
from vision import deciding, tag_selectors
from vision.choices import ColourName
from vision.deciding import Outcome
from vision.models import Label, TagSuggestion
from vision.thresholds import NEVER, Limits

LARGE = 320
PAGE = 24
MOST_PAGES = 1_000
LONGEST_PK = 18
Source = TagSuggestion.Source


@dataclass(frozen=True)
class Card:
    """One photo; made without further queries. `pk` is what a form sends of it."""

    pk: int
    address: str
    product: str
    page: str
    confidence: str = ""
    why: SafeString | str = ""
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Photos with the same question."""

    label: Label
    count: int
    cards: list[Card]
    others: list[Label] = field(default_factory=list)
    url: str = ""

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.cards)


def card(row: TagSuggestion, limits: Limits = NEVER) -> Card:
    """A suggestion; its `product`, `image`, `model_version` and label with its set were read. `limits` of its label,
    if its set tagged by itself."""
    return Card(
        pk=row.pk,
        address=picture(row.image),
        product=row.product.localised("name"),
        page=reverse("admin:catalog_product_change", args=[row.product_id]),
        confidence=f"{row.confidence:.2f}",
        why=why(row, limits),
    )


def why(row: TagSuggestion, limits: Limits) -> SafeString:
    """The button that opens it."""
    return explanation_button(explained(row, limits))


def explained(row: TagSuggestion, limits: Limits) -> Explanation:
    """What was read, by whom, how sure, and why a person or nobody was asked."""
    return Explanation(
        what=row.get_source_display(), reasons=[Reason(text) for text in reasons(row)],
        how_sure=f"{_('Confidence %(value)s.') % {'value': f'{row.confidence:.2f}'}} {_who_decides(row, limits)}",
        as_of=row.made_at, model_version=row.model_version.name if row.model_version else "",
    )  # fmt: skip


def _who_decides(row: TagSuggestion, limits: Limits) -> str:
    if row.state == TagSuggestion.State.APPLIED:
        if row.is_audit:
            return _("Sure enough to be given without a person; this one was drawn to be checked.")
        return _("Sure enough to be given without a person.")
    if row.state == TagSuggestion.State.ACCEPTED:
        return _("A person accepted it.")
    if limits.apply is None:
        return _("This label is not given without a person yet, so a person decides.")
    if not limits.applies(row.confidence):
        return _("Below the threshold of %(limit)s, so a person decides.") % {"limit": f"{limits.apply:.2f}"}
    if not row.label.label_set.is_automatic:
        return _("Sure enough, but tags of this set wait for a person.")
    if row.label.category_id is not None and row.product.category_id is not None:
        return _("Sure enough, but the product has another category: only a person moves it.")
    return _(
        "Sure enough now; it waits because somebody had answered for this product, or the threshold was higher when it "
        "was read."
    )


def reasons(row: TagSuggestion) -> list[str]:
    """Why it was suggested, in words."""
    found = []
    for told in row.reasons:
        if not isinstance(told, dict):
            continue
        if told.get("kind") == "share":
            found.append(_("%(share)s of what the photo shows") % {"share": percent(told["share"])})
        elif told.get("kind") == "even":
            found.append(_("on an even ground, in good light"))
        elif told.get("kind") == "restless":
            found.append(_("ground or light leave doubt"))
        elif "photos" in told and "best" in told:
            found.append(_("%(chance)s on the photo that shows it best") % {"chance": percent(told["best"])})
            if told["photos"] > 1:
                many = ngettext(
                    "the confidence is the mean of %(count)s photo", "the confidence is the mean of %(count)s photos",
                    told["photos"],
                )  # fmt: skip
                found.append(many % {"count": figure(told["photos"])})
    return found


def picture(image: ProductImage | None) -> str:
    return reverse("picture", args=[LARGE, image.file.name]) if image is not None and image.file.name else ""


def photo_card(image: ProductImage, *, note: str = "") -> Card:
    """A photo without a suggestion; its `product` was read."""
    return Card(
        pk=image.pk, address=picture(image), product=image.product.localised("name"), note=note,
        page=reverse("admin:catalog_product_change", args=[image.product_id]),
    )  # fmt: skip


# --- what forms send ----------------------------------------------------------------------------------------------


def number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_PK else 0


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isdecimal() and len(text) < 6 else 1


def sent(request: HttpRequest) -> tuple[str, list[int]]:
    """The act and the numbers it is about: a button of one card (`accept` or `reject`, its number), or `act` on all
    that are ticked (`ids`, at most a page)."""
    for act in ("accept", "reject"):
        if one := number(request.POST.get(act, "")):
            return act, [one]
    ids = [number(text) for text in request.POST.getlist("ids")[:PAGE]]
    return request.POST.get("act", ""), [pk for pk in ids if pk]


def chosen_label(request: HttpRequest, name: str = "to") -> Label | None:
    rows = Label.objects.in_use().select_related("label_set", "category")
    return rows.filter(pk=number(request.POST.get(name, ""))).first()


@dataclass(frozen=True)
class Told:
    """What an act did: a sentence, the key that takes it back, whether it was refused, and which numbers came back."""

    text: str = ""
    undo: str = ""
    is_refused: bool = False


def told_of(outcome: Outcome, act: str) -> Told:
    """In words. What somebody else decided first is said, and stays as they left it."""
    if not outcome.count:
        return Told(_("Somebody else decided it meanwhile"))
    words = {
        "accept": ngettext("%(count)s accepted", "%(count)s accepted", outcome.count),
        "reject": ngettext("%(count)s rejected", "%(count)s rejected", outcome.count),
        "change": ngettext("%(count)s changed", "%(count)s changed", outcome.count),
        "keep": ngettext("%(count)s kept", "%(count)s kept", outcome.count),
    }
    text = words[act] % {"count": figure(outcome.count)}
    if outcome.late:
        late = ngettext(
            "%(count)s was decided by somebody else", "%(count)s were decided by somebody else", outcome.late
        )
        text = f"{text} · {late % {'count': figure(outcome.late)}}"
    return Told(text, outcome.undo)


def undone(request: HttpRequest) -> Told:
    back = deciding.undo(request.POST.get("key", ""), by=acting(request))
    if not back:
        return Told(_("Taken back"))
    return Told(ngettext("%(count)s waits again", "%(count)s wait again", len(back)) % {"count": figure(len(back))})


def answer(request: HttpRequest, do: Any, summary: Any, counts: Any = None) -> HttpResponse:
    """`do` the act; with `Accept: application/json` the answer is data for the script, else the page again. `counts`:
    what stands on tabs and labels now, by their addresses."""
    try:
        told: Told = undone(request) if request.POST.get("act") == "undo" else do(request)
    except DomainError as error:
        told = Told(str(error.message), is_refused=True)
    if request.headers.get("Accept") == "application/json":
        data = {"text": told.text, "undo": told.undo, "summary": summary(request)}
        if counts is not None:
            data["counts"] = counts(request)
        return JsonResponse(data, status=409 if told.is_refused else 200)
    if told.is_refused:
        messages.error(request, told.text)
    elif told.undo:
        toast(request, told.text, undo=request.path, act="undo", key=told.undo)
    elif told.text:
        toast(request, told.text)
    return HttpResponseRedirect(request.get_full_path())


def done_words(request: HttpRequest) -> str:
    done = tag_selectors.done_today(acting(request))
    return ngettext("%(count)s done today", "%(count)s done today", done) % {"count": figure(done)}


def keys(accept: str, reject: str, more: Iterable[tuple[str, str]] = ()) -> Sequence[tuple[str, str]]:
    return [
        ("← →", _("Next and previous photo; J and K too")),
        ("A", accept),
        ("R", reject),
        *more,
        ("X", _("Tick the photo")),
        ("S", _("Skip")),
        ("Z", _("Undo the last decision")),
        ("Shift A", _("The same for all photos shown of this label")),
        ("O", _("Open the product")),
    ]


def swatch(label: Label) -> str:
    """Key of a colour, so that its name has its colour beside it; empty for other labels."""
    return label.key if label.label_set.kind == "colour" and label.key in ColourName.values else ""
