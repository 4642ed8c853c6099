"""Sentences that a worker stores and people of either language read."""

from django.utils.translation import override

from core.said import Said


def test_a_name_in_two_languages_is_that_of_whoever_reads():
    said = Said("%(aspect)s: %(hits)d", {"aspect": {"en": "Delivery", "zh": "物流"}, "hits": 3})

    with override("zh-hans"):
        assert str(said) == "物流: 3"
    with override("en"):
        assert str(said) == "Delivery: 3"
    with override("fr"):
        assert str(said) == "Delivery: 3"
