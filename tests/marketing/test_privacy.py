"""Private learning: what it costs here, the budget, releases."""

import numpy as np
import pytest
from django.urls import reverse

from core.choices import Role
from core.exceptions import BadInput
from core.jobs import run_now
from core.models import Job, LedgerEntry
from marketing.models import PrivacyBudget, PrivacyRelease
from marketing.privacy import learning, spending
from marketing.privacy.views import auc
from tests.core.admin.conftest import boss, client, client_of, shop  # noqa: F401 (fixtures)
from tests.factories import PrivacyReleaseFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
REASON = "A partner learns with us"


@pytest.fixture
def url():
    return reverse("admin:marketing_privacy")


@pytest.fixture
def customers(db):
    """Four hundred people over a year: those who come often come again, the others mostly do not."""
    from catalog.models import Customer, Order
    from tests.analytics.customers.conftest import noon, place

    rng = np.random.default_rng(0)
    people = Customer.objects.bulk_create(
        Customer(name=f"C{n}", joined_at=noon(330), country="CN" if n % 3 else "DE") for n in range(400)
    )
    orders = []
    for at, one in enumerate(people):
        gap, ago = (15.0, 320.0) if at % 2 else (110.0, 320.0)
        while ago >= 1:
            orders.append(place(one, noon(int(ago)), float(rng.gamma(4, 20)) + 1, f"o{len(orders)}"))
            ago -= 1 + rng.exponential(gap)
    Order.objects.bulk_create(orders)
    return people


def test_with_too_little_data_it_says_so_and_releases_nothing(client_of, url):  # noqa: F811
    run_now("marketing.privacy.tasks.measure_privacy")

    text = client_of(Role.ANALYST).get(url).content.decode()

    assert "Too little data: needs 200 customers whose 90 days are over, has 0" in text
    assert "Release weights with noise" not in text
    asked = spending.release(1.0, REASON, by=None)
    assert learning.release(asked.pk) == {"state": "refused", "customers": 0}
    assert spending.standing(PrivacyBudget.current()).spent == 0


def test_the_cost_is_measured_on_the_shops_own_customers(customers, client_of, url, django_assert_max_num_queries):  # noqa: F811
    learning.measure()

    report = PrivacyBudget.current().report
    assert report["together"] > 0.7
    assert abs(report["together"] - report["federated"]) < 0.02
    assert report["stores_by"] == "country"
    assert sum(report["stores"]) == report["learned_from"] <= 400
    costs = {one["epsilon"]: one for one in report["costs"]}
    assert costs[10.0]["high"] - costs[10.0]["low"] <= costs[0.1]["high"] - costs[0.1]["low"]
    client = client_of(Role.ANALYST)  # noqa: F811
    client.get(url)
    with django_assert_max_num_queries(12):
        text = client.get(url).content.decode()
    assert "At ε 1 the ranking of who stays away loses" in text
    assert auc(-0.0004) == "0.000"
    assert "9 of 10 draws" in text


def test_a_release_has_noise_is_drawn_once_and_takes_its_share(customers):
    first, second = (spending.release(0.5, REASON, by=None) for _n in range(2))
    for one in (first, second):
        learning.release(one.pk)
        one.refresh_from_db()
    kept = first.weights

    assert learning.release(first.pk) == {"skipped": "done"}
    first.refresh_from_db()
    assert first.weights == kept
    assert first.weights["weights"] != second.weights["weights"]
    assert first.customers > 200
    assert spending.standing(PrivacyBudget.current()).left == 3.0


def test_more_than_the_budget_is_refused_and_changes_nothing():
    PrivacyBudget.current()
    PrivacyReleaseFactory.create(epsilon=3.5, state="done")

    with pytest.raises(spending.BudgetSpent, match=r"ε 1 of a budget of which 0.5 is left"):
        spending.release(1.0, REASON, by=None)
    for epsilon, reason in ((0.0, REASON), (float("nan"), REASON), (11.0, REASON), (0.5, "why not")):
        with pytest.raises(BadInput):
            spending.release(epsilon, reason, by=None)

    assert PrivacyRelease.objects.count() == 1
    assert not Job.objects.filter(kind="marketing.privacy.release").exists()


def test_an_owner_begins_a_new_budget_with_a_reason_and_nobody_else(client_of, url):  # noqa: F811
    PrivacyBudget.current()
    PrivacyReleaseFactory.create(epsilon=3.5, state="done")
    address, said = reverse("admin:marketing_privacy_act"), {"act": "reset", "reason": "All customers are new by now"}

    assert client_of(Role.ANALYST).post(address, said).status_code == 403
    assert spending.standing(PrivacyBudget.current()).left == 0.5
    owner = client_of(Role.OWNER)
    owner.post(address, {"act": "reset", "reason": "short"})
    assert spending.standing(PrivacyBudget.current()).left == 0.5
    owner.post(address, said)

    assert spending.standing(PrivacyBudget.current()).left == 4.0
    assert list(PrivacyRelease.objects.order_by("pk").values_list("kind", "reason"))[1] == ("reset", said["reason"])
    assert LedgerEntry.objects.filter(subject="marketing.privacybudget:1").count() == 1
    text = owner.get(url).content.decode()
    assert said["reason"] in text


def test_staff_ask_for_a_release_from_the_page(customers, client_of, url):  # noqa: F811
    learning.measure()
    client = client_of(Role.ANALYST)  # noqa: F811
    assert "Release weights with noise" in client.get(url).content.decode()

    client.post(reverse("admin:marketing_privacy_act"), {"act": "release", "epsilon": "1", "reason": REASON})

    assert PrivacyRelease.objects.get().epsilon == 1.0
    assert Job.objects.filter(kind="marketing.privacy.release").count() == 1
    assert client_of(Role.SUPPORT).get(url).status_code == 403


def test_two_who_ask_together_do_not_spend_it_twice(transactional_db):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    by = StaffUserFactory.create()

    def ask(_n):
        try:
            spending.release(1.5, REASON, by=by)
            return True
        except spending.BudgetSpent:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(ask, range(4)))

    assert sum(got) == 2
    assert spending.standing(PrivacyBudget.current()).left == 1.0


def test_marketers_read_what_privacy_costs_and_ask_for_nothing(db, client_of, url):  # noqa: F811
    marketer = client_of(Role.MARKETER)

    assert reverse("admin:marketing_privacy_act") not in marketer.get(url).content.decode()
    assert marketer.post(reverse("admin:marketing_privacy_act"), {"act": "measure"}).status_code == 403
    assert marketer.post(reverse("admin:marketing_privacy_act"), {"act": "reset", "reason": REASON}).status_code == 403
