"""Each mail is sent once or not at all, whatever the server does."""

import email
import email.policy
import smtplib
import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.utils import timezone

from core import jobs, mail
from core.jobs import TryAgain
from core.mail.delivery import MOST_ATTEMPTS
from core.models import Alert, Job, OutgoingMail
from tests.factories import ShopProfileFactory

State = OutgoingMail.State
ANSWERS = 6
"""Of a server that takes a mail: greeting, name, sender, receiver, go ahead, taken."""
pytestmark = pytest.mark.django_db


def states(row: OutgoingMail) -> list[str]:
    return [line["state"] for line in OutgoingMail.objects.get(pk=row.pk).history]


def text_of(envelope) -> str:
    return email.message_from_bytes(envelope.content, policy=email.policy.default).get_content()


# --- writing ------------------------------------------------------------------------------------------------------


def test_without_a_server_a_mail_is_kept_and_has_no_job(written, settings):
    settings.EMAIL_HOST = ""

    row = written()

    assert (row.state, row.job, states(row)) == (State.KEPT, None, ["kept"])
    assert not Job.objects.exists()


def test_a_mail_belongs_to_the_transaction_that_wrote_it(written, smtp):
    with transaction.atomic():
        written()
        transaction.set_rollback(True)

    assert not OutgoingMail.objects.exists()
    assert not Job.objects.exists()


def test_a_mail_is_written_in_the_language_of_its_reader(written):
    row = mail.send("invitation", to="a@b.example", language="zh-hans", context={"shop": "店", "link": "L"}, secret="L")

    assert (row.language, row.secret) == ("zh-hans", "L")
    assert "L" in row.text


# --- sending ------------------------------------------------------------------------------------------------------


def test_a_mail_arrives_as_plain_text_that_no_program_answers(written, smtp):
    ShopProfileFactory.create(name="Lin’s Tea", sender_email="tea@shop.example")
    row = written()

    jobs.execute(row.job_id)

    row.refresh_from_db()
    [envelope] = smtp.received
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tea@shop.example", ["lin@shop.example"])
    assert message["From"].addresses[0].display_name == "Lin’s Tea"
    assert (message["Message-ID"], message["Auto-Submitted"]) == (row.message_id, "auto-generated")
    assert "The password of your account lin in Shop was changed" in message.get_content()
    assert message.get_content_type() == "text/plain"
    assert (row.state, row.attempts, states(row)) == (State.SENT, 1, ["waiting", "sending", "sent"])
    assert row.sent_at is not None
    assert Job.objects.get(pk=row.job_id).state == Job.State.DONE


def test_lines_that_begin_with_a_period_arrive_whole(smtp, written):
    row = written()
    OutgoingMail.objects.filter(pk=row.pk).update(text="one\n.\n..two\n.three\n")

    mail.deliver(row.pk)

    assert text_of(smtp.received[0]).replace("\r\n", "\n") == "one\n.\n..two\n.three\n"


