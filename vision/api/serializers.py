"""What goes in and out of the search by photo."""

from rest_framework import serializers

from catalog.api.search_serializers import NarrowingSerializer, SearchReasonSerializer
from catalog.api.serializers import ProductRowSerializer
from core.api.questions import QuerySerializer
from vision.lookalikes import FALLBACK, NETWORK

MOST_ROWS = 100


class LookalikeFilterSerializer(NarrowingSerializer):
    limit = serializers.IntegerField(min_value=1, max_value=MOST_ROWS, default=20)


class LookalikeQuerySerializer(LookalikeFilterSerializer, QuerySerializer):
    """Checked, and nothing else beside it."""


class PhotoSerializer(serializers.Serializer):
    """The form in which a browser sends the photo."""

    image = serializers.FileField(help_text="JPEG, PNG or WebP, at most 10 MB.", allow_empty_file=True)


class LookalikeSerializer(ProductRowSerializer):
    score = serializers.FloatField(min_value=0, max_value=1, help_text="How alike: 1 is the same picture.")
    reason = SearchReasonSerializer()


class LookalikesSerializer(serializers.Serializer):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=[NETWORK, FALLBACK],
        help_text="`fallback`: nothing could be compared, because no photo of the shop was read yet, this product has "
        "none, or files are missing or damaged. `results` is empty then.",
    )
    model_version = serializers.CharField(allow_null=True, help_text="Of the network whose vectors are compared.")
    results = LookalikeSerializer(many=True, help_text="Only what can be bought now, the most alike first.")
