"""What staff do with segments."""

import pytest

from analytics.models import Segment, SegmentSnapshot
from analytics.reports import kept as kept_lists
from analytics.segments import compiling, rules, services
from analytics.segments.rules import BadRule
from core.exceptions import BadInput, DomainError
from core.models import Job
from core.shop import current_shop
from tests.factories import CustomerFactory, CustomerStatsFactory, SegmentFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


def rule(field="orders", op="gte", value=1):
    return rules.parse({"field": field, "op": op, "value": value})


def wanted(name="Buyers", **more):
    return services.Wanted(name=name, **({"rule": rule()} | more))


def test_a_new_segment_has_its_first_version_and_is_counted_by_a_job():
    person = StaffUserFactory.create()

    segment = services.create(wanted(" Buyers ", name_translations={"zh-hans": "买家"}), by=person)

    assert (segment.name, segment.kind, segment.owner, segment.is_shared) == ("Buyers", "rule", person, True)
    assert (segment.current.number, segment.current.made_by) == (1, person)
    assert segment.current.rule == {"all": [{"field": "orders", "op": "gte", "value": 1}]}
    assert (segment.localised("name", "zh-hans"), segment.localised("name", "en")) == ("买家", "Buyers")
    assert Job.objects.get().arguments == {"segment_id": segment.pk}


def test_a_segment_sent_twice_is_saved_once():
    person = StaffUserFactory.create()
    parts = [{"field": "orders", "op": "gte", "value": 1}, {"field": "revenue", "op": "gte", "value": 50}]

    first = services.create(wanted(rule=rules.parse({"any": parts})), by=person)
    second = services.create(wanted(" Buyers", rule=rules.parse({"any": parts[::-1]})), by=person)

    assert second == first
    assert Segment.objects.filter(kind="rule").get().versions.count() == 1
    assert Job.objects.count() == 1


def test_the_same_name_with_another_rule_or_of_somebody_else_is_another_segment():
    person = StaffUserFactory.create()
    services.create(wanted(), by=person)

    services.create(wanted(rule=rule(value=2)), by=person)
    services.create(wanted(), by=StaffUserFactory.create())
    services.create(wanted("Others"), by=person)

    assert Segment.objects.filter(kind="rule").count() == 4


def test_the_same_name_and_rule_with_other_words_is_refused_while_the_first_is_in_use():
    person = StaffUserFactory.create()
    first = services.create(wanted(), by=person)

    with pytest.raises(BadInput, match="You have a segment of this name with the same rule"):
        services.create(wanted(description="For the spring"), by=person)
    services.archive(first, by=person)
    second = services.create(wanted(description="For the spring"), by=person)

    assert (second.pk == first.pk, second.description) == (False, "For the spring")


def test_a_list_asked_for_twice_is_kept_once_until_it_is_written_down():
    person = StaffUserFactory.create()
    source = {"kind": "funnel", "step": 1, "first": "2026-01-01", "last": "2026-01-07"}

    first = services.keep_list(source, name="Looked", by=person)
    second = services.keep_list(dict(source), name="Looked", by=person)
    SegmentSnapshot.objects.update(is_ready=True)
    later = services.keep_list(source, name="Looked", by=person)

    assert (second == first, later == first) == (True, False)


@pytest.mark.parametrize("bad", [wanted(""), wanted("  "), wanted("x" * 301), wanted(rule=None)])
def test_a_segment_without_name_or_rule_is_refused(bad):
    with pytest.raises(BadInput):
        services.create(bad, by=None)

    assert not Segment.objects.filter(kind="rule").exists()


def test_another_rule_is_the_next_version_and_another_name_is_not():
    segment = services.create(wanted(), by=None)

    services.change(segment, wanted("Customers"), by=None)
    segment.refresh_from_db()
    assert (segment.name, segment.current.number) == ("Customers", 1)

    services.change(segment, wanted(rule=rule(value=2)), by=None, opened=1)
    segment.refresh_from_db()
    assert (segment.current.number, segment.current.rule["all"][0]["value"]) == (2, 2)
    assert segment.size is None  # of the old rule nobody should think it is the new one's


def test_who_saves_over_somebody_else_is_told_and_nothing_changes():
    segment = services.create(wanted(), by=None)
    services.change(segment, wanted(rule=rule(value=2)), by=None, opened=1)

    with pytest.raises(services.ChangedMeanwhile):
        services.change(segment, wanted("Mine", rule=rule(value=3)), by=None, opened=1)

    segment.refresh_from_db()
    assert (segment.name, segment.current.number) == ("Buyers", 2)


