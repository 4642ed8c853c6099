"""How the parts of marketing in the portrait of a customer look."""

from rest_framework import serializers


class ConsentToMessagesSerializer(serializers.Serializer):
    """What was never asked is missing, which is no consent."""

    purpose = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.CharField(help_text="given, withdrawn or pending.")
    since = serializers.DateTimeField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="How it is known, such as preference_page."
    )


class CampaignOfMessageSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()


class SentMessageSerializer(serializers.Serializer):
    campaign = CampaignOfMessageSerializer(allow_null=True, help_text="Null: a single message.")
    purpose = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.CharField(help_text="sending, sent or unknown (perhaps sent).")
    at = serializers.DateTimeField()
