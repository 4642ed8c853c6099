"""The service report: what it counts, and that each number leads to the tickets behind it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from core.choices import Role
from crm.models import SatisfactionScore, Team, Ticket, TicketEvent
from crm.selectors_desk_report import desk_report, desk_total, with_target
from crm.services import desk
from tests.factories import ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
FIRST, LAST = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def people(db):
    ShopProfileFactory.create()
    return [StaffUserFactory.create(role=Role.OWNER, first_name=name, last_name="") for name in ("Lin", "Wu")]


def answered(by, at, *, seconds=60, late=0, reopened=0, team=None, score=None):
    conversation = desk.start(
        customer=None, visitor="", channel="form", language="en", subject="", at=at, contact={"name": "Ana"}
    )
    desk.say(conversation, author="customer", text="Hello", at=at)
    ticket = desk.hand_over(conversation, reason="asked", at=at)
    Ticket.objects.filter(pk=ticket.pk).update(
        created_at=at, first_responded_at=at, first_responder=by, first_response_seconds=seconds, late_responses=late,
        reopened=reopened, team=team, state="resolved", due_at=None,
    )  # fmt: skip
    if score is not None:
        SatisfactionScore.objects.create(conversation=conversation, score=score, staff=by, at=at)
    return ticket


def test_whole_agents_and_teams_are_counted_in_three_queries(people, django_assert_num_queries):
    lin, wu = people
    team = Team.objects.create(name="Returns")
    day = FIRST + timedelta(days=3)
    answered(lin, day, seconds=60, team=team, score=5)
    answered(lin, day, seconds=120, late=1, reopened=1, score=2)
    answered(wu, day, seconds=300, team=team)
    answered(wu, FIRST - timedelta(days=3), seconds=9_000)

    with django_assert_num_queries(3):
        found = desk_report(FIRST, LAST, "Asia/Shanghai")

    whole = found.whole
    assert (whole.tickets, whole.answered, whole.kept, whole.missed) == (3, 3, 2, 1)
    assert (whole.median, whole.reopened) == (120.0, 1)
    assert (whole.scores, whole.mean, whole.happy) == (2, 3.5, 1)
    assert [(one.pk, one.answered, one.kept, one.median, one.scores) for one in found.agents] == [
        (lin.pk, 2, 1, 90.0, 2), (wu.pk, 1, 1, 300.0, 0),
    ]  # fmt: skip
    assert [(one.pk, one.answered, one.median, one.mean) for one in found.teams] == [(team.pk, 2, 180.0, 5.0)]
    assert [row[1:] for row in found.days] == [(3, 3, 2, 1, 0)]
    assert desk_total(FIRST - timedelta(days=31), FIRST).median == 9_000.0


def test_a_target_is_missed_by_any_clock_and_by_what_nobody_answered(people):
    lin, wu = people
    day = FIRST + timedelta(days=3)
    answered(lin, day)
    solved_late = answered(lin, day)
    TicketEvent.objects.create(ticket=solved_late, kind="late", at=day)
    overdue, waits, free = (answered(None, day) for _each in range(3))
    Ticket.objects.filter(pk__in=[overdue.pk, waits.pk]).update(
        first_responded_at=None, first_response_seconds=None, state="open"
    )  # fmt: skip
    Ticket.objects.filter(pk=overdue.pk).update(assignee=wu, due_at=day)
    Ticket.objects.filter(pk=waits.pk).update(due_at=timezone.now() + timedelta(hours=1))
    Ticket.objects.filter(pk=free.pk).update(policy=None, due_at=None)

    whole, agents = (lambda found: (found.whole, found.agents))(desk_report(FIRST, LAST, "Asia/Shanghai"))

    assert (whole.tickets, whole.answered, whole.kept, whole.missed, whole.without) == (5, 3, 1, 2, 1)
    assert whole.kept_share == 1 / 3
    assert [(one.pk, one.tickets, one.kept, one.missed) for one in agents] == [(lin.pk, 2, 1, 1), (wu.pk, 1, 0, 1)]
    for target, count in (("kept", 1), ("missed", 2), ("without", 1)):
        assert with_target(Ticket.objects.all(), target).count() == count, target


def test_days_on_which_nothing_happened_are_zero_and_not_a_failure(people):
    found = desk_report(FIRST, LAST, "Asia/Shanghai")

    assert (found.whole.answered, found.whole.median, found.whole.mean) == (0, None, None)
    assert (found.agents, found.teams, found.days) == ([], [], [])


def test_each_number_of_the_page_leads_to_as_many_tickets(people, django_assert_max_num_queries):
    lin, wu = people
    now = timezone.now() - timedelta(days=2)
    for late, score in ((0, 5), (1, 2), (1, None)):
        answered(lin, now, late=late, score=score)
    mine = answered(wu, now)
    Ticket.objects.filter(pk=mine.pk).update(assignee=lin)  # who answered first counts, not who has it now
    answered(lin, now - timedelta(days=60))
    client = Client()
    client.force_login(lin)
    client.get("/admin/crm/service-report/")

    with django_assert_max_num_queries(12):
        page = client.get("/admin/crm/service-report/")

    def behind(url):
        return len(client.get(url).context["cl"].result_list)

    rows = {row.name: row for row in page.context["agents"].rows}
    assert (behind(rows["Lin"].url), behind(rows["Wu"].url)) == (3, 1)
    assert [behind(one.url) for one in page.context["figures"]] == [2, 4, 1, 0]
    assert [behind(url) for _words, url in page.context["beside"]] == [2]
    listed = "/admin/crm/ticket/?satisfaction="
    assert [behind(f"{listed}{asked}") for asked in ("rated", "happy", "unhappy", "x")] == [2, 1, 1, 5]


def test_each_figure_of_an_agent_and_of_a_team_leads_to_its_own_tickets(people):
    lin, wu = people
    now, team = timezone.now() - timedelta(days=2), Team.objects.create(name="Returns")
    answered(lin, now, team=team, score=5)
    answered(lin, now, late=1, reopened=1, team=team, score=2)
    answered(wu, now)
    solved_by_wu = answered(lin, now, score=4)
    SatisfactionScore.objects.filter(conversation=solved_by_wu.conversation).update(staff=wu)
    client = Client()
    client.force_login(lin)

    page = client.get("/admin/crm/service-report/")

    def behind(row):
        addresses = [re.findall('href="([^"]+)"', str(cell)) for cell in row.cells]
        return [len(client.get(unescape(one[0])).context["cl"].result_list) if one else None for one in addresses]

    agents = {row.name: row for row in page.context["agents"].rows}
    # Tickets, within the target, missed, first answer, opened again, ratings, their average.
    assert behind(agents["Lin"]) == [3, 2, 1, 3, 1, 2, 2]
    assert behind(agents["Wu"]) == [1, 1, None, 1, None, 1, 1]
    assert behind(page.context["teams"].rows[0]) == [2, 1, 1, 2, 1, 2, 2]


def test_figures_lead_nowhere_for_who_may_not_see_tickets(people):
    answered(people[0], timezone.now() - timedelta(days=2), score=5)
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))

    page = client.get("/admin/crm/service-report/")

    assert [str(cell) for cell in page.context["agents"].rows[0].cells] == ["1", "100%", "0", "60 s", "0%", "1", "5.0"]


def test_a_day_without_tickets_is_a_point_of_the_chart(people):
    lin, _wu = people
    now = timezone.now()
    answered(lin, now - timedelta(days=9))
    answered(lin, now - timedelta(days=2), late=1)
    client = Client()
    client.force_login(lin)

    chart = client.get("/admin/crm/service-report/").context["chart"]

    assert [[int(word) for word in words] for _day, words in chart.rows] == [
        [0, 0, 0], [0, 0, 0], [1, 1, 0], *[[0, 0, 0]] * 6, [1, 0, 1],
    ]  # fmt: skip