def test_an_earlier_rule_comes_back_as_the_newest_version():
    segment = services.create(wanted(), by=None)
    services.change(segment, wanted(rule=rule(value=2)), by=None)

    services.go_back(segment.versions.get(number=1), by=None)

    segment.refresh_from_db()
    assert (segment.current.number, segment.current.rule["all"][0]["value"]) == (3, 1)
    assert segment.current.note == "Back to version 1"


def test_going_back_into_a_circle_is_refused():
    one = services.create(wanted(), by=None)
    two = SegmentFactory.create(rule={"field": "segment", "op": "in", "value": [one.public_id]})
    services.change(one, wanted(rule=rule("country", "in", ["DE"])), by=None)
    services.change(two, wanted(rule=rule()), by=None)
    services.change(one, wanted(rule=rule("segment", "in", [two.public_id])), by=None)

    with pytest.raises(BadRule, match="would refer to itself"):
        services.go_back(two.versions.get(number=1), by=None)


def test_a_segment_that_others_stand_on_is_not_archived():
    one = services.create(wanted(), by=None)
    two = services.create(wanted("Two", rule=rule("segment", "in", [one.public_id])), by=None)

    with pytest.raises(services.InUse, match="Two"):
        services.archive(one)
    services.archive(two)
    services.archive(one)
    assert not Segment.objects.alive().filter(kind="rule").exists()
    services.archive(one, back=True)
    assert Segment.objects.alive().filter(pk=one.pk).exists()


def test_segments_of_somebody_else_alone_are_not_named():
    owner, other = StaffUserFactory.create(), StaffUserFactory.create()
    one = services.create(wanted(), by=owner)
    services.create(wanted("Secret", rule=rule("segment", "in", [one.public_id]), is_shared=False), by=other)

    assert services.used_by(one, person=owner) == []
    assert [str(each) for each in services.used_by(one, person=other)] == ["Secret"]
    with pytest.raises(services.InUse, match="Segments of somebody else stand on this one"):
        services.archive(one, by=owner)
    with pytest.raises(services.InUse, match="Secret"):
        services.archive(one, by=other)


def test_named_segments_are_not_archived_and_follow_no_rule():
    champions = Segment.objects.get(key="champions")

    with pytest.raises(DomainError):
        services.archive(champions)
    with pytest.raises(DomainError):
        services.go_back(champions.versions.get(), by=None)
    services.change(champions, wanted("The best", rule=None), by=None)
    champions.refresh_from_db()
    assert (champions.name, champions.key, champions.current.number) == ("The best", "champions", 1)


def test_a_kept_list_stays_whatever_becomes_of_the_segment():
    segment = services.create(wanted(), by=None)
    stats = [CustomerStatsFactory.create() for _n in range(3)]

    snapshot = services.freeze(segment, purpose="Letter", by=None)
    kept_lists.fill(snapshot.pk)
    services.change(segment, wanted(rule=rule(value=9)), by=None)

    assert compiling.of_segment(Segment.objects.get(pk=segment.pk)).customers().count() == 0
    kept = SegmentSnapshot.objects.get(pk=snapshot.pk)
    assert (kept.size, kept.version.number, kept.purpose) == (3, 1, "Letter")
    assert set(kept.members.values_list("customer_id", flat=True)) == {one.customer_id for one in stats}


def test_rules_that_say_the_same_are_flagged_to_those_who_may_see_them():
    person, other = StaffUserFactory.create(), StaffUserFactory.create()
    mine = services.create(wanted("Mine", is_shared=False), by=person)
    shared = services.create(wanted("Shared"), by=other)

    assert services.same_rule(rule(), person=person) == [mine, shared]
    assert services.same_rule(rule(), person=other) == [shared]
    assert services.same_rule(rule(), apart_from=shared, person=other) == []
    assert services.same_rule(rule(value=2), person=person) == []


def test_segments_of_one_customer_are_found_in_one_query(django_assert_num_queries):
    customer = CustomerStatsFactory.create(orders=2).customer
    buyers, often, german = (
        SegmentFactory.create(rule={"field": field, "op": op, "value": value})
        for field, op, value in (("orders", "gte", 1), ("orders", "gte", 9), ("country", "not_in", ["DE"]))
    )

    current_shop()  # asked for once in seconds
    with django_assert_num_queries(1):
        assert services.segments_of(customer, [buyers, often, german]) == [buyers, german]
    assert services.segments_of(CustomerFactory.create(), [buyers, often]) == []
    assert services.segments_of(customer, []) == []
