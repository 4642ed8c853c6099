"""The first minute of an installation without any data: every page opens and nothing divides by zero."""

import pytest
from django.urls import reverse

from core import model_registry as registry
from core.models import StaffUser

PAGES = [
    "index",
    "analytics_impact",
    "analytics_live",
    "recommender_online",
    "analytics_sales",
    "analytics_cohorts",
    "analytics_funnel",
    "analytics_products",
    "analytics_quality",
    "analytics_segment_changelist",
    "reviews_aspect_changelist",
    "reviews_aspects",
    "reviews_aspectterm_changelist",
    "reviews_aspect_reviews",
    "reviews_terms",
    "reviews_queue",
    "reviews_review_changelist",
    "reviews_replytemplate_changelist",
    "recommender_preview",
    "recommender_trials",
    "catalog_product_changelist",
    "catalog_category_changelist",
    "catalog_brand_changelist",
    "catalog_order_changelist",
    "catalog_customer_changelist",
    "catalog_stockmovement_changelist",
    "catalog_importbatch_changelist",
    "core_modelversion_changelist",
    "core_job_changelist",
    "core_apikey_changelist",
    "core_shopprofile_changelist",
]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_an_empty_shop(client, page, language):
    registry.forget_loaded()
    client.force_login(StaffUser.objects.create_superuser("lin", "lin@example.com", "a-long-one-7"))
    client.cookies["django_language"] = language

    answer = client.get(reverse(f"admin:{page}"), follow=True)

    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text
