"""What staff see of recommendations on the page of a customer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from catalog.models import Product
from core.models import ModelVersion
from recommender import panels
from tests.factories import RecommendationListFactory, ShopProfileFactory

pytestmark = pytest.mark.django_db
STAFF = SimpleNamespace(user=SimpleNamespace(has_perm=lambda _name: True))


def shown(customer, language="en"):
    with translation.override(language):
        panel = panels.recommended_to_customer(STAFF, customer)
        return " ".join(render_to_string(panel.template, dict(panel.context)).split())


@pytest.fixture
def shop_open(trained):
    ShopProfileFactory.create()
    return trained


def test_the_panel_names_model_and_source_and_the_list_written_for_mail(shop_open, django_assert_max_num_queries):
    customer = shop_open.customers[1]
    version = ModelVersion.objects.get()
    RecommendationListFactory.create(
        customer=customer, products=shop_open.blue[:3], model_version=version,
        as_of=timezone.now() - timedelta(hours=3),
    )  # fmt: skip
    Product.objects.filter(pk=shop_open.blue[1].pk).update(status="hidden")

    with django_assert_max_num_queries(14):
        text = shown(customer)

    assert "Made by recommender.v1: from what this person did" in text
    assert "For e-mail: 2 products" in text
    assert "by recommender.v1" in text
    assert "1 is not for sale any more" in text
    assert "用于邮件：2 件商品" in shown(customer, "zh-hans")


def test_without_a_list_and_after_a_no_the_panel_says_so(shop_open):
    customer = shop_open.customers[1]

    assert "No list for e-mail: nothing personal was found" in shown(customer)
    customer.is_personalised = False
    text = shown(customer)
    assert "switched personalisation off" in text
    assert "For e-mail" not in text
    assert "No list for e-mail" not in text
