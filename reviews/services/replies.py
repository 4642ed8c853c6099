"""The shop answers: a draft, made from a template or by hand, that a person sends."""

import re
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.models import StaffUser
from core.shop import current_shop
from reviews.exceptions import BadInput
from reviews.models import ReplyTemplate, Review, ReviewReply
from reviews.models.replies import REPLY_LENGTH

TAGS = ("name", "product", "shop")
_TAG = re.compile(r"\{([^{}]*)\}")


def unknown_tags(text: str) -> list[str]:
    """What stands in braces and is no tag, so that a template is refused before somebody reads it."""
    return [name for name in _TAG.findall(text) if name not in TAGS]


def fill_template(template: ReplyTemplate, review: Review) -> str:
    """The text for this review, in its language. Without a known name the greeting stays general."""
    language = review.language or template.language or None
    # Words of ours are in the script of the template: there may be none in that of the review.
    with translation.override(template.language or language or translation.get_language()):
        anybody = _("customer")
    values: Mapping[str, str] = {
        "name": review.author or anybody,
        "product": review.product.localised("name", language),
        "shop": current_shop().name,
    }
    return _TAG.sub(lambda found: values.get(found[1], found[0]), template.text)


def draft_reply(review: Review, text: str, *, by: StaffUser) -> ReviewReply:
    """Keep what was written so far. A reply that was sent stays as it is until the new text is sent."""
    return _write(review, text, by=by, send=False)


def send_reply(review: Review, text: str, *, by: StaffUser) -> ReviewReply:
    """Show it below the review. Raises BadInput for an empty or too long text."""
    return _write(review, text, by=by, send=True)


def remove_reply(review: Review) -> None:
    ReviewReply.objects.filter(review=review).delete()


@transaction.atomic
def _write(review: Review, text: str, *, by: StaffUser, send: bool) -> ReviewReply:
    text = text.strip()
    if not text:
        raise BadInput(_("The reply is empty."), extra={"field": "text"})
    if len(text) > REPLY_LENGTH:
        raise BadInput(
            _("The reply is longer than %(most)d characters.") % {"most": REPLY_LENGTH}, extra={"field": "text"}
        )
    known = ReviewReply.objects.select_for_update().filter(review=review).first()
    if known is not None and known.sent_at is not None and not send:
        raise BadInput(_("This reply was sent already. Send it again to change it."), extra={"field": "text"})
    reply = known or ReviewReply(review=review)
    reply.text, reply.written_by = text, by
    if send:
        reply.sent_at = timezone.now()
    reply.save()
    return reply
