"""Clusters of customers: found, kept by name from run to run, refused with a reason, given to everybody."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from analytics.models import CustomerScore, CustomerStats, Segment, SegmentMembership, SegmentSize
from analytics.quality import looking, prepared
from analytics.segments import clusters, counting, keeping, membership
from analytics.segments.clusters import NoClusters
from catalog.models import Customer, CustomerTrait
from core import model_registry as registry
from core.choices import Role
from core.models import ModelVersion
from core.roles import sync_roles
from tests.factories import (
    CustomerFactory,
    CustomerScoreFactory,
    CustomerStatsFactory,
    DataQualityReportFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    ShopProfileFactory.create(base_currency="EUR")


def fill(*, often=150, rare=150, seed=0):
    """Two groups that nobody could mistake: those who come every week and spend much, those who came once long ago."""
    rng = np.random.default_rng(seed)
    today = timezone.localdate()
    people = Customer.objects.bulk_create(Customer(name=f"P{n}", joined_at=timezone.now()) for n in range(often + rare))
    rows = []
    for place, one in enumerate(people):
        if place < often:
            orders, worth, first, last = (int(rng.integers(*r)) for r in ((20, 40), (80, 120), (400, 500), (1, 9)))
        else:
            orders, worth, first = 1, int(rng.integers(8, 12)), int(rng.integers(200, 300))
            last = first
        rows.append(
            CustomerStats(
                customer=one, orders=orders, purchase_days=orders, items=orders, gross=orders * worth,
                revenue=orders * worth, first_day=today - timedelta(days=first), last_day=today - timedelta(days=last),
            )
        )  # fmt: skip
    CustomerStats.objects.bulk_create(rows)
    return people


def test_planted_groups_are_found_published_and_written_everywhere():
    people = fill()
    now = timezone.now()

    result = clusters.train(now=now)

    version = ModelVersion.objects.get(kind="customer_clusters")
    assert result == {
        "version": "customer_clusters.v1", "passed": True, "clusters": 2, "customers": 300, "changed": 300,
    }  # fmt: skip
    assert (version.state, version.metrics["clusters"], version.gate["passed"]) == ("active", 2, True)
    assert version.metrics["stability"] == 1.0
    assert version.metrics["smallest_share"] == 0.5
    segments = {one.key: one for one in Segment.objects.filter(kind="cluster")}
    assert sorted(segments) == ["c1", "c2"]
    scores = dict(CustomerScore.objects.values_list("customer_id", "cluster_id"))
    assert len({scores[one.pk] for one in people[:150]}) == len({scores[one.pk] for one in people[150:]}) == 1
    trait = CustomerTrait.objects.get(customer=people[0], kind="cluster")
    own = Segment.objects.get(pk=scores[people[0].pk])
    assert (trait.value, trait.model_version, trait.as_of) == (own.key, version, now)
    assert {reason["reason"] for reason in trait.reasons} <= set(clusters.PLANS)
    assert SegmentMembership.objects.filter(segment=own, until=None, since=now).count() == 150
    assert own.current.model_version == version
    assert {one["feature"] for one in own.current.profile["apart"]} >= {"frequency", "recency"}


def test_a_cluster_that_is_found_again_keeps_its_segment_and_the_name_staff_gave():
    fill()
    clusters.train()
    first = {one.pk: one.key for one in Segment.objects.filter(kind="cluster")}
    regulars = CustomerScore.objects.order_by("customer_id").first().cluster_id
    Segment.objects.filter(pk=regulars).update(name="Our regulars")
    began = set(SegmentMembership.objects.values_list("pk", "since"))
    fill(often=100, rare=20, seed=1)

    result = clusters.train()

    assert result["changed"] == 120
    assert {one.pk: one.key for one in Segment.objects.filter(kind="cluster")} == first
    kept = Segment.objects.get(pk=regulars)
    assert (kept.name, kept.current.number, kept.versions.count()) == ("Our regulars", 2, 2)
    assert CustomerScore.objects.filter(cluster_id=regulars).count() == 250
    assert set(SegmentMembership.objects.filter(until=None).values_list("pk", "since")) >= began


def test_a_cluster_that_is_not_found_again_is_archived_and_a_new_one_gets_a_new_key():
    people = fill()
    clusters.train()
    today = timezone.localdate()
    CustomerStats.objects.filter(customer__in=people[:60]).update(
        orders=1, purchase_days=1, gross=9000, revenue=9000, first_day=today - timedelta(days=900),
        last_day=today - timedelta(days=900),
    )  # fmt: skip
    CustomerStats.objects.filter(customer__in=people[60:210]).update(
        orders=3, purchase_days=3, gross=900, revenue=900, first_day=today - timedelta(days=20),
        last_day=today - timedelta(days=10),
    )  # fmt: skip

    clusters.train()

    alive = set(Segment.objects.alive().filter(kind="cluster").values_list("key", flat=True))
    gone = set(Segment.objects.exclude(archived_at=None).values_list("key", flat=True))
    assert len(gone) == 1
    assert gone < {"c1", "c2"}
    assert alive == {"c1", "c2", "c3", "c4"} - gone


def test_too_few_customers_are_refused_and_nothing_is_written():
    fill(often=100, rare=99)

    with pytest.raises(NoClusters) as caught:
        clusters.train()

    assert str(caught.value.message) == "Too few customers: 199 have bought, 200 are needed."
    assert not ModelVersion.objects.exists()
    assert not Segment.objects.filter(kind="cluster").exists()
    assert not CustomerTrait.objects.exists()


def test_customers_who_are_all_alike_are_refused():
    people = Customer.objects.bulk_create(Customer(name=str(n), joined_at=timezone.now()) for n in range(250))
    CustomerStats.objects.bulk_create(
        CustomerStats(
            customer=one, orders=1, purchase_days=1, items=1, gross=20, revenue=20, first_day=date(2026, 1, 1),
            last_day=date(2026, 1, 1),
        )
        for one in people
    )  # fmt: skip

    with pytest.raises(NoClusters, match="All customers are alike"):
        clusters.train()


def test_customers_without_any_groups_are_refused_and_what_served_stays(monkeypatch):
    fill()
    clusters.train()
    monkeypatch.setattr(clusters.choosing_k, "STABLE", 1.01)

    with pytest.raises(NoClusters, match="No number of clusters comes again"):
        clusters.train()

    assert ModelVersion.objects.filter(kind="customer_clusters").count() == 1
    assert CustomerScore.objects.exclude(cluster_id=None).count() == 300


def test_an_empty_shop_has_no_clusters_and_keeping_it_does_nothing():
    with pytest.raises(NoClusters, match="0 have bought"):
        clusters.train()

    assert keeping.keep() == {"clusters_changed": 0, "rfm_joined": 0, "counted": 10}
    keeping.first()
    assert Segment.objects.get(key="champions").size == 0


def test_newcomers_get_the_nearest_cluster_at_night_and_leavers_none():
    people = fill()
    clusters.train()
    newcomer = CustomerFactory.create()
    copy = CustomerStats.objects.get(customer=people[0])
    copy.pk = newcomer.pk
    copy.customer = newcomer
    copy.save(force_insert=True)
    CustomerStats.objects.filter(customer=people[1]).delete()

    assert clusters.assign() == 2

    score = CustomerScore.objects.get(customer=newcomer)
    assert score.cluster_id == CustomerScore.objects.get(customer=people[0]).cluster_id
    assert CustomerScore.objects.get(customer=people[1]).cluster_id is None
    assert not CustomerTrait.objects.filter(customer=people[1], kind="cluster").exists()
    assert SegmentMembership.objects.get(customer=people[1]).until is not None
    assert clusters.assign() == 0


def test_customers_are_written_block_by_block(monkeypatch):
    monkeypatch.setattr(membership, "BATCH", 70)
    people = fill()

    result = clusters.train()

    assert result["changed"] == 300
    scores = dict(CustomerScore.objects.values_list("customer_id", "cluster_id"))
    assert len({scores[one.pk] for one in people[:150]}) == len({scores[one.pk] for one in people[150:]}) == 1
    assert CustomerTrait.objects.filter(kind="cluster").count() == 300
    CustomerStats.objects.filter(customer__in=[people[0], people[299]]).delete()
    assert clusters.assign() == 2
    assert CustomerTrait.objects.filter(kind="cluster").count() == 298
    assert SegmentMembership.objects.filter(until=None).count() == 298


def test_one_segment_that_takes_too_long_does_not_keep_the_others_from_being_counted(monkeypatch):
    written = counting.write_size
    slow = Segment.objects.order_by("pk").first()

    def write(segment, **more):
        if segment.pk == slow.pk:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(5)")
        return written(segment, **more)

    monkeypatch.setattr(counting, "write_size", write)
    monkeypatch.setattr(keeping, "SIZE_MS", 50)

    assert keeping.keep(assign=False)["counted"] == 9
    assert keeping.count_one(slow.pk) == {"counted": 0, "reason": "Counting takes too long."}


def test_data_quality_says_what_the_clusters_that_serve_do_with_each_column(client):
    fill()
    clusters.train()
    version = ModelVersion.objects.get()
    settings = {one["name"]: one for one in registry.load(version).meta["preparation"]}

    told = {one["name"]: one for one in prepared.columns()}

    assert list(told) == list(settings)
    for name, one in told.items():
        plan = settings[name]["plan"]
        said = (one["rule"], one["log"], one["scale"], one["fill"], one["treatment"], one["filled_with"], one["high"])
        assert said == (
            plan["outliers"], plan["log"], plan["scale"], plan["missing"], plan["treatment"], settings[name]["fill"],
            settings[name]["high"],
        )  # fmt: skip
    assert told["frequency"]["rule"] == "none"
    DataQualityReportFactory.create(columns=looking.look().columns)
    sync_roles()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST, language="en"))
    page = client.get(reverse("admin:analytics_quality")).content.decode()
    row = page[page.index("Days since the first order") :].partition("</tr>")[0]
    assert "mean 0, deviation 1" in row
    assert "logarithm" not in row
    assert "Churn risk and the chance of an order take days" in page


def test_an_erased_customer_is_in_no_cluster():
    people = fill()
    Customer.objects.filter(pk=people[0].pk).update(erased_at=timezone.now())

    clusters.train()

    assert not CustomerScore.objects.filter(customer=people[0]).exclude(cluster_id=None).exists()


def test_after_a_roll_back_the_version_that_serves_says_who_is_where():
    fill()
    clusters.train()
    clusters.train()
    version = registry.roll_back("customer_clusters", by=None, reason="roll back")

    clusters.assign()

    assert version.number == 1
    assert CustomerTrait.objects.filter(kind="cluster", model_version=version).count() == 300


def test_a_damaged_model_gives_nobody_another_cluster():
    fill()
    clusters.train()
    folder = registry.Path(registry.settings.MODEL_ROOT) / ModelVersion.objects.get().folder
    (folder / "centres.npy").write_bytes(b"broken")

    assert clusters.assign() == 0
    assert CustomerScore.objects.exclude(cluster_id=None).count() == 300


# --- memberships of RFM segments ----------------------------------------------------------------------------------


def test_memberships_follow_the_rfm_scores():
    score = CustomerScoreFactory.create(rfm_segment="new")
    first, second = timezone.now() - timedelta(days=1), timezone.now()

    assert membership.follow_rfm(now=first) == 1
    assert membership.follow_rfm(now=first) == 0
    CustomerScore.objects.update(rfm_segment="loyal")
    assert membership.follow_rfm(now=second) == 1

    rows = SegmentMembership.objects.filter(customer=score.customer).order_by("since")
    assert [(row.segment.key, row.since, row.until) for row in rows] == [
        ("new", first, second),
        ("loyal", second, None),
    ]
    CustomerScore.objects.update(rfm_segment="")
    assert membership.follow_rfm(now=second) == 0
    assert not SegmentMembership.objects.filter(until=None).exists()


# --- sizes --------------------------------------------------------------------------------------------------------


def test_every_segment_is_counted_with_revenue_and_its_share():
    for revenue, name in ((300, "champions"), (100, "new"), (0, "new")):
        stats = CustomerStatsFactory.create(revenue=revenue)
        CustomerScoreFactory.create(customer=stats.customer, rfm_segment=name)

    keeping.keep()

    champions, new = (Segment.objects.get(key=key) for key in ("champions", "new"))
    assert (champions.size, champions.revenue, champions.revenue_share) == (1, 300, 0.75)
    assert (new.size, new.revenue, new.revenue_share) == (2, 100, 0.25)
    assert SegmentSize.objects.get(segment=new).size == 2
    CustomerScore.objects.filter(customer=stats.customer).update(rfm_segment="champions")
    counting.write_size(new)
    assert SegmentSize.objects.get(segment=new).size == 1


def test_a_shop_that_gave_everything_back_has_no_shares():
    CustomerScoreFactory.create(customer=CustomerStatsFactory.create(revenue=-5).customer, rfm_segment="new")

    keeping.keep()

    assert Segment.objects.get(key="new").revenue_share is None
