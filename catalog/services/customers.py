"""Creating and replacing customers from outside."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts, recent
from catalog.exceptions import NotFound
from catalog.models import Customer, Visitor
from catalog.signals import announce, customer_joined
from core.api import ids


@dataclass(frozen=True)
class CustomerData:
    """What the shop knows of a person. `joined_at` None: as before, or now for a new one."""

    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    country: str = ""
    city: str = ""
    birthday: date | None = None
    is_personalised: bool = True
    joined_at: datetime | None = None


def put_customer(ident: str, data: CustomerData) -> tuple[Customer, bool]:
    """Replace the customer with this id, or create it when the id is the shop's own (`ext:`). True: it is new.

    Raises NotFound for an id of ours that does not exist, and for people who were erased.
    """
    try:
        with transaction.atomic():
            return _put(ident, data)
    except IntegrityError:
        with transaction.atomic():
            return _put(ident, data)


def _put(ident: str, data: CustomerData) -> tuple[Customer, bool]:
    where = ids.where(ident)
    customer = Customer.objects.select_for_update(no_key=True).filter(where).first() if where is not None else None
    external = ids.external_part(ident)
    missing = customer is None and (where is None or external is None)
    if missing or (customer is not None and customer.erased_at is not None):
        raise NotFound(_("No customer has this ID. To create one, use ext: and the ID that it has in your shop."))
    is_new = customer is None
    if customer is None:
        customer = Customer(external_id=external, joined_at=data.joined_at or timezone.now())
    customer.name, customer.email, customer.phone = data.name, data.email, data.phone
    customer.language, customer.country, customer.city = data.language, data.country, data.city
    customer.birthday, customer.is_personalised = data.birthday, data.is_personalised
    if data.joined_at is not None:
        customer.joined_at = data.joined_at
    customer.save()
    if is_new:
        customer.refresh_from_db(fields=["public_id"])
        announce(customer_joined, Customer, customer_id=customer.pk)
    facts.customer_changed(customer, is_new=is_new)
    return customer, is_new


@transaction.atomic
def customer_of_mailbox(email: str, *, language: str = "") -> Customer:
    """Who reads this mailbox, which somebody has just shown to be theirs: the first customer with it, else a new one
    without an ID of the shop's own."""
    with connection.cursor() as cursor:
        # Two clicks at once make one customer.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mailbox:{email.lower()}"])
    found = Customer.objects.existing().filter(email__iexact=email).order_by("pk").first()
    if found is not None:
        return found
    customer = Customer(email=email, language=language, joined_at=timezone.now())
    customer.save()
    customer.refresh_from_db(fields=["public_id"])
    announce(customer_joined, Customer, customer_id=customer.pk)
    facts.customer_changed(customer, is_new=True)
    return customer


@transaction.atomic
def choose_personalisation(customer_id: int, *, wanted: bool) -> Customer:
    """The customer's own choice. Telling the same twice changes nothing and tells nobody."""
    customer = Customer.objects.existing().select_for_update(no_key=True).filter(pk=customer_id).first()
    if customer is None:
        raise NotFound(_("This customer no longer exists."))
    if customer.is_personalised != wanted:
        customer.is_personalised = wanted
        customer.save(update_fields=["is_personalised", "updated_at"])
        facts.customer_changed(customer, is_new=False)
    return customer


def forget_profile(customer_id: int) -> Customer:
    """What the customer and their browsers did until now is used for recommendations no more, from the next answer on
    and in the next training. Orders and statistics stay; nothing is removed."""
    now = timezone.now()
    with transaction.atomic():
        customer = Customer.objects.existing().select_for_update(no_key=True).filter(pk=customer_id).first()
        if customer is None:
            raise NotFound(_("This customer no longer exists."))
        customer.profile_since = now
        customer.save(update_fields=["profile_since", "updated_at"])
        browsers = Visitor.objects.filter(customer_id=customer_id)
        browsers.update(profile_since=now)
        names = list(browsers.values_list("key", flat=True))
        transaction.on_commit(lambda: recent.forget(*names, customer_id=customer_id))
    return customer
