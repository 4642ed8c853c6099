"""What consent looks like from outside."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from marketing.models import Channel, Purpose
from marketing.models.consent import ConsentState
from marketing.services import Word

STATES = [*ConsentState.values, "none"]
MOST_WORDS = len(Purpose) * len(Channel)


class MessageConsentSerializer(serializers.Serializer):
    """`pending`: a mail with a link was sent and nobody followed it yet. `none`: never asked, so nothing is sent; only
    what the shop shows on its own pages (`in_site`) is shown until it is `withdrawn`."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    state = serializers.ChoiceField(choices=[(one, one) for one in STATES])
    since = serializers.DateTimeField(allow_null=True)


class ConsentsSerializer(serializers.Serializer):
    consents = MessageConsentSerializer(many=True)
    preferences_url = serializers.CharField(help_text="Page on which the customer chooses.")


class WordSerializer(serializers.Serializer):
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    given = serializers.BooleanField()


class SayConsentsSerializer(serializers.Serializer):
    """Purposes and channels that are not named stay as they are."""

    consents = serializers.ListField(child=WordSerializer(), min_length=1, max_length=MOST_WORDS)
    wording_version = serializers.CharField(max_length=40, required=False, help_text="Of the words that were read.")

    def words(self) -> list[Word]:
        return [Word(**one) for one in self.validated_data["consents"]]


class TellConsentsSerializer(SayConsentsSerializer):
    """With the proof of a shop that has asked by itself."""

    at = serializers.DateTimeField(required=False, help_text="When it was said; now, if left out.")
    confirmed = serializers.BooleanField(
        default=False, help_text="The shop has made sure that the address belongs to the customer (double opt-in)."
    )
    page = serializers.CharField(max_length=200, required=False, help_text="Where it was said.")
    restricted = serializers.BooleanField(
        required=False, help_text="True: this customer's data is only kept; no message goes out."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("at") and attrs["at"] > timezone.now():
            raise serializers.ValidationError({"at": _("This lies in the future.")})
        if attrs.get("confirmed") and not attrs.get("wording_version"):
            raise serializers.ValidationError({"wording_version": _("A confirmed consent names what was agreed to.")})
        return attrs
