"""What messages may say, and what becomes of them."""

import itertools
import time

import pytest

from marketing.messages import BadMessage, check, freeze, render
from marketing.messages.markup import good_address
from marketing.messages.tags import TAGS

BODY = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{name}}, a > b</mj-text>"
    '<mj-button href="{{shop_url}}">Look</mj-button>'
    '<mj-text><a href="{{unsubscribe_url}}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)
VALUES = {
    "name": '<script>alert("x")</script>{{shop}}\r\nBcc: a@b.example', "shop_url": "javascript:alert(1)",
    "unsubscribe_url": "https://shop.example/u?a=1&b=2", "shop": "SECRET",
}  # fmt: skip


def of_body(inner: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"


def test_both_parts_hold_the_fields_and_what_is_filled_in_is_text_only() -> None:
    frozen = freeze(subject="For {{name}}", preheader="New", body=BODY, is_mjml=True)
    made = render(frozen, VALUES)

    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    assert "SECRET" not in made.html + made.text + made.subject
    assert "javascript:" not in made.html
    assert 'href="https://shop.example/u?a=1&amp;b=2"' in made.html
    assert "\n" not in made.subject
    assert "\r" not in made.subject
    assert made.text.splitlines()[0].startswith("Hello")
    assert "Unsubscribe (https://shop.example/u?a=1&b=2)" in made.text


@pytest.mark.parametrize("field", ["customer.password", "settings", "nobody", "x|safe", "7*7", "NAME"])
def test_a_field_that_nobody_fills_in_is_refused_when_saving(field: str) -> None:
    with pytest.raises(BadMessage):
        freeze(subject=f"{{{{{field}}}}}", body="Hi", is_mjml=False)
    with pytest.raises(BadMessage):
        freeze(subject="Hi", body=of_body(f"<mj-text>{{{{{field}}}}}</mj-text>"), is_mjml=True)


HOSTILE = [
    *(
        of_body(f"<mj-text>{code}</mj-text>")
        for code in (
            "<script>x</script>", "<ScRiPt>x</sCrIpT>", "<iframe src='https://a.example'></iframe>", "<form></form>",
            "<object data='x'></object>", "<svg onload='x'></svg>", "<img src='https://a.example/a' onerror='x'>",
            "<a href='javascript:x'>a</a>", "<a href='java\tscript:x'>a</a>", "<a href='&#106;avascript:x'>a</a>",
            "<a href='data:text/html,x'>a</a>", "<a href='//a.example'>a</a>", "<a href='{{name}}'>a</a>",
            "<a href='https://a.example/{{name}}'>a</a>", "<p style='background:url(https://a.example)'>a</p>",
            "<p style='width:expression(x)'>a</p>", "<p title='{{name}}'>a</p>", "<base href='https://a.example'>",
            "<meta http-equiv='refresh' content='0'>", "<link rel='stylesheet' href='https://a.example'>",
            "<!--[if mso]><script>x</script><![endif]-->", "<math><mtext></mtext></math>", "<?php x ?>",
            "<![CDATA[x]]>", "</mj-text><mj-raw><script>x</script></mj-raw><mj-text>", "<b>open", "{% load x %}",
            "{{ config }}", "{{ x.y }}", "${7*7}", "<%= x %>", "{# x #}", "{{{name}}}", "{{'a'.join}}",
        )
    ),
    "<mjml><mj-body><mj-include path='/etc/passwd'/></mj-body></mjml>",
    "<mjml><mj-head><mj-style>a{{name}}</mj-style></mj-head><mj-body></mj-body></mjml>",
    "<mjml><mj-head><mj-style>@import 'https://a.example'</mj-style></mj-head><mj-body></mj-body></mjml>",
    "<mjml><mj-body>" + "<mj-section>" * 60 + "</mj-section>" * 60 + "</mj-body></mjml>",
    "<mjml>" + "x" * 5_000_000, "\x00<mjml></mjml>",
]  # fmt: skip
AROUND = ["{}", " {}", "{}\n", "<!-- a -->{}", "{}<!-- b -->", "\t{}\t", "\n\n{}", "{} ", "\u2028{}", "{}\u00a0",
          "\ufeff{}", "\n{}\n", "{}\u3000"]  # fmt: skip


def test_five_hundred_hostile_bodies_are_refused_quickly() -> None:
    cases = [around.replace("{}", body) for body, around in itertools.product(HOSTILE, AROUND)]
    assert len(cases) >= 500
    slow = []
    for body in cases:
        began = time.process_time()
        with pytest.raises(BadMessage):
            freeze(subject="Hi", body=body, is_mjml=True)
        slow.append(time.process_time() - began)
    assert max(slow) <= 0.05


@pytest.mark.parametrize("is_mjml", [True, False])
def test_a_body_of_five_megabytes_costs_nothing_and_one_with_a_nul_is_refused(is_mjml: bool) -> None:
    began = time.process_time()
    for _many in range(100):
        with pytest.raises(BadMessage, match="at most 200,000"):
            freeze(subject="Hi", body="x" * 5_000_000, is_mjml=is_mjml)
    assert time.process_time() - began <= 0.5
    with pytest.raises(BadMessage):
        freeze(subject="Hi", body="a\x00b", is_mjml=is_mjml)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:x", "vbscript:x", "data:text/html,x", "file:///etc/a",
     "//a.example", "/a", "a.example", "https:/a.example", "https://", "https://user@a.example", "ftp://a.example",
     "https://a.example@b.example/", "https://a.example\\@b.example", "https://a.example:8080/", "https://a b.example",
     "https://a.example/\n", "https://a.example/<x>", "https://a.example/'x", 'https://a.example/"x', "https://[::1",
     "https://localhost/", "https://a.example:99999/", "mailto:", "mailto:a@b.example?subject=x%0Abcc:c@d.example",
     "https://a.example/{x}", "\x01https://a.example", "https://a.example/\u2028", "tel:", "blob:https://a.example/x"],
)  # fmt: skip
def test_thirty_addresses_are_no_links(address: str) -> None:
    assert not good_address(address, is_link=True)


