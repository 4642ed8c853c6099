"""RFM segment and cluster on the page of a customer: words instead of codes, in both languages."""

import pytest
from django.utils import translation

from analytics.models import Segment
from analytics.segments import traits
from analytics.segments.named import RFM
from core.choices import Role
from tests.factories import (
    CustomerFactory,
    CustomerTraitFactory,
    ModelVersionFactory,
    SegmentFactory,
    SegmentVersionFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

RFM_REASONS = [
    {"reason": "recency", "value": 82, "score": 3},
    {"reason": "frequency", "value": 1, "score": 1},
    {"reason": "money", "value": 2751.0, "score": 5},
]


@pytest.fixture
def shop(db):
    return ShopProfileFactory.create(base_currency="CNY")


@pytest.fixture
def cluster(db):
    segment = SegmentFactory.create(kind=Segment.Kind.CLUSTER, key="c3", name="C3 · buy often")
    profile = {
        "apart": [{"feature": "frequency", "deviations": 1.2}],
        "medians": {"frequency": 11.0},
        "all_medians": {"frequency": 3.0},
    }
    segment.current = SegmentVersionFactory.create(segment=segment, number=7, profile=profile)
    segment.save()
    return segment


def test_an_rfm_segment_says_its_name_its_meaning_and_the_scores_behind_it(shop):
    score = traits.rfm(CustomerTraitFactory.build(kind="rfm", value="loyal", reasons=RFM_REASONS))

    assert (str(score.value), str(score.top_reason)) == (
        "Loyal customers", "Buy often, and lately or not long ago.",
    )  # fmt: skip
    assert [(str(one.text), one.direction) for one in score.explanation.reasons] == [
        ("last order 82 days ago: 3 of 5", 0),
        ("ordered on one day: 1 of 5", -1),
        ("brought ¥2,751: 5 of 5", 1),
    ]
    assert score.explanation.model_version == ""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("key", list(RFM))
def test_every_rfm_segment_has_words_in_both_languages(shop, key, language):
    with translation.override(language):
        score = traits.rfm(CustomerTraitFactory.build(kind="rfm", value=key, reasons=RFM_REASONS))
        told = [str(score.value), str(score.top_reason), *(str(one.text) for one in score.explanation.reasons)]

    assert key not in told
    for text in told:
        assert any("一" <= letter <= "鿿" for letter in text) == (language == "zh-hans")


def test_a_cluster_says_its_name_what_sets_it_apart_and_its_version(shop, cluster):
    version = ModelVersionFactory.create(kind="customer_clusters", metrics={"stability": 0.923})
    stored = [
        {"reason": "frequency", "value": 11.0, "direction": 1},
        {"reason": "recency", "value": 82.0, "direction": -1},
        {"reason": "moon", "value": 1.0, "direction": 1},
    ]

    score = traits.cluster(
        CustomerTraitFactory.build(kind="cluster", value="c3", reasons=stored, model_version=version)
    )

    assert score.value == str(cluster)
    assert score.explanation.what == "Customers like this one: buy often (11, all customers 3)"
    assert [(str(one.text), one.direction) for one in score.explanation.reasons] == [
        ("Days with an order: 11", 1), ("Days since the last order: 82 days", -1),
    ]  # fmt: skip
    assert "0.92" in score.explanation.how_sure
    assert score.explanation.model_version == version.name


@pytest.mark.parametrize("value", [{}, [], "moon", 3, None])
def test_a_trait_of_an_odd_form_is_not_scored(shop, value):
    trait = CustomerTraitFactory.build(value=value, reasons="x")

    assert traits.rfm(trait).value is None
    assert traits.cluster(trait).value is None


def test_the_page_of_a_customer_shows_words_and_no_codes(shop, cluster, client):
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))
    customer = CustomerFactory.create()
    CustomerTraitFactory.create(customer=customer, kind="rfm", value="cannot_lose", reasons=RFM_REASONS)
    CustomerTraitFactory.create(
        customer=customer, kind="cluster", value="c3", reasons=[{"reason": "frequency", "value": 11.0, "direction": 1}]
    )

    page = client.get(f"/admin/catalog/customer/{customer.pk}/change/").content.decode()

    assert "Cannot lose them" in page
    assert "C3 · buy often" in page
    assert "cannot_lose" not in page
    assert "&#x27;reason&#x27;" not in page