def test_the_same_job_again_sends_nothing(written, smtp):
    row = written()

    for _ in range(3):
        mail.deliver(row.pk)

    assert len(smtp.received) == 1
    assert states(row) == ["waiting", "sending", "sent"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_mail_send_it_once(written, smtp):
    row = written()
    smtp.pause = 0.2
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        try:
            mail.deliver(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    row.refresh_from_db()
    assert len(smtp.received) == 1
    assert (row.state, row.attempts) == (State.SENT, 1)


def test_a_link_leaves_the_row_once_it_was_sent(written, smtp):
    row = written(secret="lin")

    mail.deliver(row.pk)

    row.refresh_from_db()
    assert row.secret == ""
    assert "lin" not in row.text
    assert "account lin" in text_of(smtp.received[0])


# --- servers that will not ----------------------------------------------------------------------------------------


def test_a_server_that_is_away_is_tried_again_later(written, smtp, settings):
    settings.EMAIL_PORT = 1
    row = written()

    jobs.execute(row.job_id)

    row.refresh_from_db()
    job = Job.objects.get(pk=row.job_id)
    assert (row.state, row.attempts) == (State.WAITING, 1)
    assert "ConnectionRefusedError" in row.error
    assert (job.state, job.retries) == (Job.State.QUEUED, 1)
    assert timedelta(seconds=25) < job.not_before - timezone.now() < timedelta(seconds=31)


def test_after_the_server_came_back_the_same_message_id_arrives_once(written, smtp):
    row = written()
    smtp.recipient = "451 busy, come back"
    with pytest.raises(TryAgain):
        mail.deliver(row.pk)
    smtp.recipient = "250 OK"

    mail.deliver(row.pk)

    assert states(row) == ["waiting", "sending", "waiting", "sending", "sent"]
    assert [email.message_from_bytes(one.content)["Message-ID"] for one in smtp.received] == [row.message_id]


@pytest.mark.parametrize("where", ["recipient", "data"])
def test_a_final_no_fails_the_mail_with_the_reason_and_without_the_address(written, smtp, where):
    row = written()
    setattr(smtp, where, "550 5.1.1 <lin@shop.example> unknown here")

    jobs.execute(row.job_id)

    row.refresh_from_db()
    assert (row.state, row.error) == (State.FAILED, "550 5.1.1 <…> unknown here")
    assert "lin@shop.example" not in str(row.history)
    assert Job.objects.get(pk=row.job_id).state == Job.State.DONE
    assert smtp.received == []


def test_a_server_that_says_nothing_costs_the_timeout_and_is_tried_again(written, silent_server):
    row = written()
    started = timezone.now()

    with pytest.raises(TryAgain):
        mail.deliver(row.pk)

    row.refresh_from_db()
    assert timezone.now() - started < timedelta(seconds=3)
    assert (row.state, states(row)) == (State.WAITING, ["waiting", "sending", "waiting"])


def test_a_server_that_hangs_up_before_it_had_the_mail_is_tried_again(written, dropping_server):
    row = written()

    with pytest.raises(TryAgain):
        mail.deliver(row.pk)

    row.refresh_from_db()
    assert (row.state, dropping_server()) == (State.WAITING, 1)


@pytest.mark.parametrize("how", ["drops", "hangs"])
def test_a_server_that_took_the_mail_and_never_answered_gets_it_no_second_time(written, smtp, settings, how):
    row = written()
    settings.MAIL_TIMEOUT_SECONDS = 0.1
    smtp.drop_after_accept, smtp.pause = how == "drops", 0.0 if how == "drops" else 1.0

    jobs.execute(row.job_id)
    jobs.execute(row.job_id)
    mail.deliver(row.pk)
    mail.settle()

    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.UNCERTAIN, 1)
    assert Job.objects.get(pk=row.job_id).state == Job.State.DONE


def test_after_the_last_try_the_mail_has_failed(written, smtp):
    row = written()
    smtp.recipient = "451 no room"
    OutgoingMail.objects.filter(pk=row.pk).update(attempts=MOST_ATTEMPTS - 1)

    mail.deliver(row.pk)

    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == (State.FAILED, MOST_ATTEMPTS, "451 no room")


@pytest.mark.parametrize(
    "address", ["nobody", "a@b.example, c@d.example", "имя@shop.example", "a@b.example\nBcc: x@y.z"]
)
def test_what_is_no_address_fails_without_a_word_to_the_server(smtp, written, address):
    row = written()
    OutgoingMail.objects.filter(pk=row.pk).update(to=address)

    mail.deliver(row.pk)

    row.refresh_from_db()
    assert row.state == State.FAILED
    assert smtp.received == []


# --- workers that end ---------------------------------------------------------------------------------------------


def test_a_worker_killed_while_it_spoke_leaves_a_mail_that_is_perhaps_sent(written, smtp):
    row = written()
    OutgoingMail.objects.filter(pk=row.pk).update(state=State.SENDING, attempts=1)  # what kill -9 leaves

    jobs.execute(row.job_id)

    row.refresh_from_db()
    assert (row.state, smtp.received) == (State.UNCERTAIN, [])


def cut_short(monkeypatch, moment: str, error: type[BaseException]) -> None:
    """The conversation ends with `error` at its `mail`, or at the last `getreply`, when the server has the mail."""
    seen: list[str] = []
    original = getattr(smtplib.SMTP, moment)

    def interrupted(self, *arguments, **more):
        seen.append(moment)
        if moment == "mail" or len(seen) == ANSWERS:
            raise error
        return original(self, *arguments, **more)

    monkeypatch.setattr(smtplib.SMTP, moment, interrupted)


@pytest.mark.parametrize(("moment", "state"), [("mail", State.WAITING), ("getreply", State.UNCERTAIN)])
def test_a_worker_asked_to_end_says_whether_the_server_may_have_the_mail(written, smtp, monkeypatch, moment, state):
    row = written()
    cut_short(monkeypatch, moment, KeyboardInterrupt)

    with pytest.raises(KeyboardInterrupt):
        mail.deliver(row.pk)

    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize(
    ("moment", "state", "job_state"),
    [("mail", State.WAITING, Job.State.QUEUED), ("getreply", State.UNCERTAIN, Job.State.DONE)],
)
def test_a_server_that_talks_for_longer_than_a_job_may_last_is_tried_again_unless_it_has_the_mail(
    written, smtp, monkeypatch, moment, state, job_state
):
    row = written()
    cut_short(monkeypatch, moment, SoftTimeLimitExceeded)

    jobs.execute(row.job_id)

    row.refresh_from_db()
    assert (row.state, row.error) == (state, "The mail server answered too slowly.")
    assert Job.objects.get(pk=row.job_id).state == job_state


@pytest.mark.parametrize(("left", "becomes"), [(State.SENDING, State.UNCERTAIN), (State.WAITING, State.FAILED)])
def test_mails_whose_job_is_over_are_settled(written, smtp, left, becomes):
    over, active = written(), written()
    OutgoingMail.objects.update(state=left)
    Job.objects.filter(pk=over.job_id).update(state=Job.State.QUARANTINED)

    assert mail.settle() == 1

    over.refresh_from_db()
    active.refresh_from_db()
    assert (over.state, active.state) == (becomes, left)


# --- alerts -------------------------------------------------------------------------------------------------------


def test_the_third_failure_in_a_row_raises_an_alert_and_a_mail_that_went_closes_it(written, smtp):
    row, other = written(), written()
    smtp.recipient = "451 no room"
    seen = []
    for _ in range(3):
        with pytest.raises(TryAgain):
            mail.deliver(row.pk)
        seen.append(Alert.objects.open().filter(rule="mail_failing", key="server").count())
    smtp.recipient = "250 OK"

    mail.deliver(other.pk)

    assert seen == [0, 0, 1]
    assert not Alert.objects.open().filter(rule="mail_failing").exists()


# --- people -------------------------------------------------------------------------------------------------------


def test_a_mail_that_was_perhaps_sent_goes_again_when_a_person_says_so(written, smtp):
    row = written()
    OutgoingMail.objects.filter(pk=row.pk).update(state=State.UNCERTAIN, attempts=1)
    first_job = row.job_id

    assert mail.send_again(row)
    assert not mail.send_again(row)

    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.WAITING, 0)
    assert row.job_id != first_job
    mail.deliver(row.pk)
    assert len(smtp.received) == 1


@pytest.mark.parametrize("state", [State.WAITING, State.SENDING, State.SENT])
def test_a_mail_that_waits_or_was_sent_is_not_sent_again(written, smtp, state):
    row = written()
    OutgoingMail.objects.filter(pk=row.pk).update(state=state)

    assert not mail.send_again(row)
    assert Job.objects.count() == 1


# --- keeping ------------------------------------------------------------------------------------------------------


def test_texts_and_addresses_are_removed_after_their_days(written, settings):
    settings.MAIL_KEEP_DAYS = 30
    old, young = written(secret="lin"), written()
    OutgoingMail.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))

    assert mail.forget_old() == 1
    assert mail.forget_old() == 0

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.to, old.text, old.secret) == ("", "", "")
    assert old.subject == "Shop: your password was changed"
    assert young.to == "lin@shop.example"
    assert not mail.send_again(old)


def test_a_mail_on_its_way_keeps_its_text(written, smtp):
    row = written()
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(days=400))

    assert mail.forget_old() == 0

    mail.deliver(row.pk)
    assert len(smtp.received) == 1