@pytest.mark.parametrize(
    "address", ["https://a.example/x?y=1&z=2#a", "http://a.example", "mailto:a@b.example", "https://例子.example/商品"]
)
def test_good_addresses_are_links(address: str) -> None:
    assert good_address(address, is_link=True)


LANGUAGES = {"en": "English", "zh-hans": "Chinese"}


def test_a_message_without_a_language_or_an_unsubscribe_link_is_stopped() -> None:
    found, ready = check(
        subject={"en": "Hi"}, preheader={}, body={"en": "Hello {{name}}"}, kind="text", purpose="offers",
        languages=LANGUAGES,
    )  # fmt: skip
    stops = [one for one in found if one.level == "stop"]
    assert [(one.language, one.field) for one in stops] == [("en", "body"), ("zh-hans", "body")]
    assert list(ready) == ["en"]


def test_advice_names_words_shouting_and_a_missing_preview_line() -> None:
    body = "Act now, {{name}}. {{unsubscribe_url}}"
    found, _ready = check(
        subject={"en": "BIG WINNER SALE!!"}, preheader={}, body={"en": body}, kind="text", purpose="offers",
        languages={"en": "English"},
    )  # fmt: skip
    assert {one.level for one in found} == {"advice"}
    assert {one.field for one in found} == {"preheader", "body", "subject"}
    assert any("act now" in one.text and "winner" in one.text for one in found)


def test_samples_fill_every_field() -> None:
    body = " ".join(f"{{{{{name}}}}}" for name in TAGS)
    made = render(freeze(subject="x", body=body, is_mjml=False), {name: tag.sample for name, tag in TAGS.items()})
    assert "{{" not in made.text


def test_a_mail_loads_nothing_from_other_companies() -> None:
    made = freeze(subject="x", body=BODY, is_mjml=True).html
    assert "<link" not in made
    assert "@import" not in made
    assert "fonts." not in made
