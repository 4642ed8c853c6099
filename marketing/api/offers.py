"""What the shop offers to the customer who is signed in: the in-site channel."""

from typing import Any, cast

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.fields import PriceField
from catalog.api.people_views import current_customer
from catalog.api.serializers import PagedQuerySerializer
from core.api.ids import PUBLIC_ID
from core.api.pagination import KeysetPagination
from core.api.permissions import IsCustomer
from core.api.principals import CustomerAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiListView, ApiView
from marketing.models import CouponCode, Offer
from marketing.offers import selectors, showing


class OfferReasonSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=[(one, one) for one in selectors.REASONS])
    text = serializers.CharField(help_text="In the customer's language.")


class OfferMessageSerializer(serializers.Serializer):
    """What a campaign shows with it in the shop."""

    title = serializers.CharField(help_text="In the customer's language, as plain text; so is `text`.")
    text = serializers.CharField()
    seen = serializers.BooleanField(help_text="Whether `POST me/offers/{id}/acts` said so before.")


class OfferActSerializer(serializers.Serializer):
    act = serializers.ChoiceField(choices=[(one, one) for one in (showing.SEEN, showing.CLICKED)])


class MyOffersQuerySerializer(PagedQuerySerializer):
    products = PriceField(required=False, help_text="What the products of an order cost, in the base currency.")
    shipping = PriceField(required=False, help_text="What its delivery costs.")


class MyOfferSerializer(serializers.Serializer):
    """`amount`: a discount in the base currency or in percent, by `unit`; empty for free shipping."""

    id = serializers.CharField(help_text="Of the offer.")
    title = serializers.CharField(help_text="In the customer's language.")
    kind = serializers.ChoiceField(choices=[one for one in Offer.Kind.choices if one[0] != Offer.Kind.POINTS])
    unit = serializers.ChoiceField(choices=[one for one in Offer.Unit.choices if one[0] != Offer.Unit.POINTS])
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    least_order = serializers.CharField(allow_null=True, help_text="What the products of an order have to cost.")
    most_off = serializers.CharField(allow_null=True)
    code = serializers.CharField(help_text="For `coupon` of an order; with or without its hyphens.")
    given_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    takes_off = serializers.CharField(
        allow_null=True,
        help_text="From an order of `products` and `shipping`; null without `products`, and below `least_order`.",
    )
    reason = OfferReasonSerializer()
    message = OfferMessageSerializer(allow_null=True, help_text="Where a campaign of the in-site channel shows it.")
    campaign = serializers.CharField(allow_null=True, help_text="Public ID of the campaign that it came with.")


class NewestCodes(KeysetPagination):
    """A cursor is the public ID of an offer: each customer has one code of it."""

    ordering = ("-created_at", "-id")
    customer_id = 0

    def cursor_of(self, row: Any) -> str:
        return str(row.offer.public_id)

    def row_of(self, cursor: str) -> Q | None:
        return Q(offer__public_id=cursor, customer=self.customer_id) if PUBLIC_ID.fullmatch(cursor) else None


class MyOffersView(ApiListView):
    permission_classes = [IsCustomer]
    queryset = CouponCode.objects.none()
    filter_backends = []
    pagination_class = NewestCodes
    serializer_class = MyOfferSerializer

    @extend_schema(
        operation_id="me_offers",
        summary="List the customer's own open offers, newest first",
        description=(
            "Offers that were given to this customer, count now and were not used. A back end hands in the code as "
            "`coupon` with `POST orders`."
        ),
        parameters=[MyOffersQuerySerializer],
        responses={200: MyOfferSerializer(many=True), **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        asked = checked(MyOffersQuerySerializer, request.query_params)
        customer = current_customer(cast(CustomerAuth, request.auth))
        cast(NewestCodes, self.paginator).customer_id = customer.pk
        page = self.paginate_queryset(selectors.open_codes(customer.pk)) or []
        words = showing.shown(customer, page)
        rows = [selectors.offer_row(one, customer, words.get(one.pk)) for one in page]
        for row, one in zip(rows, page, strict=True):
            row["takes_off"] = selectors.takes_off(one.offer, asked.get("products"), asked.get("shipping"))
        return self.get_paginated_response(rows)


class MyOfferActsView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_offer_acts",
        summary="Say that the customer saw, or followed, what the shop shows with an offer",
        description="Each counts once for the campaign that shows it, however often it is said.",
        request=OfferActSerializer,
        responses={204: None, **problems(404)},
        tags=["me"],
    )
    def post(self, request: Request, offer_id: str) -> Response:
        form = OfferActSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        showing.note(current_customer(cast(CustomerAuth, request.auth)), offer_id, form.validated_data["act"])
        return Response(status=status.HTTP_204_NO_CONTENT)
