"""The portrait of a customer for programs of staff."""

from typing import Any

from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.extensions import portrait_parts
from catalog.models import Customer
from core.api.permissions import HasStaffPermission
from core.api.schema import problems
from core.api.views import ApiView
from core.exceptions import NotFound
from crm.people.portrait import portrait


class FactsSerializer(serializers.Serializer):
    joined_at = serializers.DateTimeField()
    country = serializers.CharField()
    city = serializers.CharField()
    currency = serializers.CharField()
    paid_orders = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=18, decimal_places=4)
    last_order_at = serializers.DateTimeField(allow_null=True)
    orders_with_refund = serializers.IntegerField()
    given_back = serializers.DecimalField(
        max_digits=18, decimal_places=4, help_text="Refunds, in the base currency; also those that name no order."
    )


class ContactSerializer(serializers.Serializer):
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    birthday = serializers.DateField(allow_null=True)


class ConsentSerializer(serializers.Serializer):
    personalised = serializers.BooleanField()
    profile_since = serializers.DateTimeField(
        allow_null=True, help_text="The customer had forgotten what was learned before."
    )


class TraitSerializer(serializers.Serializer):
    kind = serializers.CharField()
    value = serializers.JSONField()
    reasons = serializers.ListField(child=serializers.JSONField())
    as_of = serializers.DateTimeField()
    model_version = serializers.IntegerField(allow_null=True)


class NamedGroupSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class InterestOfCustomerSerializer(NamedGroupSerializer):
    share = serializers.FloatField(help_text="Of what the person did lately, weighted by how much each act says.")


class ColourSerializer(serializers.Serializer):
    name = serializers.CharField()
    share = serializers.FloatField()


class InterestsOfCustomerSerializer(serializers.Serializer):
    acts = serializers.IntegerField()
    categories = InterestOfCustomerSerializer(many=True)
    brands = InterestOfCustomerSerializer(many=True)
    colours = ColourSerializer(many=True)
    price_from = serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True)
    price_to = serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True)


class RecommendedSerializer(serializers.Serializer):
    as_of = serializers.DateTimeField()
    products = serializers.ListField(child=serializers.CharField())


class SentimentsOfCustomerSerializer(serializers.Serializer):
    positive = serializers.IntegerField()
    neutral = serializers.IntegerField()
    negative = serializers.IntegerField()
    mixed = serializers.IntegerField()


class ReviewsOfCustomerSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    average_rating = serializers.FloatField(allow_null=True)
    one_or_two_stars = serializers.IntegerField()
    sentiments = SentimentsOfCustomerSerializer(help_text="Of reviews that were read, as staff corrected them.")


class TicketsOfCustomerSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    open = serializers.IntegerField()


class PointsOfCustomerSerializer(serializers.Serializer):
    balance = serializers.IntegerField()
    pending = serializers.IntegerField()
    owed = serializers.IntegerField()
    tier = serializers.CharField(allow_null=True)


class WrittenNoteSerializer(serializers.Serializer):
    text = serializers.CharField()
    written_at = serializers.DateTimeField()


class StaffNotesSerializer(serializers.Serializer):
    tags = serializers.ListField(child=serializers.CharField())
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]
    notes = WrittenNoteSerializer(many=True)


class NextStepOfCustomerSerializer(serializers.Serializer):
    step = serializers.CharField(help_text="What kind of step, such as late_order.")
    occasion = serializers.CharField(help_text="What it is about.")
    title = serializers.CharField()
    reason = serializers.CharField(help_text="The evidence, in words.")


class PortraitSerializer(serializers.Serializer):
    """A part is null when the token's owner may not see it, or there is nothing yet."""

    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    facts = FactsSerializer(allow_null=True)
    contact = ContactSerializer(allow_null=True)
    consent = ConsentSerializer(allow_null=True)
    scores = TraitSerializer(many=True, allow_null=True)
    segments = NamedGroupSerializer(many=True, allow_null=True)
    interests = InterestsOfCustomerSerializer(allow_null=True)
    recommended = RecommendedSerializer(allow_null=True)
    reviews = ReviewsOfCustomerSerializer(allow_null=True)
    tickets = TicketsOfCustomerSerializer(allow_null=True)
    loyalty = PointsOfCustomerSerializer(allow_null=True)
    staff_notes = StaffNotesSerializer(allow_null=True)
    next_step = NextStepOfCustomerSerializer(
        allow_null=True, help_text="What cannot wait, with its reason, from what the token's owner may see."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        """With the parts of the apps above, as these describe them."""
        fields: dict[str, serializers.Field] = super().get_fields()
        for one in portrait_parts:
            fields[one.key] = import_string(one.meta["serializer"])(many=one.meta.get("many", False), allow_null=True)
        return fields


class PortraitView(ApiView):
    permission_classes = [HasStaffPermission("catalog.view_customer")]

    @extend_schema(
        operation_id="staff_customers_portrait_get",
        summary="Read the portrait of a customer",
        description=(
            "What the page of the customer says: facts, consent, scores with reasons, segments, interests from "
            "behaviour, what was recommended, reviews, tickets, points, notes, the next step, consents to messages "
            "and what was sent. Each part needs the right that its panel needs. The ID of a record that was merged "
            "answers for the record that was kept."
        ),
        responses={200: PortraitSerializer, **problems(404)},
        tags=["staff"],
    )
    def get(self, request: Request, customer_id: str) -> Response:
        customer = Customer.objects.known_as(customer_id)
        if customer is None:
            raise NotFound("Nothing here has this ID.")
        found: dict[str, Any] = portrait(customer, request.user.has_perm)
        return Response(PortraitSerializer(found).data)
