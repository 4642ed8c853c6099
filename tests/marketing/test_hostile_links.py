"""Addresses and tokens that somebody made up: a message does not hold them, and the shop leads nobody there."""

from urllib.parse import quote

import pytest
from django.core import signing

from marketing import links
from marketing.messages import markup
from marketing.messages.tags import BadMessage
from marketing.models import MessageEvent, TrackedLink
from marketing.sending import leading, working
from tests.factories import RecipientFactory, TemplateVersionFactory, TrackedLinkFactory
from tests.marketing.test_sending import Fake

HOSTILE = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    "\x01javascript:alert(1)", " javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=", "vbscript:msgbox(1)", "file:///etc/passwd", "ftp://shop.example/a",
    "blob:https://shop.example/1", "about:blank", "view-source:https://shop.example", "intent://scan/#Intent;end",
    "//evil.example", "///evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example",
    "https:\\\\evil.example", "https://shop.example@evil.example", "https://shop.example:pass@evil.example/",
    "https://shop.example\\@evil.example", "https://shop.example\\.evil.example", "https://", "https:///evil.example",
    "https://evil", "https://shop.example:22/", "https://shop.example:99999/", "https://[::1",
    "http://evil.example\r\nX: y",
    "https://evil.example/\"onmouseover=alert(1)", "https://evil.example/<script>", "/t/x", "?next=https://evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_no_message_holds_a_hostile_address_and_no_link_leads_there(address):
    assert not markup.good_address(address, is_link=True)
    assert not leading.may_lead(address)
    quoted = address.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    body = f'<mjml><mj-body><mj-section><mj-column><mj-button href="{quoted}">a</mj-button>'
    with pytest.raises(BadMessage):
        markup.read(body + "</mj-column></mj-section></mj-body></mjml>")


@pytest.mark.django_db
@pytest.mark.parametrize("address", HOSTILE)
def test_a_row_with_a_hostile_address_leads_nowhere(client, address):
    link, row = TrackedLinkFactory.create(url=address), RecipientFactory.create()

    answer = client.get(links.click(link.pk, row.pk))

    assert (answer.status_code, answer.get("Location")) == (404, None)
    assert MessageEvent.objects.count() == 0


@pytest.mark.django_db
def test_a_hostile_address_in_plain_text_is_not_made_a_link_of_the_shop(campaign, reader, plan, monkeypatch):
    provider = Fake()
    monkeypatch.setattr(working, "provider_for", lambda channel: provider)
    said = "Look: https://shop.example@evil.example/a and https://shop.example/tea"
    campaign.steps.update(template_version=TemplateVersionFactory.create(text={"en": said}))
    plan(reader)
    working.run()

    assert list(TrackedLink.objects.values_list("url", flat=True)) == ["https://shop.example/tea"]
    assert "https://shop.example@evil.example/a" in provider.had[0].text


@pytest.mark.django_db
def test_a_click_is_noted_once_with_one_statement_and_nobody_elses_is(client, django_assert_num_queries):
    link, rows = TrackedLinkFactory.create(), RecipientFactory.create_batch(2)
    client.get(links.click(link.pk, rows[0].pk))

    with django_assert_num_queries(1):
        assert client.get(links.click(link.pk, rows[1].pk))["Location"] == link.url
    assert client.get(links.click(link.pk, rows[1].pk)).status_code == 302
    assert client.get(links.click(link.pk, rows[1].pk + 10_000)).status_code == 302

    noted = MessageEvent.objects.order_by("pk").values_list("recipient", "provider_event", "kind", "raw", "message_id")
    assert list(noted) == [
        (row.pk, f"{row.pk}:{link.pk}", "clicked", {"link": link.pk, "applied": True}, "") for row in rows
    ]


EVIL = "https://evil.example/"


@pytest.mark.django_db
def test_no_form_of_a_redirect_leads_elsewhere(client):
    link, row = TrackedLinkFactory.create(url="https://shop.example/tea"), RecipientFactory.create()
    good = links.click(link.pk, row.pk)
    token = good.removeprefix("/t/")
    head, stamp, mac = token.rsplit(":", 2) if token.count(":") > 1 else ("", *token.split(":", 1))
    forms = [
        f"{good}?next={EVIL}", f"{good}?url={EVIL}", f"{good}?redirect={quote(EVIL)}", f"{good}?to=//evil.example",
        f"{good}#{EVIL}", f"/t/{EVIL}", f"/t/{quote(EVIL, safe='')}", f"/t//{EVIL}", "/t/..%2F..%2Fevil.example",
        f"/t/{token}/{EVIL}", f"/t/{token}%0d%0aLocation:%20{EVIL}", f"/t/{token[:-1]}", f"/t/{token}x",
        f"/t/{mac}:{stamp}:{head}", f"/t/{'a' * 5_000}", "/t/%00",
        "/t/" + signing.dumps([link.pk, row.pk]),
        "/t/" + signing.dumps([link.pk, row.pk], salt="marketing.preferences"),
        "/t/" + signing.dumps(EVIL, salt="marketing.click"),
        "/t/" + signing.dumps([EVIL, row.pk], salt="marketing.click"),
        "/t/" + signing.dumps([link.pk], salt="marketing.click"),
        "/t/" + signing.dumps([link.pk + 10_000, row.pk], salt="marketing.click"),
        "/t/" + signing.dumps([link.pk, row.pk], salt="marketing.click", key="somebody else's"),
    ]  # fmt: skip
    assert len(forms) > 20
    for form in forms:
        answer = client.get(form, headers={"host": "testserver", "x-forwarded-host": "evil.example", "referer": EVIL})
        where = answer.get("Location")
        assert where in (None, link.url), form
        assert (answer.status_code == 302) == (where is not None), form
        assert b"evil.example" not in answer.content, form
    for method in ("post", "put", "delete"):
        assert getattr(client, method)(good).status_code == 405
