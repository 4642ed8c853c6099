"""What a person may know and decide about their recommendations."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import services
from catalog.api.callers import customer_asked_for
from catalog.api.people_views import current_customer
from catalog.api.views import checked
from catalog.models import Customer, Product
from core.api import ids
from core.api.ids import IdField
from core.api.permissions import HasScope, IsCustomer
from core.api.principals import CustomerAuth
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope
from core.money import amount_text
from core.shop import current_shop
from recommender import profile, selectors
from recommender.api.serializers import ReasonSerializer
from recommender.profile import Interest


class ChoicesSerializer(serializers.Serializer):
    personalised = serializers.BooleanField(help_text="False: the same recommendations as everybody.")


class InterestSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    share = serializers.FloatField(help_text="Of what the person did, weighted; 0 to 1.")


class UsualPricesSerializer(serializers.Serializer):
    low = serializers.CharField()
    high = serializers.CharField()
    currency = serializers.CharField()


class InterestsSerializer(serializers.Serializer):
    """Learned from the last acts, most first. Empty when personalisation is off."""

    acts = serializers.IntegerField(help_text="So many acts they come from.")
    categories = InterestSerializer(many=True)
    brands = InterestSerializer(many=True)
    prices = UsualPricesSerializer(allow_null=True, help_text="The middle half of the products' prices.")


class PreferencesSerializer(ChoicesSerializer):
    profile_since = serializers.DateTimeField(
        allow_null=True, help_text="Nothing older is used: the person had their profile forgotten then."
    )
    interests = InterestsSerializer()


def _person(request: Request) -> Customer:
    return current_customer(cast(CustomerAuth, request.auth))


def _interest(one: Interest) -> dict[str, Any]:
    return {"id": one.public_id, "name": one.name, "share": round(one.share, 3)}


def _shown(customer: Customer) -> dict[str, Any]:
    found = profile.interests(profile.of_customer(customer))
    prices = None
    if found.prices is not None:
        low, high = map(amount_text, found.prices)
        prices = {"low": low, "high": high, "currency": current_shop().base_currency}
    return {
        "personalised": customer.is_personalised,
        "profile_since": customer.profile_since,
        "interests": {
            "acts": found.acts,
            "categories": [_interest(one) for one in found.categories],
            "brands": [_interest(one) for one in found.brands],
            "prices": prices,
        },
    }


class MyPreferencesView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_preferences_get",
        summary="Read the customer's choices, and what was learned about them",
        responses={200: PreferencesSerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        return Response(_shown(_person(request)))

    @extend_schema(
        operation_id="me_preferences_put",
        summary="Change the customer's choices",
        description="With `personalised: false` the very next answer is the same as everybody's.",
        request=ChoicesSerializer,
        responses={200: PreferencesSerializer, **problems(404)},
        tags=["me"],
    )
    def put(self, request: Request) -> Response:
        wanted = checked(ChoicesSerializer, request.data)
        return Response(_shown(services.choose_personalisation(_person(request).pk, wanted=wanted["personalised"])))


class MyProfileResetView(ApiView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="me_preferences_reset",
        summary="Have what was learned forgotten",
        description=(
            "What the customer and their browsers did until now is used no more, neither by the very next answer nor "
            "by the next training. Orders stay. It cannot be taken back."
        ),
        request=None,
        responses={200: PreferencesSerializer, **problems(404)},
        tags=["me"],
    )
    def post(self, request: Request) -> Response:
        return Response(_shown(profile.forget(_person(request).pk)))


class WhyQuerySerializer(serializers.Serializer):
    recommendation = serializers.CharField(max_length=300, required=False, help_text="The ID of the list it stands in.")
    visitor = serializers.CharField(max_length=64, required=False, help_text="The visitor ID sent with events.")
    customer = IdField(required=False, help_text="Server keys only; a customer token already says who asks.")
    page = IdField(required=False, help_text="The product whose page it is shown on.")


class WhySerializer(serializers.Serializer):
    reason = ReasonSerializer()
    personal = serializers.BooleanField(help_text="Whether something the person did speaks for it.")
    placement = serializers.CharField(allow_null=True, help_text="Of the list, when its ID is ours.")
    shown_at = serializers.DateTimeField(allow_null=True, help_text="When that list was made.")


class WhyView(ApiView):
    """Why am I seeing this?"""

    permission_classes = [HasScope(Scope.RECOMMENDATIONS)]

    @extend_schema(
        operation_id="products_why",
        summary="Say why this person is shown this product",
        parameters=[WhyQuerySerializer],
        responses={200: WhySerializer, **problems(404)},
        tags=["recommendations"],
    )
    def get(self, request: Request, product_id: str) -> Response:
        query = checked(WhyQuerySerializer, request.query_params)
        product = ids.get(Product.objects.live(), product_id)
        page = ids.find(Product.objects.live(), query["page"]) if "page" in query else None
        customer = customer_asked_for(request, query.get("customer"))
        who = selectors.person(customer=customer, visitor=query.get("visitor", ""))
        found = profile.why(
            product, who, recommendation=query.get("recommendation", ""), page_product_id=page.pk if page else None
        )
        return Response(
            {
                "reason": {
                    "code": found.reason.code,
                    "text": found.reason.text,
                    "product": found.reason.product_public_id,
                    "share": None if found.reason.share is None else round(found.reason.share, 3),
                },
                "personal": found.is_personal,
                "placement": found.placement or None,
                "shown_at": found.made_at,
            }
        )
