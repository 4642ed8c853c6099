import pytest
from django.utils.translation import override

from core.countries import NAMES, country_name


@pytest.mark.parametrize(
    ("kept", "english", "chinese"),
    [
        ("DE", "Germany", "德国"),
        ("de", "Germany", "德国"),
        ("United Kingdom", "United Kingdom", "英国"),
        ("EIRE", "Ireland", "爱尔兰"),
        (" usa ", "United States", "美国"),
        ("Trinidad and Tobago", "Trinidad & Tobago", "特立尼达和多巴哥"),
        ("Saint Lucia", "St. Lucia", "圣卢西亚"),
        ("Channel Islands", "Channel Islands", "Channel Islands"),
        ("德国", "德国", "德国"),
        ("ZZ", "ZZ", "ZZ"),
        ("", "", ""),
    ],
)
def test_countries_are_told_in_the_readers_language_and_what_is_none_stays(kept, english, chinese):
    assert country_name(kept) == english
    with override("zh-hans"):
        assert country_name(kept) == chinese


def test_every_country_has_a_chinese_name():
    with override("zh-hans"):
        assert [code for code, name in NAMES.items() if country_name(code) == name] == []
