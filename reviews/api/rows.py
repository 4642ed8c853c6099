"""Reviews as plain dictionaries."""

from typing import Any

from catalog.selectors import image_url
from reviews.models import Review, ReviewPhoto
from reviews.selectors import QuoteShown, Stars, Summary

Row = dict[str, Any]


def review_row(review: Review) -> Row:
    """What anybody may read of it. Reads `photos` and `reply`, which the selectors bring along."""
    reply = getattr(review, "reply", None)
    return {
        "id": review.public_id,
        "rating": review.rating,
        "title": review.title,
        "text": review.text,
        "language": review.language,
        "author": review.author,
        "verified": review.is_verified,
        "written_at": review.written_at,
        "helpful": review.helpful_votes,
        "photos": [photo_row(photo) for photo in review.photos.all() if photo.state == ReviewPhoto.State.SHOWN],
        "reply": {"text": reply.text, "sent_at": reply.sent_at} if reply is not None and reply.sent_at else None,
    }


def own_row(review: Review) -> Row:
    """For who wrote it."""
    return review_row(review) | {
        "product": {
            "id": review.product.public_id,
            "external_id": review.product.external_id,
            "name": review.product.localised("name"),
        },
        "photos": [own_photo_row(photo) for photo in review.photos.all()],
        "status": review.status,
        "reason": review.reason,
        "reason_text": review.get_reason_display() if review.reason else "",
        "note": review.reason_note,
    }


def photo_row(photo: ReviewPhoto) -> Row:
    return {"url": image_url(photo.file.name), "width": photo.width, "height": photo.height}


def own_photo_row(photo: ReviewPhoto) -> Row:
    """For who sent it: others see it once staff have looked."""
    return photo_row(photo) | {"status": photo.state}


def stars_row(stars: Stars) -> Row:
    return {
        "count": stars.count,
        "average": stars.average,
        "stars": [{"stars": each, "count": count} for each, count, _share in stars.shares],
        "verified": stars.verified,
        "with_photos": stars.with_photos,
    }


def summary_row(summary: Summary) -> Row:
    return {
        "reviews": summary.reviews,
        "positive_share": None if summary.share is None else round(summary.share, 3),
        "aspects": [
            {
                "aspect": one.key, "title": one.title, "positive": one.positive, "neutral": one.neutral,
                "negative": one.negative,
            }
            for one in summary.aspects
        ],
        "praise": [_quote_row(one) for one in summary.praise],
        "complaints": [_quote_row(one) for one in summary.complaints],
        "as_of": summary.made_at,
        "model_version": summary.version,
    }  # fmt: skip


def _quote_row(quote: QuoteShown) -> Row:
    return {
        "text": quote.text, "review": quote.review.public_id, "aspect": quote.aspect, "language": quote.language,
        "support": quote.support, "verified": quote.review.is_verified,
    }  # fmt: skip
