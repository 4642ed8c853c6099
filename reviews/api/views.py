"""Reviews of a product: read, written, found helpful, complained about."""

from typing import Any, cast

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.callers import customer_asked_for
from catalog.models import Customer, Product
from core.api import ids
from core.api.pagination import KeysetPagination
from core.api.permissions import HasScope
from core.api.principals import CustomerAuth, KeyAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiListView, ApiView
from core.exceptions import NotFound
from core.models import Scope
from reviews import selectors, services
from reviews.api.rows import own_row, review_row, stars_row, summary_row
from reviews.api.serializers import (
    ComplaintAnswerSerializer,
    ComplaintSerializer,
    HelpfulSerializer,
    MyReviewSerializer,
    ReviewFilterSerializer,
    ReviewQuerySerializer,
    ReviewSerializer,
    ReviewSummarySerializer,
    SubmitReviewSerializer,
    VoiceQuerySerializer,
    VoiceSerializer,
)
from reviews.languages import guess_language
from reviews.models import Review, ReviewPhoto
from reviews.services import Voice

ORDERS = {
    "newest": ("-written_at", "-id"),
    "helpful": ("-helpful_votes", "-id"),
    "highest": ("-rating", "-written_at", "-id"),
    "lowest": ("rating", "-written_at", "-id"),
}


def shown_product(ident: str) -> Product:
    """A product that the shop shows. Raises NotFound."""
    return ids.get(Product.objects.live(), ident)


class ReviewPages(KeysetPagination):
    """In the order that the caller asks for."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.ordering = ORDERS[request.query_params.get("sort") or "newest"]
        return super().paginate_queryset(queryset, request, view)


class ProductReviewsView(ApiListView):
    permission_classes = [HasScope(Scope.REVIEWS)]
    queryset = Review.objects.none()
    filter_backends = []
    pagination_class = ReviewPages
    serializer_class = ReviewSerializer

    @extend_schema(
        operation_id="reviews_list",
        summary="List published reviews of a product",
        parameters=[ReviewFilterSerializer],
        responses={200: ReviewSerializer(many=True)},
        tags=["reviews"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        wanted = checked(ReviewQuerySerializer, request.query_params)
        rows = _narrowed(selectors.shown_reviews(shown_product(product_id).pk), wanted)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response([review_row(review) for review in page or ()])

    @extend_schema(
        operation_id="reviews_submit",
        summary="Write a review",
        description=(
            "One for each customer and product, with a customer token or, for back ends, a server key and `customer`. "
            "It is not shown before a member of staff has published it. Stars alone are enough. Tags are taken out of "
            "the words. Photos follow by `POST me/reviews/{id}/photos`."
        ),
        request=SubmitReviewSerializer,
        responses={201: MyReviewSerializer, **problems(404, 409)},
        examples=[
            OpenApiExample(
                "Five stars",
                request_only=True,
                value={"rating": 5, "title": "Stays warm", "text": "Two hours later still hot.", "author": "Ana"},
            )
        ],
        tags=["reviews"],
    )
    def post(self, request: Request, product_id: str) -> Response:
        form = checked(SubmitReviewSerializer, request.data)
        content = {name: form.get(name, "") for name in ("title", "text", "author", "language")}
        content["language"] = content["language"] or guess_language(f"{content['title']}\n{content['text']}")
        review = services.submit_review(
            customer=_writer(request, form.get("customer")),
            product=shown_product(product_id),
            content=services.NewReview(rating=form["rating"], **content),
        )
        stored = selectors.with_details(Review.objects.filter(pk=review.pk)).get()
        return Response(own_row(stored), status.HTTP_201_CREATED)


def _narrowed(rows: QuerySet[Review], wanted: dict[str, Any]) -> QuerySet[Review]:
    if "rating" in wanted:
        rows = rows.filter(rating=wanted["rating"])
    if wanted["verified"] is not None:
        rows = rows.filter(is_verified=wanted["verified"])
    if wanted["with_photos"] is not None:
        has = Exists(ReviewPhoto.objects.shown().filter(review=OuterRef("pk")))
        rows = rows.filter(has if wanted["with_photos"] else ~has)
    if "language" in wanted:
        rows = rows.filter(language=wanted["language"])
    if "review" in wanted:
        rows = rows.filter(public_id=wanted["review"])
    return rows


def _writer(request: Request, wanted: str | None) -> Customer:
    """The customer who speaks. A publishable key speaks for nobody."""
    if isinstance(request.auth, KeyAuth) and not request.auth.is_server:
        raise PermissionDenied(_("A review needs a customer token or a server key."))
    customer = customer_asked_for(request, wanted)
    if customer is None:
        missing = _("Say whose review it is.") if wanted is None else _("Nothing here has this ID.")
        raise serializers.ValidationError({"customer": [missing]}, code="required" if wanted is None else "unknown_id")
    return customer


class ReviewSummaryView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]

    @extend_schema(
        operation_id="reviews_summary",
        summary="Sum up the reviews of a product",
        description=(
            "Stars at any time; from eight published reviews on `in_words` has what they praise and blame, with "
            "sentences of theirs, each word for word and with the review it stands in."
        ),
        responses={200: ReviewSummarySerializer},
        tags=["reviews"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        product = shown_product(product_id).pk
        stars = selectors.stars_of(product)
        summary = selectors.summary_of(product, get_language() or "en") if stars.count >= selectors.FROM else None
        in_words = None if summary is None else summary_row(summary)
        return Response(stars_row(stars) | {"in_words": in_words})


def published_review(ident: str) -> Review:
    """Raises NotFound for one that nobody may read, as for one that is not there."""
    return ids.get(Review.objects.published().filter(product__in=Product.objects.live()), ident)


def _voice(request: Request, visitor: str) -> Voice:
    """Who votes or complains: the token's customer, else the browser."""
    if isinstance(request.auth, CustomerAuth):
        return Voice(customer=customer_asked_for(request, None))
    return Voice(visitor=visitor)


