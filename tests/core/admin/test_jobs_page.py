"""Jobs: seen by those who may, stopped and repeated by those who may steer, in plain words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.choices import Role
from core.models import Job
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/job/"


@pytest.fixture
def running(shop):
    now = timezone.now()
    return JobFactory.create(
        state=Job.State.RUNNING, done=3120, total=10_000, starts=1, started_at=now - timedelta(seconds=30),
        heartbeat_at=now, message="Choosing how to rank",
    )  # fmt: skip


@pytest.fixture
def failed(shop):
    now = timezone.now()
    return JobFactory.create(
        kind="catalog.partitions", task="catalog.tasks.prepare_partitions", queue="light", state=Job.State.FAILED,
        started_at=now, finished_at=now, message="No room on the disk", error="OSError: <28>", request_id="abc123",
    )  # fmt: skip


def test_the_list_names_work_in_words_with_state_and_progress(client, running, failed):
    page = client.get(LIST).content.decode()

    assert "Train recommendations" in page
    assert "3,120 of 10,000" in page
    assert 'hx-trigger="every 2s [document.visibilityState' in page
    assert "Failed" in page
    assert "the shop itself" in page


def test_what_people_asked_for_is_found_among_what_the_schedule_does(client, failed):
    wanted = JobFactory.create(kind="core.backup", task="core.tasks.backup", origin=Job.Origin.PERSON)

    page = client.get(LIST, {"origin__exact": "person"}).content.decode()

    assert f"#{wanted.pk}" in page
    assert f"#{failed.pk}" not in page


def test_a_job_that_runs_longer_is_asked_less_often_and_an_ended_one_no_more(client, running):
    address = f"{LIST}{running.pk}/progress/"
    Job.objects.filter(pk=running.pk).update(started_at=timezone.now() - timedelta(minutes=3))

    slower = client.get(address)
    Job.objects.filter(pk=running.pk).update(state=Job.State.DONE, finished_at=timezone.now())
    ended = client.get(address)

    assert b"every 5s" in slower.content
    assert "HX-Trigger" not in slower.headers
    assert b"hx-get" not in ended.content
    assert "is done" in ended.headers["HX-Trigger"]


def test_a_failed_job_says_what_happened_what_stays_and_its_reference(client, failed):
    page = client.get(f"{LIST}{failed.pk}/change/").content.decode()

    assert "No room on the disk" in page
    assert "What was stored before stays" in page
    assert "abc123" in page
    assert "OSError: &lt;28&gt;" in page
    assert "Retry" in page


def test_retry_makes_a_new_job_in_the_name_of_the_person(client, boss, failed):
    answer = client.post(f"{LIST}{failed.pk}/retry/")

    again = Job.objects.exclude(pk=failed.pk).get()
    assert answer["Location"] == f"{LIST}{again.pk}/change/"
    assert (again.task, again.created_by, again.state) == (failed.task, boss, Job.State.QUEUED)


def test_cancel_stops_a_waiting_job_at_once_and_asks_a_running_one(client, running):
    waiting = JobFactory.create()

    client.post(f"{LIST}{waiting.pk}/cancel/")
    client.post(f"{LIST}{running.pk}/cancel/")

    waiting.refresh_from_db()
    running.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    assert running.state == Job.State.RUNNING
    assert running.cancel_requested_at is not None


def test_a_reader_sees_no_buttons_and_cannot_steer(person_with, failed):
    reader = Client()
    reader.force_login(person_with("core.view_job"))

    page = reader.get(f"{LIST}{failed.pk}/change/")

    assert page.status_code == 200
    assert b"Retry" not in page.content
    assert reader.post(f"{LIST}{failed.pk}/retry/").status_code == 403
    assert reader.post(f"{LIST}{failed.pk}/cancel/").status_code == 403
    assert Job.objects.count() == 1


def test_who_may_not_see_jobs_finds_neither_page_nor_menu(client_of, failed):
    support = client_of(Role.SUPPORT)

    assert support.get(LIST).status_code == 403
    assert support.get(f"{LIST}{failed.pk}/change/").status_code == 403
    assert support.get(f"{LIST}{failed.pk}/progress/").status_code == 403
    assert LIST not in support.get("/admin/").content.decode()


def test_acts_do_not_answer_to_a_link(client, failed):
    assert client.get(f"{LIST}{failed.pk}/retry/").status_code == 405


@pytest.mark.parametrize("address", ["0", "9" * 30, "abc"])
def test_a_job_that_is_not_there_is_not_found(client, address):
    assert client.get(f"{LIST}{address}/change/").status_code == 404


def test_a_long_list_asks_few_queries(client, shop, django_assert_max_num_queries):
    JobFactory.create_batch(60, state=Job.State.DONE)
    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200


def test_many_jobs_are_retried_after_a_page_that_says_how_many(client, boss, failed):
    aside = JobFactory.create(state=Job.State.QUARANTINED)
    done = JobFactory.create(state=Job.State.DONE)
    form = {"action": "retry_chosen", "_selected_action": [failed.pk, aside.pk, done.pk]}

    question = client.post(LIST, form).content.decode()

    assert "Retry 2 jobs?" in question
    assert f'value="{aside.pk}"' in question
    assert f'value="{done.pk}"' not in question
    assert Job.objects.count() == 3

    client.post(LIST, {**form, "confirmed": "1"})

    again = Job.objects.exclude(pk__in=[failed.pk, aside.pk, done.pk])
    assert {(job.task, job.created_by, job.state) for job in again} == {
        (failed.task, boss, Job.State.QUEUED),
        (aside.task, boss, Job.State.QUEUED),
    }
    assert failed.task != aside.task


def test_jobs_that_went_well_are_not_retried(client, boss):
    done = JobFactory.create(state=Job.State.DONE)

    client.post(LIST, {"action": "retry_chosen", "_selected_action": [done.pk], "confirmed": "1"})

    assert Job.objects.get() == done


def test_a_reader_has_no_retry_for_many(person_with, failed):
    reader = Client()
    reader.force_login(person_with("core.view_job"))

    assert b"retry_chosen" not in reader.get(LIST).content
    reader.post(LIST, {"action": "retry_chosen", "_selected_action": [failed.pk], "confirmed": "1"})

    assert Job.objects.get() == failed


def test_who_asked_for_a_job_is_told_apart(client, boss, shop):
    JobFactory.create(origin=Job.Origin.COMMAND)
    JobFactory.create(origin=Job.Origin.SCHEDULE)
    JobFactory.create(origin=Job.Origin.PERSON, created_by=boss)

    page = client.get(LIST).content.decode()

    assert "command line" in page
    assert "the schedule" in page
