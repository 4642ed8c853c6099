"""Steps with conditions, versions of subject, content and offer, and the form that makes them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.exceptions import BadInput
from core.jobs import run_now
from core.models import ShopProfile
from core.shop import forget_shop
from marketing.admin.campaign_forms import Shape, starter
from marketing.campaigns import lifecycle
from marketing.models import Campaign, CouponCode, MarketingSettings, Recipient, Template
from marketing.sending.claiming import claim
from marketing.sending.writing import Unwritable, Writer
from tests.factories import MessageEventFactory, OfferFactory, OrderFactory, StaffUserFactory, TemplateFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(marketing_shop):
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    return client


def running(made: Campaign) -> Campaign:
    """Checked, approved, planned and running, at any hour of the day."""
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from="00:00", quiet_until="00:00", cap_messages=100)
    lifecycle.mark_checked(made, by=made.created_by)
    lifecycle.approve(made, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    made.refresh_from_db()
    return lifecycle.run(made, by=None)


def two_steps(made: Campaign, condition: str) -> Campaign:
    message = made.steps.get().template
    Campaign.objects.filter(pk=made.pk).update(holdout_share=0)
    made.refresh_from_db()
    lifecycle.set_steps(made, [{"template": message}, {"template": message, "wait_hours": 1, "condition": condition}])
    return running(made)


def send_first(made: Campaign, hours_ago: int = 2) -> dict[int, Recipient]:
    """The first step went out; the second is due."""
    now = timezone.now()
    rows = Recipient.objects.filter(campaign=made)
    rows.filter(step__position=1).update(
        state="sent", claimed_at=now - timedelta(hours=hours_ago), sent_at=now - timedelta(hours=hours_ago)
    )
    rows.filter(step__position=2).update(due_at=now - timedelta(minutes=1))
    return {row.customer_id: row for row in rows.filter(step__position=1)}


def test_who_ordered_since_the_step_before_gets_no_reminder(agreed, campaign):
    before, after, cancelled, quiet = agreed(4)
    made = two_steps(campaign(), "not_ordered")
    send_first(made)
    now = timezone.now()
    OrderFactory.create(customer=before, placed_at=now - timedelta(hours=3))
    OrderFactory.create(customer=after, placed_at=now - timedelta(hours=1))
    OrderFactory.create(customer=cancelled, placed_at=now - timedelta(hours=1), status="cancelled")

    taken = claim(made.pk)

    assert {one.customer_id for one in taken.claimed} == {before.pk, cancelled.pk, quiet.pk}
    left = Recipient.objects.get(campaign=made, step__position=2, customer=after)
    assert (left.state, left.skip_reason) == ("skipped", "ordered")


def test_who_clicked_the_step_before_gets_no_reminder(agreed, campaign):
    clicked, opened, silent = agreed(3)
    made = two_steps(campaign(), "not_clicked")
    first = send_first(made)
    MessageEventFactory.create(recipient=first[clicked.pk], kind="clicked")
    MessageEventFactory.create(recipient=first[opened.pk], kind="opened")

    taken = claim(made.pk)

    assert {one.customer_id for one in taken.claimed} == {opened.pk, silent.pk}
    left = Recipient.objects.get(campaign=made, step__position=2, customer=clicked)
    assert (left.state, left.skip_reason) == ("skipped", "clicked")


def test_without_a_condition_everybody_gets_the_next_step(agreed, campaign):
    person = agreed(1)[0]
    made = two_steps(campaign(), "")
    send_first(made)
    OrderFactory.create(customer=person, placed_at=timezone.now())
    assert len(claim(made.pk).claimed) == 1


def test_versions_of_a_later_step_are_drawn_on_their_own(agreed, campaign):
    agreed(200)
    made = campaign()
    message, other = made.steps.get().template, TemplateFactory.create(body={
        "en": "Other {{unsubscribe_url}}", "zh-hans": "别的 {{unsubscribe_url}}"
    })  # fmt: skip
    arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 3, "template": other.pk}]
    lifecycle.set_steps(made, [{"template": message, "arms": [{**arm} for arm in arms]},
                               {"template": message, "arms": [{**arm} for arm in arms]}])  # fmt: skip
    made = running(made)
    rows = Recipient.objects.filter(campaign=made, state="planned")
    drawn = {place: dict(rows.filter(step__position=place).values_list("customer", "arm")) for place in (1, 2)}
    assert set(drawn[1]) == set(drawn[2])
    share = sum(arm == "b" for arm in drawn[2].values()) / len(drawn[2])
    assert 0.62 < share < 0.88
    same = sum(drawn[1][pk] == drawn[2][pk] for pk in drawn[1]) / len(drawn[1])
    assert 0.45 < same < 0.8  # 10/16 by chance
    words = set(rows.values_list("arm", "template_version__text__en"))
    assert {arm for arm, text in words if text.startswith("Other")} == {"b"}


@pytest.mark.parametrize(
    ("steps", "said"), [
        ([{"condition": "not_clicked"}], "first step"), ([{}, {"condition": "rich"}], "first step"),
        ([{}, {"wait_hours": 5_000}], "at most"), ([{}] * 6, "at most 5 steps"),
        ([{"arms": [{"key": "a"}, {"key": "a"}]}], "short names"), ([{"arms": [{"key": "control"}]}], "short names"),
        ([{"arms": [{"key": "a", "weight": 0}]}], "weight"), ([{"arms": [{"key": k} for k in "abcdef"]}], "versions"),
    ],
)  # fmt: skip
def test_steps_that_make_no_sense_are_refused(campaign, steps, said):
    made = campaign()
    message = made.steps.get().template
    with pytest.raises(BadInput, match=said):
        lifecycle.set_steps(made, [{"template": message, **one} for one in steps])
    assert made.steps.count() == 1


# --- offers -----------------------------------------------------------------------------------------------------------


def with_offer(made: Campaign, **more: object) -> Campaign:
    message = made.steps.get().template
    message.body = dict.fromkeys(("en", "zh-hans"), "{{offer_title}}: {{coupon_code}} {{unsubscribe_url}}")
    message.save()
    Campaign.objects.filter(pk=made.pk).update(holdout_share=0, **more)
    made.refresh_from_db()
    return made


def test_each_customer_gets_a_code_of_the_version_when_the_message_is_written(agreed, campaign):
    people = agreed(30)
    usual = OfferFactory.create(title={"en": "Ten off"}, value=Decimal(10))
    better = OfferFactory.create(title={"en": "Twenty off"}, value=Decimal(20))
    made = with_offer(campaign(), offer=usual)
    message = made.steps.get().template
    arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "offer": better.pk}]
    lifecycle.set_steps(made, [{"template": message, "arms": arms}])
    made = running(made)
    assert not CouponCode.objects.exists()

    writer = Writer()
    for one in claim(made.pk).claimed:
        text = writer.write(one).text
        assert ("Twenty off" in text) == (one.arm == "b")
        writer.write(one)  # written twice: the same code

    codes = dict(CouponCode.objects.values_list("customer", "offer"))
    arms_of = dict(Recipient.objects.filter(campaign=made).values_list("customer", "arm"))
    assert codes == {one.pk: better.pk if arms_of[one.pk] == "b" else usual.pk for one in people}
    assert set(CouponCode.objects.values_list("campaign", flat=True)) == {made.pk}


def test_who_gets_no_code_any_more_gets_no_message_that_promises_one(agreed, campaign):
    agreed(3)
    offer = OfferFactory.create(max_codes=2)
    made = running(with_offer(campaign(), offer=offer))
    writer, refused = Writer(), 0
    for one in claim(made.pk).claimed:
        try:
            writer.write(one)
        except Unwritable:
            refused += 1
    assert (refused, CouponCode.objects.count()) == (1, 2)


def test_a_later_step_promises_no_code_that_was_used_and_goes_if_it_promises_none(agreed, campaign):
    agreed(1)
    made = with_offer(campaign(), offer=OfferFactory.create(value=10))
    promise = made.steps.get().template
    plain = TemplateFactory.create(kind="text", subject={"en": "How is it?"}, body={"en": "Well? {{unsubscribe_url}}"})
    steps = [{"template": promise}, {"template": promise, "wait_hours": 1}, {"template": plain, "wait_hours": 1}]
    lifecycle.set_steps(made, steps)
    ShopProfile.objects.update(languages=["en"])
    forget_shop()
    made = running(made)
    Recipient.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    first, second, third = (claim(made.pk).claimed[0] for _step in range(3))
    assert spoken(Writer().write(first).text) == CouponCode.objects.get().code
    CouponCode.objects.update(used_at=timezone.now())

    with pytest.raises(Unwritable):
        Writer().write(second)

    assert Writer().write(third).text.startswith("Well?")


def spoken(text):
    return text.split(": ")[1].split(" ")[0].replace("-", "")


def test_versions_that_are_the_same_are_named(agreed, campaign):
    agreed(1)
    offer = OfferFactory.create()
    arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "offer": offer.pk}, {"key": "c", "weight": 2}]
    made = campaign(arms=arms, offer=offer)
    assert "Versions A, B, C are the same: there is nothing to compare." in texts_of(made)
    made.offer = None
    made.save()
    assert "Versions A, C are the same: there is nothing to compare." in texts_of(made)
    lifecycle.set_steps(
        made, [{"template": made.steps.get().template, "arms": [arms[0], arms[2] | {"subject": {"en": "Go"}}]}]
    )
    assert not any("are the same" in text for text in texts_of(made))


def texts_of(made):
    return [one.text for one in lifecycle.findings(made)[0] if one.level == "advice"]


def test_fields_of_an_offer_need_one(agreed, campaign):
    agreed(1)
    made = with_offer(campaign())
    assert any("needs an offer" in one.text for one in lifecycle.findings(made)[0])
    made = with_offer(made, offer=OfferFactory.create())
    assert not any(one.level == "stop" for one in lifecycle.findings(made)[0])
    made.offer.ends_at = timezone.now() - timedelta(days=1)
    made.offer.save()
    assert any("has ended" in one.text for one in lifecycle.findings(made)[0])


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "act", "after"), [
        ("1.a", "step", "1.a,2.a"), ("1.a", "version:1", "1.ab"), ("1.ac", "version:1", "1.abc"),
        ("1.ab,3.a", "drop:1:b", "1.a,3.a"), ("1.a,3.a", "drop:1", "3.a"), ("1.a", "drop:1", "1.a"),
        ("1.ab", "drop:1:a", "1.ab"), ("1.abcde", "version:1", "1.abcde"), ("1.a,1.b", "", "1.a"),
        ("9999.a", "", "1.a"), ("1.xyz", "", "1.a"), ("1.a,2.a,3.a,4.a,5.a", "step", "1.a,2.a,3.a,4.a,5.a"),
    ],
)  # fmt: skip
def test_parts_of_the_form_come_and_go(text, act, after):
    assert Shape.read(text).after(act).text == after


def form_of(client: Client, made: Campaign) -> dict[str, str]:
    page = client.get(reverse("admin:marketing_campaign_change", args=[made.pk]))
    form = page.context["form"]
    return {name: "" if (value := form[name].value()) is None else str(value) for name in form.fields}


def test_the_untouched_draft_of_an_e_mail_becomes_plain_words_where_the_channel_shows_no_more(staff, campaign):
    made = campaign()
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    said = form_of(staff, made) | {
        "channel": "in_site", "body_en": starter("en").replace("\n", "\r\n"), "body_zh_hans": "自己的话",
    }  # fmt: skip

    staff.post(address, said)

    template = made.steps.get().template
    plain = "Hello {{name}},\n\nwe have picked something for you.\n"
    assert (template.kind, template.body) == ("text", {"en": plain, "zh-hans": "自己的话"})
    page = staff.get(address).content.decode()
    assert "Message (plain text)" in page
    assert "Message (MJML)" not in page


def test_steps_and_versions_are_added_without_scripts_and_saved(staff, agreed, campaign):
    agreed(2)
    made, offer = campaign(), OfferFactory.create()
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    said = form_of(staff, made) | {"name": "Kept words"}

    page = staff.post(address, said | {"shape_act": "step"})
    assert page.context["form"]["name"].value() == "Kept words"
    assert page.context["form"].steps_shape.text == "1.a,2.a"
    made.refresh_from_db()
    assert made.name == "Tea"
    page = staff.post(address, said | {"shape": "1.a,2.a", "shape_act": "version:2"})
    assert page.context["form"].steps_shape.text == "1.a,2.ab"
    words = "Bye {{unsubscribe_url}}"
    answer = staff.post(address, said | {
        "shape": "1.a,2.ab", "wait_2": "48", "condition_2": "not_ordered", "s2a_weight": "3", "s2b_weight": "1",
        "s2a_subject_en": "Again", "s2a_subject_zh_hans": "再说", "s2a_body_en": words, "s2a_body_zh_hans": words,
        "s2b_own_offer": str(offer.pk), "s2b_subject_en": "Last", "s2b_body_en": f"Other {words}",
    })  # fmt: skip

    assert answer.status_code == 302
    second = made.steps.get(position=2)
    assert (second.wait_hours, second.condition) == (48, "not_ordered")
    own = Template.objects.get(pk=second.arms[1]["template"])
    assert second.arms == [
        {"key": "a", "weight": 3},
        {"key": "b", "weight": 1, "offer": offer.pk, "subject": {"en": "Last"}, "template": own.pk},
    ]
    assert own.body == {"en": f"Other {words}", "zh-hans": words}
    again = form_of(staff, made)
    assert (again["s2b_body_en"], again["s2b_body_zh_hans"], again["wait_2"]) == (f"Other {words}", "", "48")
    assert staff.post(address, again).status_code == 302
    assert made.steps.get(position=2).arms == second.arms
    preview = reverse("admin:marketing_campaign_preview", args=[made.pk])
    assert "Step 2 · Version B" in staff.get(preview, {"message": "2b"}).content.decode()


def test_a_step_begins_with_an_earlier_message(staff, campaign):
    made, earlier = campaign(), TemplateFactory.create(subject={"en": "Earlier words"}, body={"en": "Body of then"})
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    page = staff.post(address, form_of(staff, made) | {"shape_act": "use:1", "use_1": str(earlier.pk)})
    form = page.context["form"]
    assert (form["subject_en"].value(), form["body_en"].value()) == ("Earlier words", "Body of then")
    page = staff.post(address, form_of(staff, made) | {"shape_act": "use:1", "use_1": "starter"})
    assert page.context["form"]["body_en"].value().startswith("<mjml>")


def test_a_message_of_five_megabytes_is_refused_and_nothing_is_stored(staff, campaign):
    made = campaign()
    before = dict(made.steps.get().template.body)
    address = reverse("admin:marketing_campaign_change", args=[made.pk])
    said = form_of(staff, made)
    assert staff.post(address, said | {"body_en": "x" * 5_000_000}).status_code in (400, 413)
    page = staff.post(address, said | {"body_en": "x" * 200_001})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert Template.objects.get(pk=made.steps.get().template_id).body == before


def test_a_preview_shows_the_name_of_a_chosen_customer(staff, agreed, campaign):
    person = agreed(1)[0]
    preview = reverse("admin:marketing_campaign_preview", args=[campaign().pk])
    assert "Hello Ana 0, tea" in staff.get(preview, {"customer": person.email}).content.decode()
    assert "There is no such customer." in staff.get(preview, {"customer": "nobody"}).content.decode()
