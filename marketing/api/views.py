"""Consent: a customer's own, and as the shop's back end hands it in."""

from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from catalog.api.people_views import current_customer
from catalog.exceptions import NotFound
from catalog.models import Customer
from core.api.permissions import HasScope, IsCustomer
from core.api.principals import CustomerAuth
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope
from marketing import links, services
from marketing.api.serializers import ConsentsSerializer, SayConsentsSerializer, TellConsentsSerializer
from marketing.models.consent import ConsentSource


def _shown(customer_id: int) -> dict[str, Any]:
    return {
        "consents": services.standing(customer_id),
        "preferences_url": links.absolute(links.preferences(customer_id, is_from_mail=False)),
    }


class MyConsentsView(ApiView):
    permission_classes = [IsCustomer]

    def _who(self, request: Request) -> int:
        return current_customer(cast(CustomerAuth, request.auth)).pk

    @extend_schema(
        operation_id="me_consents",
        summary="Read what the customer agreed to hear about",
        responses={200: ConsentsSerializer, **problems(404)},
        tags=["me"],
    )
    def get(self, request: Request) -> Response:
        return Response(_shown(self._who(request)))

    @extend_schema(
        operation_id="me_consents_put",
        summary="Agree to messages, or take it back",
        description=(
            "Taking back counts at once. A consent for e-mail is `pending` until the link in a mail was followed, "
            "unless the shop's settings say otherwise."
        ),
        request=SayConsentsSerializer,
        responses={200: ConsentsSerializer, **problems(404)},
        tags=["me"],
    )
    def put(self, request: Request) -> Response:
        form = SayConsentsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        who = self._who(request)
        ip = str(BaseThrottle().get_ident(request) or "")
        proof = services.Proof(
            ConsentSource.API, form.validated_data.get("wording_version", ""),
            details=services.page_proof("api:me/consents", ip),
        )  # fmt: skip
        services.tell(who, form.words(), proof)
        return Response(_shown(who))


class CustomerConsentsView(ApiView):
    permission_classes = [HasScope(Scope.CUSTOMERS_WRITE)]

    def _who(self, ident: str) -> int:
        customer = Customer.objects.known_as(ident)
        if customer is None:
            raise NotFound(_("Nothing here has this ID."))
        return customer.pk

    @extend_schema(
        operation_id="customers_consents",
        summary="Read what a customer agreed to hear about",
        responses={200: ConsentsSerializer, **problems(404)},
        tags=["customers"],
    )
    def get(self, request: Request, customer_id: str) -> Response:
        return Response(_shown(self._who(customer_id)))

    @extend_schema(
        operation_id="customers_consents_put",
        summary="Hand in a customer's consents with their proof",
        description=(
            "For shops that ask at their own checkout. `confirmed`: the shop has itself confirmed the address; "
            "without it a consent for e-mail waits for the link. What is older than what stands here changes nothing."
        ),
        request=TellConsentsSerializer,
        responses={200: ConsentsSerializer, **problems(404)},
        tags=["customers"],
    )
    def put(self, request: Request, customer_id: str) -> Response:
        who = self._who(customer_id)
        form = TellConsentsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        proof = services.Proof(
            ConsentSource.API, said.get("wording_version", ""), is_confirmed=said["confirmed"],
            details={name: said[name] for name in ("page", "confirmed") if said.get(name)},
        )  # fmt: skip
        services.tell(who, form.words(), proof, at=said.get("at"))
        if "restricted" in said:
            services.restrict(who, wanted=said["restricted"])
        return Response(_shown(who))
