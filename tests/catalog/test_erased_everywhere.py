"""An erasure, and then all that is kept: every table as a dump holds it, files, and Redis."""

import json
import secrets
import uuid

import pytest
import redis
from django.apps import apps
from django.db import models
from django.utils import timezone

import tests.factories as factories
from catalog.buffer import keys, stream
from catalog.buffer.rows import EventRow
from catalog.models import Customer, Interaction, Visitor
from core.models import Exposure
from core.rights import erasing
from core.rights.holdings import holdings
from core.roles import own_apps
from marketing import addresses
from marketing.models import Suppression
from tests.catalog.test_rights import BIRTHDAY, LABEL, MARK, all_files, ana, leave_traces, own_folder, whole_database
from tests.factories import StaffUserFactory
from tests.test_personal_data import QUOTING, words

__all__ = ["ana", "own_folder"]
pytestmark = pytest.mark.django_db
FACTORIES = {getattr(factories, name)._meta.model: getattr(factories, name) for name in factories.__all__}
BY_HAND = {
    "core.IdempotencyKey": lambda: {"caller": "k", "key": secrets.token_hex(4), "fingerprint": "f", "status": 200},
    "core.SavedView": lambda: {"source": "catalog.customer", "name": "Mine", "owner": StaffUserFactory.create()},
}


def test_every_table_that_points_at_a_customer_or_a_browser_is_erased_by_the_registry():
    held = {one.label for one in holdings(LABEL)}
    pointing = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in own_apps() and not model._meta.proxy
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in (Customer, Visitor)
    }

    assert len(pointing) > 30
    assert pointing - held == set()


def whoever() -> dict[str, str]:
    """A person whom no other text can be taken for."""
    token = secrets.token_hex(6)
    return {
        "name": f"Nadja {token.upper()}", "email": f"{token}@mail.{secrets.token_hex(4)}.example",
        "phone": f"+86{secrets.randbelow(10**11):011d}", "external_id": f"K{secrets.token_hex(5)}",
    }  # fmt: skip


def quote_everywhere(texts: list[str]) -> int:
    """A row for each column that may quote somebody by accident, with one of the texts in it."""
    count = 0
    for label, names in words(QUOTING).items():
        model = apps.get_model(label)
        for name in sorted(names):
            for text in texts:
                row = model.objects.create(**BY_HAND[label]()) if label in BY_HAND else FACTORIES[model].create()
                model.objects.filter(pk=row.pk).update(**{name: quoting(model._meta.get_field(name), text)})
                count += 1
    return count


def quoting(column: models.Field, text: str) -> object:
    if isinstance(column, models.JSONField):
        return {"said": [text]}
    if isinstance(column, models.BinaryField):
        return json.dumps({"said": text}, ensure_ascii=False).encode()
    return f"as {text} said"[: column.max_length]


def in_redis(client: redis.Redis) -> str:
    """Names and contents of everything."""
    read = {
        b"string": client.get, b"list": lambda key: client.lrange(key, 0, -1), b"set": client.smembers,
        b"hash": client.hgetall, b"zset": lambda key: client.zrange(key, 0, -1), b"stream": client.xrange,
    }  # fmt: skip
    return "\n".join(f"{key!r} {read[client.type(key)](key)!r}" for key in client.scan_iter())


def act_in_redis(customer: Customer, visitor: Visitor, product_id: int) -> None:
    """The lists of recent acts as events leave them once they are written."""
    for who in (customer, visitor):
        row = EventRow(
            uuid.uuid4(), timezone.now(), "view", product_id, customer.pk if who is customer else None,
            visitor.key, True, None, {},
        )  # fmt: skip
        assert stream.append([stream.Incoming(row, False, True, False)], counts={})
    client = stream.redis_client.client()
    client.xgroup_create(keys.stream(), keys.GROUP, id="0")
    stream.take_off(client, [entry for entry, _fields in client.xrange(keys.stream())])


def test_nothing_that_is_kept_anywhere_tells_who_was_erased(
    ana, own_folder, buffered, django_capture_on_commit_callbacks
):
    who, browser = whoever(), secrets.token_hex(16)
    Customer.objects.filter(pk=ana.pk).update(**who)
    before = Visitor.objects.get(customer=ana)
    Exposure.objects.filter(subject=before.key).update(subject=browser)
    Visitor.objects.filter(pk=before.pk).update(key=browser)
    ana.refresh_from_db()
    leave_traces(ana, own_folder)
    assert quote_everywhere([who["name"], who["email"]]) > 30
    visitor = Visitor.objects.get(customer=ana)
    act_in_redis(ana, visitor, Interaction.objects.exclude(product=None).values_list("product_id", flat=True)[0])
    hashes = {addresses.hash_of(channel, address) for channel, address in addresses.all_of(ana)}
    texts = [text.lower() for text in (*who.values(), browser, ana.public_id, MARK, str(BIRTHDAY))]
    texts += [json.dumps(text)[1:-1] for text in texts]
    kept = (whole_database() + all_files(own_folder) + in_redis(buffered)).lower()
    assert [text for text in texts if text not in kept] == []
    recent = {keys.recent_of_visitor(browser), keys.recent_of_customer(ana.pk)}
    assert buffered.exists(*recent) == 2

    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(LABEL, ana.pk)

    dump, files = whole_database().lower(), all_files(own_folder).lower()
    assert [text for text in texts if text in dump] == []
    assert [text for text in texts if text in files] == []
    assert hashes <= set(Suppression.objects.values_list("address_hash", flat=True))
    assert buffered.exists(*recent) == 0
    assert 0 < buffered.ttl(keys.refuses(browser)) <= 3600  # so that what is under way in that browser is not taken
    assert 0 < buffered.ttl(keys.renewed_visitor(browser)) <= 30  # so that no process serves what it remembers
    buffered.delete(keys.refuses(browser), keys.renewed_visitor(browser))
    assert [text for text in texts if text in in_redis(buffered).lower()] == []
