"""The chat of a storefront: start, write, read, ask for a person, rate.

Whoever has the id of a guest's conversation may read and write in it: it has 122 random bits. A conversation of
somebody who is signed in needs their token; to everybody else it is not there.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from catalog.api.people_views import current_customer
from catalog.models import Customer, Product, Visitor
from core.api import ids, throttling
from core.api.permissions import HasScope
from core.api.principals import CustomerAuth, KeyAuth
from core.api.questions import checked
from core.api.schema import problems
from core.api.views import ApiView
from core.exceptions import DomainError
from core.models import Scope
from crm.api.conversation_serializers import (
    ConversationSerializer,
    NewMessageSerializer,
    RateSerializer,
    ReadConversationSerializer,
    StartConversationSerializer,
)
from crm.assistant import conversing, orders
from crm.assistant.answering import Talk
from crm.exceptions import BadInput, NotFound
from crm.models import Channel, Conversation, Message, Ticket
from crm.selectors_desk import opening, place_in_queue
from crm.services import desk

MESSAGES_PER_MINUTE, STARTS_PER_MINUTE = 20, 10
SHOWN = 200
"""Messages in one answer, the oldest after `since` first."""
FINISHED = (Ticket.State.RESOLVED, Ticket.State.CLOSED)
State = Conversation.State


class NothingResolved(DomainError):
    code = "nothing_resolved"


class _ChatView(ApiView):
    permission_classes = [HasScope(Scope.CONVERSATIONS)]
    # What was said stays in the conversation; a second copy of it would outlive an erasure.
    stores_answers = False

    def customer(self, request: Request) -> Customer | None:
        return current_customer(request.auth) if isinstance(request.auth, CustomerAuth) else None

    def conversation(self, request: Request, conversation_id: str) -> Conversation:
        """Raises NotFound for what is not there and for what is somebody else's. A guest who signs in takes the
        conversation along."""
        customer = self.customer(request)
        is_server = isinstance(request.auth, KeyAuth) and request.auth.is_server
        row = None
        if ids.PUBLIC_ID.fullmatch(conversation_id):
            rows = Conversation.objects.filter(public_id=conversation_id, channel=Channel.CHAT)
            row = rows.select_related("customer").first()
        owner = row.customer_id if row is not None else None
        if row is None or not (owner is None or is_server or (customer is not None and customer.pk == owner)):
            raise NotFound(_("There is no such conversation."))
        if owner is None and customer is not None:
            Conversation.objects.filter(pk=row.pk, customer=None).update(customer=customer)
            row.customer = customer
        return row

    def shown(self, conversation: Conversation, since: int) -> dict[str, Any]:
        """Five queries at most."""
        now = opening()
        rows = conversation.messages.public().filter(sequence__gt=since).order_by("sequence")[:SHOWN]
        return {
            "id": conversation.public_id,
            "state": conversation.state,
            "language": conversation.language,
            "place": place_in_queue(conversation),
            "is_open": now.is_open,
            "opens_at": None if now.is_open else now.opens_at,
            "can_rate": _can_rate(conversation),
            "messages": [_message(row) for row in rows],
        }


def _can_rate(conversation: Conversation) -> bool:
    """Once it came to an end: by the customer's own word, or by a person's."""
    is_over = conversation.state == State.CLOSED or conversation.outcome == Conversation.Outcome.RESOLVED
    return is_over or Ticket.objects.filter(conversation=conversation, state__in=FINISHED).exists()


def _message(row: Message) -> dict[str, Any]:
    """What the customer may know of it: not how sure a model was."""
    answer = row.answer if row.author == Message.Author.ASSISTANT else None
    return {
        "sequence": row.sequence,
        "author": row.author,
        "text": row.text,
        "created_at": row.created_at,
        "answer": None if answer is None else {
            "act": answer.get("act"),
            "form": "order" if answer.get("act") == "ask_order" else None,
            "citation": answer.get("citation"),
            "buttons": answer.get("buttons", []),
            "products": [{"reason": None} | one for one in answer.get("products", [])],
            "recommendation": answer.get("recommended", {}).get("id"),
        },
    }  # fmt: skip


def _limit(name: str, most: int) -> None:
    """Raises Throttled. Beside the limit of the key: nobody types faster, and each message costs a look-up."""
    window, wait = throttling.this_window()
    if throttling.count(name, window) > most:
        raise Throttled(wait, _("Too many messages in one minute."), code="too_many_messages")


class ConversationsView(_ChatView):
    @extend_schema(
        operation_id="conversations_start",
        summary="Start a conversation with the assistant",
        description=(
            "The assistant introduces itself, as a machine. With a customer token it is that customer's conversation, "
            "and orders are looked up without further questions. With `channel` `form` a person answers, by mail."
        ),
        request=StartConversationSerializer,
        responses={201: ConversationSerializer, **problems(404, 422)},
        tags=["assistant"],
    )
    def post(self, request: Request) -> Response:
        form = checked(StartConversationSerializer, request.data)
        _limit(f"chats:{_whence(request, form.get('visitor', ''))}", STARTS_PER_MINUTE)
        if form["channel"] == Channel.FORM:
            return Response(self.shown(self._form(request, form), 0), status.HTTP_201_CREATED)
        conversation = conversing.start_chat(
            customer=self.customer(request), visitor=form.get("visitor", ""),
            language=form.get("language") or (get_language() or "en")[:2],
            contact={name: form.get(name, "") for name in ("name", "email", "phone")},
        )  # fmt: skip
        return Response(self.shown(conversation, 0), status.HTTP_201_CREATED)

    def _form(self, request: Request, form: dict[str, Any]) -> Conversation:
        """A form becomes a ticket at once. Raises BadInput without a text, or without a way to answer."""
        customer = self.customer(request)
        if not form.get("text", "").strip():
            raise BadInput(_("Write something first."), extra={"field": "text"})
        if not form.get("email") and not (customer is not None and customer.email):
            raise BadInput(_("An e-mail address is needed for the answer."), extra={"field": "email"})
        with transaction.atomic():
            conversation = desk.start(
                customer=customer, visitor=form.get("visitor", ""), channel=Channel.FORM,
                language=form.get("language") or (get_language() or "en")[:2], subject=form.get("subject", ""),
                contact={name: form.get(name, "") for name in ("name", "email", "phone")},
            )  # fmt: skip
            desk.say(conversation, author=Message.Author.CUSTOMER, text=form["text"])
            desk.hand_over(conversation, reason=Conversation.Reason.ASKED)
        return conversation


class ConversationView(_ChatView):
    @extend_schema(
        operation_id="conversations_get",
        summary="Read what was said since a message",
        parameters=[ReadConversationSerializer],
        responses={200: ConversationSerializer, **problems(404)},
        tags=["assistant"],
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        since = checked(ReadConversationSerializer, request.query_params)["since"]
        return Response(self.shown(self.conversation(request, conversation_id), since))


class ConversationMessagesView(_ChatView):
    @extend_schema(
        operation_id="conversations_say",
        summary="Write a message; the answer is in the response",
        description=(
            "The response has this message and what follows it. While a person has the conversation, their answer "
            "comes later: read again every few seconds. At most 20 messages a minute. 409 `conversation_closed` after "
            "its end."
        ),
        request=NewMessageSerializer,
        responses={200: ConversationSerializer, **problems(404, 409, 422)},
        examples=[OpenApiExample("A question", request_only=True, value={"text": "How long does delivery take?"})],
        tags=["assistant"],
    )
    def post(self, request: Request, conversation_id: str) -> Response:
        form = checked(NewMessageSerializer, request.data)
        conversation = self.conversation(request, conversation_id)
        _limit(f"chat:{conversation.pk}", MESSAGES_PER_MINUTE)
        order = form.get("order")
        text = form.get("text") or _("Order %(number)s") % {"number": (order or {}).get("number", "")}
        talk = Talk(
            conversation.language, customer=conversation.customer, choice=form.get("choice", ""),
            order=orders.Asked(order["number"].strip(), order["proof"].strip()) if order else None,
            product=ids.find(Product.objects.all(), form["product"]) if "product" in form else None,
            visitor=Visitor.objects.filter(key=conversation.visitor).first() if conversation.visitor else None,
            caller=_whence(request, conversation.visitor or conversation.public_id),
        )  # fmt: skip
        message = conversing.receive(conversation, text, talk, client_key=form.get("client_key", ""))
        conversation.refresh_from_db()
        return Response(self.shown(conversation, message.sequence - 1))


class ConversationHandoverView(_ChatView):
    @extend_schema(
        operation_id="conversations_handover",
        summary="Ask for a person",
        description="Twice is as good as once.",
        request=None,
        responses={200: ConversationSerializer, **problems(404, 409)},
        tags=["assistant"],
    )
    def post(self, request: Request, conversation_id: str) -> Response:
        conversation = self.conversation(request, conversation_id)
        _limit(f"chat:{conversation.pk}", MESSAGES_PER_MINUTE)
        before = conversation.last_sequence
        conversing.ask_for_person(conversation)
        conversation.refresh_from_db()
        return Response(self.shown(conversation, before))


class ConversationSatisfactionView(_ChatView):
    @extend_schema(
        operation_id="conversations_rate",
        summary="Say how it went, 1 to 5",
        description="Once it is resolved. Said again, the newer counts.",
        request=RateSerializer,
        responses={204: None, **problems(404, 409)},
        tags=["assistant"],
    )
    def post(self, request: Request, conversation_id: str) -> Response:
        form = checked(RateSerializer, request.data)
        conversation = self.conversation(request, conversation_id)
        if not _can_rate(conversation):
            raise NothingResolved(_("This can be rated once it is resolved."))
        desk.rate(conversation, score=form["score"], comment=form.get("comment", ""))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _whence(request: Request, otherwise: str) -> str:
    """The address that somebody asks from. A server speaks for many: then the browser or conversation it names."""
    if isinstance(request.auth, KeyAuth) and request.auth.is_server:
        return otherwise or request.auth.throttle_name
    return str(BaseThrottle().get_ident(request))  # type: ignore[arg-type]
