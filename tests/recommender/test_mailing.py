"""Lists written ahead: for whom, how they go on after a cut, and when they answer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Customer, Interaction, Product
from catalog.partitions import ensure_partitions
from core import model_registry as registry
from core.experiments import holdout, placing
from core.ml.experiments import share_of
from core.models import ModelVersion, ShopProfile
from recommender import mailing, selectors, trials, wishes
from recommender.models import Placement, RecommendationList
from tests.factories import ShopProfileFactory, VisitorFactory
from tests.recommender.conftest import NOW


@pytest.fixture
def written(trained):
    trained.nobody = trained.customers[3]
    trained.nobody.is_personalised = False
    trained.nobody.save()
    assert mailing.write_lists() == 39
    return trained


def test_every_customer_who_allows_it_has_a_list_that_names_its_model_and_moment(written):
    customer = written.customers[0]

    row = RecommendationList.objects.get(customer=customer)

    assert row.model_version == ModelVersion.objects.get()
    assert (timezone.now() - row.as_of).total_seconds() < 60
    now = selectors.recommend(placement="email", customer=customer, limit=12)
    assert row.product_ids == [item.product_id for item in now.items]
    assert len(row.speaker_ids) == len(row.product_ids)
    assert not RecommendationList.objects.filter(customer=written.nobody).exists()


def test_a_second_run_keeps_one_list_each_and_takes_away_what_is_not_allowed_any_more(written):
    changed = written.customers[5]
    changed.is_personalised = False
    changed.save()

    assert mailing.write_lists() == 38

    assert RecommendationList.objects.count() == 38
    assert not RecommendationList.objects.filter(customer=changed).exists()


def test_a_run_that_was_cut_off_goes_on_behind_the_last_customer(trained, monkeypatch):
    monkeypatch.setattr(mailing, "CHUNK", 10)
    kept: dict = {}
    monkeypatch.setattr(mailing, "checkpoint", lambda **state: kept.update(state))
    monkeypatch.setattr(mailing, "progress", lambda done, _total: 1 / 0 if done == 20 else None)
    with pytest.raises(ZeroDivisionError):
        mailing.write_lists()
    assert RecommendationList.objects.count() == 20
    before = dict(RecommendationList.objects.values_list("customer", "as_of"))

    monkeypatch.setattr(mailing, "resume_state", lambda: kept)
    monkeypatch.setattr(mailing, "progress", lambda _done, _total: None)

    assert mailing.write_lists() == 40
    after = dict(RecommendationList.objects.values_list("customer", "as_of"))
    assert len(after) == 40
    assert {pk: after[pk] for pk in before} == before


def test_what_is_sold_out_or_was_bought_since_is_not_mailed(written, django_assert_num_queries):
    customer, other = written.customers[0], written.customers[2]
    first, second, third = RecommendationList.objects.get(customer=customer).product_ids[:3]
    Product.objects.filter(pk=first).update(status="hidden")
    ensure_partitions(timezone.now().date(), timezone.now().date())
    Interaction.objects.create(customer=customer, product_id=second, kind="purchase", occurred_at=timezone.now())

    with django_assert_num_queries(3):
        found = mailing.lists_for_mail([customer.pk, other.pk, written.nobody.pk], limit=3)

    assert set(found) == {customer.pk, other.pk}
    assert found[customer.pk].product_ids[0] == third
    assert not {first, second} & set(found[customer.pk].product_ids)
    assert len(found[other.pk].product_ids) == 3
    assert found[other.pk].model_version_id == ModelVersion.objects.get().pk


def test_what_a_customer_bought_does_not_come_back_as_popular(written):
    """Neither what was bought after the list was written nor what was bought years before."""
    customer, other = written.customers[0], written.customers[2]
    RecommendationList.objects.filter(customer__in=[customer, other]).delete()
    usual = [one.product_id for one in mailing.picks_for_mail([customer.pk], language="en", limit=3)[customer.pk].picks]
    Interaction.objects.create(customer=customer, product_id=usual[0], kind="purchase", occurred_at=NOW)
    Interaction.objects.create(customer=other, product_id=usual[1], kind="view", occurred_at=NOW)

    found = mailing.picks_for_mail([customer.pk, other.pk], language="en", limit=3)

    shown = {pk: [one.product_id for one in picks.picks] for pk, picks in found.items()}
    assert usual[0] not in shown[customer.pk]
    assert shown[customer.pk][:2] == usual[1:]
    assert len(shown[customer.pk]) == 3
    assert shown[other.pk] == usual
    Placement.objects.filter(key="email").update(repeats_allowed=True)
    wishes.forget()
    again = mailing.picks_for_mail([customer.pk], language="en", limit=3)[customer.pk]
    assert [one.product_id for one in again.picks] == usual
    wishes.forget()


@pytest.mark.parametrize("why", ["reset", "said no"])
def test_purchases_that_may_not_be_used_leave_no_gap_in_a_mail(written, why):
    customer = written.customers[0]
    RecommendationList.objects.filter(customer=customer).delete()
    usual = mailing.picks_for_mail([customer.pk], language="en", limit=3)[customer.pk].picks
    Interaction.objects.create(customer=customer, product_id=usual[0].product_id, kind="purchase", occurred_at=NOW)
    change = {"profile_since": NOW + timedelta(days=1)} if why == "reset" else {"is_personalised": False}
    Customer.objects.filter(pk=customer.pk).update(**change)

    assert mailing.picks_for_mail([customer.pk], language="en", limit=3)[customer.pk].picks == usual


def test_a_customer_who_switches_personal_answers_off_is_missing_at_once(written):
    customer = written.customers[0]
    customer.is_personalised = False
    customer.save()

    assert mailing.lists_for_mail([customer.pk]) == {}


def test_without_a_model_the_list_answers_and_without_consent_it_does_not(written):
    customer = written.customers[0]
    expected = RecommendationList.objects.get(customer=customer).product_ids[:4]
    ModelVersion.objects.all().delete()
    registry.forget_loaded()

    answer = selectors.recommend(customer=customer, limit=4)

    assert [item.product_id for item in answer.items] == expected
    assert (answer.source, answer.model_version) == ("fallback", None)
    assert answer.items[0].source == "personal"
    assert answer.items[0].reason.code == "because_you_viewed"
    customer.is_personalised = False
    assert "personal" not in {item.source for item in selectors.recommend(customer=customer, limit=4).items}


def test_without_a_model_nothing_is_written_and_nothing_is_lost(written):
    ModelVersion.objects.all().delete()
    registry.forget_loaded()

    assert mailing.write_lists() == 0
    assert RecommendationList.objects.count() == 39
    assert RecommendationList.objects.filter(model_version=None).count() == 39
    assert RecommendationList.objects.filter(as_of__gt=NOW).count() == 39


# --- the holdout --------------------------------------------------------------------------------------------------


@pytest.fixture
def held_out(trained):
    """A tenth of the people is kept apart. Customer 0 was first known by a browser of that tenth and later by another
    one, customer 2 the other way round, customer 4 by one that may not be followed; all others by none."""
    ShopProfileFactory.create(holdout_percent=10)
    holdout.keep()
    placing.forget()
    salt = ShopProfile.current().holdout_salt.encode()
    apart = [name for n in range(400) if share_of(salt, name := f"v{n}") < 0.10]
    others = [f"v{n}" for n in range(400) if f"v{n}" not in apart]
    now = timezone.now()
    for customer, key, days, may in (
        (0, apart[0], 9, True), (0, others[0], 1, True), (2, others[1], 9, True), (2, apart[1], 1, True),
        (4, apart[2], 9, False),
    ):  # fmt: skip
        VisitorFactory.create(
            key=key, customer=trained.customers[customer], first_seen_at=now - timedelta(days=days), may_track=may
        )
    return trained


def test_customers_of_the_holdout_get_the_popularity_list_and_no_version(held_out):
    mailing.write_lists()

    rows = {row.customer_id: row for row in RecommendationList.objects.all()}
    apart, other, unfollowed = (rows[held_out.customers[number].pk] for number in (0, 2, 4))
    assert (apart.model_version, set(apart.speaker_ids)) == (None, {0})
    assert other.model_version == unfollowed.model_version == ModelVersion.objects.get()
    placed = trials.held_out([held_out.customers[0]], "email")[held_out.customers[0].pk]
    assert placed.settings["strategy"] == "popularity"
    plain = selectors.recommend(placement="email", customer=held_out.customers[0], limit=12, placed=placed)
    assert apart.product_ids == [item.product_id for item in plain.items]
    assert len(rows) == 40
    own = [row for row in rows.values() if row.model_version_id is None]
    assert own == [apart]


def test_who_is_held_out_is_asked_once_for_all_and_nobody_is_without_a_holdout(held_out, django_assert_num_queries):
    trials.held_out(held_out.customers, "email")  # what runs is remembered from here on
    with django_assert_num_queries(1):
        found = trials.held_out(held_out.customers, "email")
    assert set(found) == {held_out.customers[0].pk}
    assert trials.held_out(held_out.customers, "email", strategy="popular") == {}

    ShopProfileFactory.create(holdout_percent=0)
    holdout.keep()
    placing.forget()

    assert trials.held_out(held_out.customers, "email") == {}
