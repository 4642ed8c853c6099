"""The made-up customers of the bench of segments: as many as asked for, counted alike by rules and by plain SQL."""

import pytest
from django.db import connection

from analytics.models import CustomerScore, CustomerStats
from analytics.segments import compiling, counting, rules
from tests.benchmarks import segments_bench
from tests.factories import ShopProfileFactory

pytestmark = pytest.mark.django_db


def test_it_fills_as_many_as_asked_for_and_its_rules_count_what_plain_sql_counts():
    ShopProfileFactory.create(time_zone="Asia/Shanghai")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Shanghai'")  # today is the shop's
        segments_bench.fill(cursor, 600)

    assert (CustomerStats.objects.count(), CustomerScore.objects.count()) == (600, 600)
    found = {}
    for name, (rule, sql) in segments_bench.RULES.items():
        counted = counting.count(compiling.compiled(rules.parse(rule)))
        assert (counted.number, counted.is_estimate) == (segments_bench.plain_count(sql), False)
        found[name] = counted.number
    assert all(found.values()), found