class HelpfulView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]
    stores_answers = False  # voting twice is voting once

    @extend_schema(
        operation_id="reviews_helpful",
        summary="Find a review helpful",
        description="Counts once for each customer or, without a customer token, for each `visitor`.",
        request=VoiceSerializer,
        responses={200: HelpfulSerializer, **problems(409)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: str) -> Response:
        form = checked(VoiceSerializer, request.data)
        votes = services.vote_helpful(published_review(review_id), _voice(request, form.get("visitor", "")))
        return Response({"helpful": votes})

    @extend_schema(
        operation_id="reviews_helpful_back",
        summary="Take the vote back",
        parameters=[VoiceSerializer],
        responses={200: HelpfulSerializer},
        tags=["reviews"],
    )
    def delete(self, request: Request, review_id: str) -> Response:
        form = checked(VoiceQuerySerializer, request.query_params)
        votes = services.take_vote_back(published_review(review_id), _voice(request, form.get("visitor", "")))
        return Response({"helpful": votes})


class ComplaintView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]
    stores_answers = False  # the second complaint of a person changes nothing

    @extend_schema(
        operation_id="reviews_report",
        summary="Complain about a review",
        description="Staff look at it; the review stays until they decide.",
        request=ComplaintSerializer,
        responses={200: ComplaintAnswerSerializer, **problems(409)},
        tags=["reviews"],
    )
    def post(self, request: Request, review_id: str) -> Response:
        form = checked(ComplaintSerializer, request.data)
        is_new = services.report_review(
            published_review(review_id), _voice(request, form.get("visitor", "")),
            reason=form["reason"], note=form.get("note", ""),
        )  # fmt: skip
        return Response({"new": is_new})


def own_review(request: Request, ident: str) -> Review:
    """Of the customer whose token this is. Raises NotFound for those of others."""
    customer = Customer.objects.known_as(cast(CustomerAuth, request.auth).customer)
    if customer is None:
        raise NotFound(_("Nothing here has this ID."))
    return ids.get(selectors.reviews_by(customer.pk), ident)
