"""Bodies and answers of conversations."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.ids import IdField
from core.api.questions import QuerySerializer
from crm.assistant import orders
from crm.models import Conversation
from crm.models.desk import TEXT_LENGTH

LANGUAGES = ["en", "zh"]


class StartConversationSerializer(serializers.Serializer):
    """All of it may be left out. What a guest says about themselves proves nothing and is shown to staff."""

    visitor = serializers.CharField(max_length=64, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False, help_text="Left out: that of the request.")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    channel = serializers.ChoiceField(
        choices=["chat", "form"], default="chat",
        help_text="`form`: goes to a person at once and is answered by mail; needs `text`, and `email` of a guest.",
    )  # fmt: skip
    subject = serializers.CharField(max_length=200, required=False, allow_blank=True, help_text="Of a form.")
    text = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True, help_text="Of a form.")


class OrderAskedSerializer(serializers.Serializer):
    """Of a guest: number, and the e-mail address of the order or the last four digits of the phone number."""

    number = serializers.CharField(max_length=orders.LONGEST_NUMBER)
    proof = serializers.CharField(max_length=orders.LONGEST_PROOF, help_text="Is compared and not kept.")


class NewMessageSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=TEXT_LENGTH, required=False, help_text="May be left out with `order`.")
    client_key = serializers.CharField(
        max_length=60, required=False, help_text="Made by the caller; the same key again is the same message."
    )
    choice = serializers.CharField(max_length=80, required=False, help_text="Of the button that was pressed.")
    order = OrderAskedSerializer(required=False, help_text="Where `answer.form` asked for it.")
    product = IdField(required=False, help_text="The product whose page somebody asks on.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "text" not in attrs and "order" not in attrs:
            raise serializers.ValidationError({"text": [_("Write something first.")]}, code="required")
        return attrs


class RateSerializer(serializers.Serializer):
    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=1_000, required=False, allow_blank=True)


class ReadConversationSerializer(QuerySerializer):
    since = serializers.IntegerField(min_value=0, max_value=10**9, required=False, default=0)
    lang = serializers.CharField(required=False)


class ButtonSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not the label of one
    choice = serializers.CharField()


class CitationSerializer(serializers.Serializer):
    article = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    language = serializers.CharField()
    link = serializers.CharField()


class ShownProductSerializer(serializers.Serializer):
    id = serializers.CharField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    price = serializers.CharField()
    currency = serializers.CharField()
    in_stock = serializers.BooleanField()
    image = serializers.CharField(allow_null=True)
    reason = serializers.CharField(
        allow_null=True, help_text="Why it is recommended, for people; null where it was asked for by name."
    )


class AnswerSerializer(serializers.Serializer):
    """What stands beside the words of the assistant."""

    act = serializers.ChoiceField(
        choices=["article", "words", "order", "products", "ask_order", "ask", "unknown", "hand_over"]
    )
    form = serializers.ChoiceField(choices=["order"], allow_null=True, help_text="Ask for it in fields.")
    citation = CitationSerializer(allow_null=True)
    buttons = ButtonSerializer(many=True)
    products = ShownProductSerializer(many=True)
    recommendation = serializers.CharField(
        allow_null=True,
        help_text="Signed; send it back with events on products that have a reason, so that they can be credited.",
    )


class MessageSerializer(serializers.Serializer):
    sequence = serializers.IntegerField()
    author = serializers.ChoiceField(choices=["customer", "assistant", "staff", "system"])
    text = serializers.CharField(help_text="Plain. Of the assistant: paragraphs, lists with hyphens, **bold**.")
    created_at = serializers.DateTimeField()
    answer = AnswerSerializer(allow_null=True)


class ConversationSerializer(serializers.Serializer):
    """`state`: `assistant` answers, `waiting` for a person, `with_person`, `closed`. `place`: in the queue, 0 where
    nobody waits. `opens_at`: when people answer next; null while they do, or where nobody can say."""

    id = serializers.CharField(help_text="Whoever has it can read the conversation of a guest.")
    state = serializers.ChoiceField(choices=Conversation.State.choices)
    language = serializers.CharField()
    place = serializers.IntegerField()
    is_open = serializers.BooleanField()
    opens_at = serializers.DateTimeField(allow_null=True)
    can_rate = serializers.BooleanField()
    messages = MessageSerializer(many=True)
