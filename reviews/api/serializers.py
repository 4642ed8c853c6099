"""What goes in and out. Answers are plain dictionaries (reviews.api.rows); serializers for them describe the schema."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.fields import empty

from catalog.languages import plain_language
from core.api.ids import IdField
from core.api.pagination import PageQuerySerializer
from core.api.questions import QuerySerializer
from reviews.models import Review, ReviewPhoto, ReviewReport
from reviews.models.reviews import AUTHOR_LENGTH, TEXT_LENGTH, TITLE_LENGTH

LANGUAGE_CODE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$"
LONGEST_LANGUAGE_CODE = 35
SORTS = ("newest", "helpful", "highest", "lowest")
VISITOR_LENGTH = 64


class LanguageField(serializers.RegexField):
    """As browsers write it; what is kept and asked for is the plain form (`catalog.languages`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(LANGUAGE_CODE, max_length=LONGEST_LANGUAGE_CODE, required=False, **options)

    def run_validation(self, data: Any = empty) -> str:
        return plain_language(super().run_validation(data))


class ReviewFilterSerializer(serializers.Serializer):
    sort = serializers.ChoiceField(choices=SORTS, required=False, default="newest")
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False, help_text="Only these stars.")
    verified = serializers.BooleanField(required=False, allow_null=True, default=None)
    with_photos = serializers.BooleanField(required=False, allow_null=True, default=None)
    language = LanguageField(help_text="Written in it; zh, zh-CN and zh-Hans are one.")
    review = serializers.CharField(max_length=64, required=False, help_text="This one alone: what a summary quotes.")


class ReviewQuerySerializer(ReviewFilterSerializer, PageQuerySerializer, QuerySerializer):
    pass


class MyReviewsQuerySerializer(PageQuerySerializer, QuerySerializer):
    pass


class SubmitReviewSerializer(serializers.Serializer):
    """`customer` is for server keys only; a customer token speaks for its customer."""

    customer = IdField(required=False)
    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=TITLE_LENGTH, required=False, allow_blank=True)
    text = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    author = serializers.CharField(
        max_length=AUTHOR_LENGTH, required=False, allow_blank=True,
        help_text="Shown beside the review. Empty: nobody is named.",
    )  # fmt: skip
    language = LanguageField()


class VoiceSerializer(serializers.Serializer):
    """`visitor` for browsers without a customer token."""

    visitor = serializers.CharField(max_length=VISITOR_LENGTH, required=False)


class VoiceQuerySerializer(VoiceSerializer, QuerySerializer):
    pass


class ComplaintSerializer(VoiceSerializer):
    reason = serializers.ChoiceField(choices=ReviewReport.Reason.choices)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["reason"] == ReviewReport.Reason.OTHER and not attrs.get("note", "").strip():
            raise serializers.ValidationError({"note": [_("Say what is wrong with the review.")]}, code="required")
        return attrs


# --- answers ----------------------------------------------------------------------------------------------------


class PhotoSerializer(serializers.Serializer):
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class MyPhotoSerializer(PhotoSerializer):
    status = serializers.ChoiceField(
        choices=ReviewPhoto.State.choices, help_text="new: nobody has looked at it. Others see shown ones alone."
    )


class ReplySerializer(serializers.Serializer):
    text = serializers.CharField()
    sent_at = serializers.DateTimeField()


class ReviewSerializer(serializers.Serializer):
    """A published review. `author` is empty when the customer wants no name shown."""

    id = serializers.CharField()
    rating = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    language = serializers.CharField(help_text="Empty when nobody knows.")
    author = serializers.CharField()
    verified = serializers.BooleanField(help_text="The customer had bought the product.")
    written_at = serializers.DateTimeField()
    helpful = serializers.IntegerField(help_text="People who found it helpful.")
    photos = PhotoSerializer(many=True)
    reply = ReplySerializer(allow_null=True, help_text="The shop's answer.")


class ReviewedProductSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class MyReviewSerializer(ReviewSerializer):
    """The customer's own, whatever became of it. `reason` and `note` say why it was rejected."""

    product = ReviewedProductSerializer()
    photos = MyPhotoSerializer(many=True)
    status = serializers.ChoiceField(choices=Review.Status.choices)
    reason = serializers.ChoiceField(choices=[("", "-"), *Review.Reason.choices])
    reason_text = serializers.CharField()
    note = serializers.CharField()


class StarsSerializer(serializers.Serializer):
    stars = serializers.IntegerField()
    count = serializers.IntegerField()


class AspectCountSerializer(serializers.Serializer):
    """Reviews that praise the aspect, blame it or do neither."""

    aspect = serializers.CharField()
    title = serializers.CharField(help_text="In the language of the answer.")
    positive = serializers.IntegerField()
    neutral = serializers.IntegerField()
    negative = serializers.IntegerField()


class QuoteSerializer(serializers.Serializer):
    """A sentence, word for word from the review `review`. `support`: reviews that say so of the aspect."""

    text = serializers.CharField()
    review = serializers.CharField()
    aspect = serializers.CharField(help_text="Its title in the language of the answer.")
    language = serializers.CharField(help_text="Of the sentence: zh, en, …")
    support = serializers.IntegerField()
    verified = serializers.BooleanField()


class InWordsSerializer(serializers.Serializer):
    """What the reviews come to, made by a machine from their own sentences."""

    reviews = serializers.IntegerField(help_text="Published reviews it was made from.")
    positive_share = serializers.FloatField(allow_null=True, help_text="Of the reviews that praise, 0 to 1.")
    aspects = AspectCountSerializer(many=True, help_text="The most spoken of first.")
    praise = QuoteSerializer(many=True, help_text="At most three, those with the most support first.")
    complaints = QuoteSerializer(many=True)
    as_of = serializers.DateTimeField()
    model_version = serializers.CharField(help_text="Empty: the list of words that the product brings.")


class ReviewSummarySerializer(serializers.Serializer):
    """`average` is null without reviews, `in_words` below eight published ones."""

    count = serializers.IntegerField()
    average = serializers.FloatField(allow_null=True)
    stars = StarsSerializer(many=True, help_text="Five stars first.")
    verified = serializers.IntegerField()
    with_photos = serializers.IntegerField()
    in_words = InWordsSerializer(allow_null=True)


class HelpfulSerializer(serializers.Serializer):
    helpful = serializers.IntegerField()


class ComplaintAnswerSerializer(serializers.Serializer):
    """`new` is false when this person had complained already."""

    new = serializers.BooleanField()
