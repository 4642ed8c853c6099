"""The page of one review: what was written, what others complain about, the decision, the reply."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Subquery
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from catalog.admin import cells as shared
from catalog.admin.notices import acting, came_from
from catalog.models import Order
from catalog.thumbnails import first_thumbnail
from core import history
from core.components import figure, toast, when
from core.exceptions import DomainError
from reviews import selectors, services
from reviews.admin import aspects_said, cells, reading, suspicion
from reviews.admin.marks import marked
from reviews.exceptions import BadInput
from reviews.models import AspectCorrection, ReplyTemplate, Review, ReviewPhoto, ReviewReply, Sentiment
from reviews.models.replies import REPLY_LENGTH
from reviews.roles import CORRECT, HIDE_QUOTE, MODERATE

Status = Review.Status
WRITE_REPLY, REMOVE_REPLY = "reviews.change_reviewreply", "reviews.delete_reviewreply"
LONGEST_PK = 18
DIGEST_LENGTH = 32


def done_words(act: str, count: int) -> str:
    """What a toast says after `published`, `rejected`, `pending` (put back), `kept` or `undone`."""
    text = {
        Status.PUBLISHED.value: ngettext("%(count)s review published", "%(count)s reviews published", count),
        Status.REJECTED.value: ngettext("%(count)s review rejected", "%(count)s reviews rejected", count),
        Status.PENDING.value: ngettext("%(count)s review waits again", "%(count)s reviews wait again", count),
        "kept": ngettext("%(count)s review stays published", "%(count)s reviews stay published", count),
        "undone": ngettext("Undone for %(count)s review", "Undone for %(count)s reviews", count),
    }[act]
    return text % {"count": figure(count)}


def words_of(decision: services.Decision, status: str) -> str:
    """What a decision did, in a few words; empty when it changed nothing."""
    if decision.decided:
        return done_words(str(status), len(decision.decided))
    return done_words("kept", len(decision.kept)) if decision.kept else ""


def tell(request: HttpRequest, decision: services.Decision, status: str) -> None:
    """How many are decided, and the way back."""
    text = words_of(decision, status)
    if text:
        toast(request, text, undo=reverse("admin:reviews_review_undo"), key=decision.undo)
    else:
        messages.info(request, _("Nothing to change: the reviews are like that already"))


class ReviewPageMixin:
    """The page, and what is posted from it. `self` is a StaffModelAdmin."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        pk = unquote(object_id)
        review = _review(int(pk)) if pk.isdecimal() and len(pk) <= LONGEST_PK else None
        if review is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        return self._page(request, review, **(extra_context or {}))

    def _page(self, request: HttpRequest, review: Review, **more: Any) -> HttpResponseBase:
        user, reply = request.user, getattr(review, "reply", None)
        may_moderate, may_reply = user.has_perm(MODERATE), user.has_perm(WRITE_REPLY)
        mentions = list(review.aspects.filter(aspect__is_active=True).select_related("aspect"))
        said = aspects_said.corrections_of(review)
        reports = list(review.reviewreports.order_by("closed_at", "id"))  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": cells.words(review, 70),
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": review,
            "object_id": str(review.pk),
            "head_pill": cells.status(review),
            "review": review,
            "stars": cells.stars(review.rating),
            "words": marked(review, mentions),
            "has_marks": any(one.start is not None for one in mentions),
            "aspect_rows": aspects_said.rows_of(mentions, said),
            "may_correct": user.has_perm(CORRECT),
            "photos": cells.photos(review),
            "picture": shared.picture(first_thumbnail(review.product)),
            "product": review.product.localised("name"),
            "facts": _facts(request, review),
            "customer": _customer(request, review),
            "open_reports": [one for one in reports if one.closed_at is None],
            "closed_reports": [one for one in reports if one.closed_at is not None],
            "reasons": Review.Reason.choices,
            "reason": review.reason,
            "note": review.reason_note,
            "timeline": _timeline(review, reply, said.values()),
            "reply": reply,
            "reply_pill": cells.reply_state(reply),
            "reply_text": reply.text if reply else "",
            "reply_most": REPLY_LENGTH,
            "templates": selectors.templates_for(review) if may_reply else [],
            "may_moderate": may_moderate,
            "may_reply": may_reply,
            "may_remove_reply": user.has_perm(REMOVE_REPLY),
            "may_add_template": user.has_perm("reviews.add_replytemplate"),
            "may_publish": may_moderate
            and (
                review.status != Status.PUBLISHED
                or review.open_reports > 0
                or review.is_suspected
                or review.has_new_photos
            ),
            **_suspicion(request, review),
            **reading.shown(request, review),
            "media": self.media,  # type: ignore[attr-defined]
            "is_popup": False,
            "change": True,
            "preserved_filters": self.get_preserved_filters(request),  # type: ignore[attr-defined]
            **more,
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/reviews/review.html", context)

    def history_entries(self, obj: Review, *, may_undo: bool) -> list[history.Entry]:
        """Its own story: written, decided, answered."""
        review = _review(obj.pk) or obj
        return [
            history.Entry(at=at, who=who, note=text)
            for _shape, text, who, at in _timeline(
                review, getattr(review, "reply", None), aspects_said.corrections_of(review).values()
            )
        ]

    # --- acts ---------------------------------------------------------------------------------------------------

    @method_decorator(require_POST)
    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`act`: publish (one that is published stays, its complaints are closed), reject or put_back."""
        if not request.user.has_perm(MODERATE):
            raise PermissionDenied
        review = get_object_or_404(Review, pk=pk)
        act, by = request.POST.get("act", ""), acting(request)
        if act == "publish":
            tell(request, services.publish([pk], by=by, photos=cells.seen_photos(request.POST)), Status.PUBLISHED)
        elif act == "put_back":
            tell(request, services.put_back([pk], by=by), Status.PENDING)
        elif act == "reject":
            reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
            try:
                tell(request, services.reject([pk], by=by, reason=reason, note=note), Status.REJECTED)
            except BadInput as error:
                shown = _review(review.pk) or review
                return self._page(
                    request, shown, reason=reason, note=note, decision_error=error, error_field=_at(error)
                )
        return HttpResponseRedirect(reverse("admin:reviews_review_change", args=[pk]))

    @method_decorator(require_POST)
    def reply_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`template`: its text joins what is typed, nothing is stored. `act`: draft, send or remove."""
        if not request.user.has_perm(WRITE_REPLY):
            raise PermissionDenied
        review = _review(pk)
        if review is None:
            get_object_or_404(Review, pk=pk)
            raise PermissionDenied
        text, act, by = request.POST.get("text", ""), request.POST.get("act", ""), acting(request)
        here = reverse("admin:reviews_review_change", args=[pk])
        if template := request.POST.get("template", ""):
            return self._page(request, review, reply_text=_joined(text, template, review), is_filled=True)
        try:
            if act == "send":
                services.send_reply(review, text, by=by)
                toast(request, _("Reply sent"))
            elif act == "draft":
                services.draft_reply(review, text, by=by)
                toast(request, _("Draft kept"))
            elif act == "remove":
                self._remove_reply(request, review)
        except DomainError as error:
            return self._page(request, review, reply_text=text, reply_error=error)
        return HttpResponseRedirect(f"{here}#reply" if act == "draft" else here)

    @method_decorator(require_POST)
    def photo_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`photo` and its `state`, shown or hidden."""
        if not request.user.has_perm(MODERATE):
            raise PermissionDenied
        key, state = request.POST.get("photo", ""), request.POST.get("state", "")
        number = int(key) if key.isdecimal() and len(key) <= LONGEST_PK else 0
        photo = get_object_or_404(ReviewPhoto, pk=number, review=pk)
        try:
            services.judge_photo(photo, state, by=acting(request))
        except BadInput as error:
            messages.error(request, str(error.message))
        else:
            other = ReviewPhoto.State.HIDDEN if state == ReviewPhoto.State.SHOWN else ReviewPhoto.State.SHOWN
            words = _("Photo hidden") if state == ReviewPhoto.State.HIDDEN else _("Photo shown to everybody")
            toast(request, words, undo=request.path, photo=photo.pk, state=other)
        return HttpResponseRedirect(reverse("admin:reviews_review_change", args=[pk]))

    @method_decorator(require_POST)
    def quote_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """`act` hide or show, `digest` of the sentence: whether summaries may quote it."""
        if not request.user.has_perm(HIDE_QUOTE):
            raise PermissionDenied
        review = get_object_or_404(Review, pk=pk)
        digest = request.POST.get("digest", "")
        if len(digest) == DIGEST_LENGTH:
            if request.POST.get("act") == "show":
                services.show_quote(review, digest)
                toast(request, _("The quote may be shown again"))
            else:
                services.hide_quote(review, digest, by=acting(request))
                again = reverse("admin:reviews_review_quote", args=[pk])
                toast(request, _("Quote hidden"), undo=again, act="show", digest=digest)
        product = reverse("admin:catalog_product_change", args=[review.product_id])
        return HttpResponseRedirect(came_from(request, product))

    @staticmethod
    def _remove_reply(request: HttpRequest, review: Review) -> None:
        """Undo writes it again, as it was: sent or a draft."""
        if not request.user.has_perm(REMOVE_REPLY):
            raise PermissionDenied
        reply = getattr(review, "reply", None)
        if reply is None:
            return
        services.remove_reply(review)
        again = reverse("admin:reviews_review_reply", args=[review.pk])
        toast(request, _("Reply removed"), undo=again, act="send" if reply.sent_at else "draft", text=reply.text)


def _review(pk: int) -> Review | None:
    rows = selectors.with_details(Review.objects.filter(pk=pk)).select_related(
        "customer", "decided_by", "suspicion__genuine_by", "reading__model_version", "reading__corrected_by"
    )  # fmt: skip
    return rows.select_related("reply__written_by").prefetch_related("product__images").first()


def _suspicion(request: HttpRequest, review: Review) -> dict[str, Any]:
    """Its score with the reasons in words, and what staff said of it."""
    if not suspicion.may_see(request):
        return {}
    found = getattr(review, "suspicion", None)
    return {
        "suspicion": found,
        "suspicion_badge": suspicion.badge(found, lead=False),
        "suspicion_why": suspicion.sentences(found) if found is not None else [],
    }


def _at(error: BadInput) -> str:
    return str(error.extra.get("field", ""))


def _joined(text: str, template: str, review: Review) -> str:
    """What is typed stays; the template follows it."""
    found = (
        ReplyTemplate.objects.filter(pk=int(template)).first() if template.isdecimal() and len(template) < 19 else None
    )
    filled = services.fill_template(found, review) if found is not None else ""
    return "\n\n".join(filter(None, [text.strip(), filled]))


def _facts(request: HttpRequest, review: Review) -> list[tuple[Any, Any]]:
    return [
        (_("Verified purchase"), _("yes") if review.is_verified else _("no")),
        (pgettext("review", "Written"), when(review.written_at)),
        (_("Language"), cells.language(review)),
        (_("Found helpful"), figure(review.helpful_votes)),
        (_("Own ID"), review.external_id or "–"),
    ]


def _customer(request: HttpRequest, review: Review) -> dict[str, Any] | None:
    """Who wrote it and how well the shop knows them; None where there is nobody to show or nobody may see. One
    query."""
    if review.customer is None or not request.user.has_perm("catalog.view_customer"):
        return None
    paid = Order.objects.filter(customer=review.customer, paid_at__isnull=False).order_by().values("customer")
    written, orders = (
        Review.objects.filter(customer=review.customer).order_by().values("customer")
        .annotate(written=Count("pk"), orders=Subquery(paid.annotate(count=Count("pk")).values("count")))
        .values_list("written", "orders").get()
    )  # fmt: skip
    rows = [
        (_("Paid orders"), figure(orders or 0)),
        (_("Customer since"), shared.day(review.customer.joined_at)),
        (_("Reviews"), figure(written)),
    ]
    address = reverse("admin:catalog_customer_change", args=[review.customer.pk])
    return {"name": str(review.customer), "url": address, "rows": rows}


def _timeline(
    review: Review, reply: ReviewReply | None, aspects: Iterable[AspectCorrection]
) -> list[tuple[str, str, str, Any]]:
    """(shape, sentence, who, moment), newest first."""
    gone = _("somebody who is not here any more")
    events: list[tuple[str, str, str, Any]] = [
        ("○", pgettext("review", "Written"), review.author or _("a customer"), review.written_at)
    ]
    if review.decided_at:
        shape, text = (
            ("✓", pgettext("review", "Published")) if review.status == Status.PUBLISHED else ("✕", _("Rejected"))
        )
        parts = [text, review.get_reason_display() if review.reason else "", review.reason_note]
        events.append((shape, " · ".join(filter(None, parts)), str(review.decided_by or gone), review.decided_at))
    read = reading.reading_of(review)
    if read is not None and read.corrected and read.corrected_at:
        said = _("Corrected to %(what)s") % {"what": Sentiment(read.corrected).label}
        events.append(("✎", said, str(read.corrected_by or gone), read.corrected_at))
    events += aspects_said.events(aspects, gone)
    for photo in review.photos.all():
        if photo.looked_at and photo.state == ReviewPhoto.State.HIDDEN:
            events.append(("✕", _("Photo hidden"), str(photo.looked_by or gone), photo.looked_at))
    if reply is not None:
        shape, text, at = ("✓", _("Reply sent"), reply.sent_at) if reply.sent_at else (
            "✦", _("Reply draft kept"), reply.updated_at
        )  # fmt: skip
        events.append((shape, text, str(reply.written_by or _("the shop")), at))
    return sorted(events, key=lambda event: event[3], reverse=True)
