"""What goes in and out of the recommendation endpoints. Answers are built as plain dictionaries on the serving path;
the serializers here check the questions and describe the answers in the schema."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from catalog.devices import DEVICES
from core.api.ids import IdField, IdListField
from recommender.answers import CHAIN, FALLBACK, Answer

MAX_ITEMS = 50
PLACEMENT = r"^[a-z][a-z0-9_-]{0,39}$"


class SimilarQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_ITEMS, default=10)
    exclude = IdListField(most=60, help_text="Products to leave out.")
    lang = serializers.ChoiceField(choices=[code for code, _name in settings.LANGUAGES], required=False)
    customer = IdField(required=False, help_text="Server keys only; a customer token already says who asks.")
    visitor = serializers.CharField(max_length=64, required=False, help_text="The visitor ID sent with events.")


class RecommendationQuerySerializer(SimilarQuerySerializer):
    placement = serializers.RegexField(
        PLACEMENT, default="home", help_text="Where the answer is shown, such as `home`."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_ITEMS, required=False, help_text="Default: as many as the placement has slots."
    )
    product = IdField(required=False, help_text="The product whose page is shown.")
    category = IdField(
        required=False, help_text="The category whose page is shown: nothing from outside it and what lies below it."
    )
    basket = IdListField(most=30, help_text="What lies in the basket.")
    device = serializers.ChoiceField(
        choices=DEVICES, required=False, help_text="Told by the browser's name when left out; for servers to say."
    )


class ReasonSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable, such as `because_you_viewed` or `popular`.")
    text = serializers.CharField(help_text="For people, in the language of the request.")
    product = serializers.CharField(allow_null=True, help_text="The product that speaks for this one.")
    share = serializers.FloatField(allow_null=True, help_text="How much of the score comes from it, 0 to 1.")


class RecommendedProductSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    price = serializers.CharField()
    currency = serializers.CharField()
    image = serializers.CharField(allow_null=True)
    url = serializers.CharField()


class RecommendedItemSerializer(serializers.Serializer):
    product = RecommendedProductSerializer()
    reason = ReasonSerializer()
    source = serializers.ChoiceField(CHAIN, help_text="The step of the chain that gave it.")  # type: ignore[assignment]


class RecommendationsSerializer(serializers.Serializer):
    id = serializers.CharField(help_text="Signed; send it back with events so that they can be credited.")
    placement = serializers.CharField(
        help_text="Under what the list is counted: the placement, or `product/similar` and `product/together`."
    )
    strategy = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[*CHAIN, FALLBACK],
        help_text="The best step of the chain that was used; `fallback` when no model could be used.",
    )
    model_version = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the model last saw data.")
    stale = serializers.BooleanField(
        help_text="The database is away: popular products as they were at the last look, at most ten minutes ago."
    )
    experiment = serializers.CharField(allow_null=True, help_text="Key of the experiment this person takes part in.")
    arm = serializers.CharField(allow_null=True, help_text="Key of the arm that decided what is shown.")
    shortfall = serializers.ChoiceField(
        choices=["no_fill", "rules", "nothing_left"],
        allow_null=True,
        help_text="Why there are fewer items than asked for: the placement wants a shorter list, no more pass its "
        "rules, or no more are for sale and new to this person.",
    )
    items = RecommendedItemSerializer(many=True)


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """The body of an answer."""
    return {
        "id": answer.id,
        "placement": answer.placement,
        "strategy": answer.strategy,
        "source": answer.source,
        "model_version": answer.model_version,
        "as_of": answer.as_of,
        "stale": answer.is_stale,
        "experiment": answer.placed.experiment if answer.placed else None,
        "arm": answer.placed.arm if answer.placed else None,
        "shortfall": answer.shortfall or None,
        "items": [
            {
                "product": item.card.json,
                "reason": {
                    "code": item.reason.code,
                    "text": item.reason.text,
                    "product": item.reason.product_public_id,
                    "share": round(item.reason.share, 3) if item.reason.share is not None else None,
                },
                "source": item.source,
            }
            for item in answer.items
        ],
    }
