"""Receivers that work, fail, hang, redirect and end: what they get, when it is tried again, who waits for whom."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core import alerts, outbox, safe_fetch, webhooks
from core.exceptions import DomainError
from core.models import Alert, OutboxMessage, Webhook, WebhookDelivery
from core.said import Said
from core.webhooks import attempts, runs, signing, tidying
from core.webhooks.attempts import BACKOFF_SECONDS, State
from tests.receivers import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


def deliver(**options) -> runs.Run:
    return webhooks.run(**options)


def make_due() -> None:
    """As if all pauses were over."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.filter(state=State.WAITING).update(next_attempt_at=past)
    Webhook.objects.update(paused_until=None)


def open_alerts() -> list[str]:
    return list(Alert.objects.open().filter(rule="webhook_failing").values_list("key", flat=True))


def test_a_message_arrives_signed_and_once(hook):
    with Receiver() as receiver:
        webhook = hook(receiver)
        message = outbox.tell("order.placed", id="a1", status="placed")
        first, second = deliver(), deliver()

    assert (first.messages, first.delivered, second.delivered) == (1, 1, 0)
    (request,) = receiver.requests
    ident, stamp = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    assert request.line == "POST /hook HTTP/1.1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "id": f"msg_{message.public_id.hex}",
        "event": "order.placed",
        "created_at": json.loads(signing.body_of(message))["created_at"],
        "data": {"id": "a1", "status": "placed"},
    }
    assert ident == f"msg_{message.public_id.hex}"
    assert abs(stamp - time.time()) < 10
    assert request.headers["webhook-signature"] == signing.sign(webhook.secret, ident, stamp, request.body)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status_code) == (State.DONE, 1, 200)
    assert (delivery.response_excerpt, delivery.error, delivery.next_attempt_at) == ("ok", "", None)
    assert [(line["status"], line["error"]) for line in delivery.log] == [(200, "")]


@pytest.mark.parametrize(
    ("receiver", "status", "error"),
    [
        ({"status": 500}, 500, "status"),
        ({"status": 404}, 404, "status"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, 302, "redirect"),
        ({"mode": "drop"}, None, "broken"),
        ({"mode": "garbage"}, None, "broken"),
        ({"mode": "closed"}, None, "connect"),
        ({"mode": "silent"}, None, "timeout"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_was_not_taken_is_due_again_and_then_arrives_with_the_same_id(receiver, status, error, hook, monkeypatch):
    monkeypatch.setattr(safe_fetch, "TOTAL_SECONDS", 0.4)
    with Receiver(**receiver) as bad, Receiver() as good:
        webhook = hook(bad)
        outbox.tell("order.placed", id="a")
        begun = timezone.now()
        assert deliver().failed == 1
        failed = WebhookDelivery.objects.get()
        Webhook.objects.filter(pk=webhook.pk).update(url=good.url)
        assert deliver().delivered == 0  # not due yet
        make_due()
        assert deliver().delivered == 1

    assert (failed.state, failed.status_code, failed.error, failed.attempts) == (State.WAITING, status, error, 1)
    wait = (failed.next_attempt_at - begun).total_seconds()
    assert BACKOFF_SECONDS[0] <= wait < BACKOFF_SECONDS[0] + 3
    done = WebhookDelivery.objects.get()
    assert [line["error"] for line in done.log] == [error, ""]
    sent = {request.headers["webhook-id"] for request in [*bad.requests, *good.requests]}
    assert sent == {signing.message_id(done.message)}
    webhook.refresh_from_db()
    assert webhook.failures_in_a_row == 0


def test_a_receiver_that_says_yes_and_drops_the_rest_has_the_message(hook):
    with Receiver(mode="drop body") as receiver:
        hook(receiver)
        outbox.tell("order.placed", id="a")
        deliver()

    assert WebhookDelivery.objects.get().state == State.DONE
    assert len(receiver.requests) == 1


def test_after_eight_tries_a_message_is_given_up_and_an_alert_stands_until_the_next_success(hook):
    with Receiver(status=500) as receiver:
        webhook = hook(receiver)
        outbox.tell("order.placed", id="a")
        waits = []
        for _try in range(len(BACKOFF_SECONDS)):
            deliver()
            row = WebhookDelivery.objects.get()
            waits.append(round((row.next_attempt_at - timezone.now()).total_seconds(), -1))
            assert row.state == State.WAITING
            make_due()
        deliver()

        row = WebhookDelivery.objects.get()
        assert (row.state, row.attempts, row.next_attempt_at) == (State.FAILED, 8, None)
        assert waits == [round(float(seconds), -1) for seconds in BACKOFF_SECONDS]
        assert open_alerts() == [str(webhook.pk)]
        receiver.status = 200
        outbox.tell("order.placed", id="b")
        make_due()
        deliver()

    assert open_alerts() == []
    assert len(receiver.requests) == 9


def test_a_receiver_that_wants_no_more_is_switched_off(hook):
    with Receiver(status=410) as receiver:
        webhook = hook(receiver)
        outbox.tell("order.placed", id="a")
        outbox.tell("order.placed", id="b")
        deliver()
        make_due()
        deliver()

    webhook.refresh_from_db()
    assert not webhook.is_on
    assert len(receiver.requests) == 1
    assert sorted(WebhookDelivery.objects.values_list("state", "error")) == [("failed", "gone"), ("waiting", "")]
    assert open_alerts() == [str(webhook.pk)]


def test_a_dead_receiver_is_left_alone_longer_and_longer(hook):
    with Receiver(mode="closed") as receiver:
        webhook = hook(receiver)
        for number in range(10):
            outbox.tell("order.placed", id=str(number))
        deliver()
        webhook.refresh_from_db()
        assert webhook.failures_in_a_row == 5
        pauses = [round((webhook.paused_until - timezone.now()).total_seconds())]
        for _pause in range(6):
            make_due()
            assert deliver().failed == 1  # one look, then the next pause
            webhook.refresh_from_db()
            pauses.append(round((webhook.paused_until - timezone.now()).total_seconds()))

    assert pauses == [30, 60, 120, 240, 480, 900, 900]
    assert open_alerts() == [str(webhook.pk)]


def test_a_thousand_messages_reach_the_good_receiver_while_another_hangs_and_a_third_is_dead(hook, monkeypatch):
    monkeypatch.setattr(safe_fetch, "TOTAL_SECONDS", 1.0)
    with Receiver() as good, Receiver(mode="silent") as hanging, Receiver(mode="closed") as dead:
        webhook = hook(good)
        hook(hanging)
        hook(dead)
        outbox.tell_many("order.placed", [{"id": str(number)} for number in range(1_000)])
        begun = time.monotonic()
        while webhook.deliveries.exclude(state=State.DONE).exists() or not webhook.deliveries.exists():
            deliver()
            assert time.monotonic() - begun < 60
        took = time.monotonic() - begun

    ids = [json.loads(request.body)["data"]["id"] for request in good.requests]
    assert len(ids) == 1_000
    assert set(ids) == {str(number) for number in range(1_000)}
    assert len(hanging.requests) < 20
    assert took < 40


def test_two_workers_send_each_message_once(hook):
    with Receiver() as receiver:
        webhook = hook(receiver)
        outbox.tell_many("order.placed", [{"id": str(number)} for number in range(60)])
        runs.fan_out_all()
        start = threading.Barrier(4)

        def work() -> None:
            start.wait()
            while attempts.attempt_next(webhook.pk) is not None:
                pass
            connection.close()

        threads = [threading.Thread(target=work) for _worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert len(receiver.requests) == 60
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 60
    assert WebhookDelivery.objects.filter(state=State.DONE, attempts=1).count() == 60


def test_while_one_run_goes_on_a_second_does_nothing(hook):
    with Receiver(mode="silent") as receiver:
        hook(receiver)
        outbox.tell("order.placed", id="a")
        first = threading.Thread(target=lambda: (deliver(seconds=2), connection.close()))
        first.start()
        end = time.monotonic() + 5
        while not receiver.requests and time.monotonic() < end:
            time.sleep(0.02)

        begun = time.monotonic()
        assert deliver() == runs.Run()
        took = time.monotonic() - begun
    first.join(15)

    assert took < 1.9
    assert len(receiver.requests) == 1


def test_a_worker_that_dies_while_it_sends_leaves_the_message_due_again(hook):
    with Receiver() as receiver:
        webhook = hook(receiver)
        outbox.tell("order.placed", id="a")
        runs.fan_out_all()
        taken = attempts.claim(webhook.pk)
        attempts.send(taken)  # and dies before it writes down the answer
        assert deliver().delivered == 0

        WebhookDelivery.objects.update(next_attempt_at=timezone.now())  # a minute later
        assert deliver().delivered == 1

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert WebhookDelivery.objects.get().attempts == 2


def test_a_failure_that_comes_late_does_not_undo_what_a_twin_delivered(hook):
    with Receiver() as receiver:
        webhook = hook(receiver)
        outbox.tell("order.placed", id="a")
        runs.fan_out_all()
        late = attempts.claim(webhook.pk)
        WebhookDelivery.objects.update(next_attempt_at=timezone.now())
        assert deliver().delivered == 1

        attempts.record(late, attempts.Outcome(None, "timeout", "", 10_000))

    webhook.refresh_from_db()
    assert WebhookDelivery.objects.get().state == State.DONE
    assert webhook.failures_in_a_row == 0


def test_a_receiver_that_moved_into_the_house_is_not_asked(hook, settings, monkeypatch):
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    monkeypatch.setattr(safe_fetch.addresses, "_system_resolver", lambda host, port: ["10.0.0.5"])
    hook("https://hooks.example/in")
    outbox.tell("order.placed", id="a")

    deliver()

    row = WebhookDelivery.objects.get()
    assert (row.state, row.error, row.status_code) == (State.WAITING, "private", None)


def test_a_test_goes_to_its_webhook_alone_even_while_that_is_paused(hook):
    with Receiver() as receiver, Receiver() as other:
        webhook = hook(receiver, paused_until=timezone.now() + timedelta(hours=1), failures_in_a_row=6)
        hook(other)
        alerts.raise_alert("webhook_failing", key=str(webhook.pk), said=Said("x"))
        webhooks.send_test(webhook)
        deliver()

    assert json.loads(receiver.requests[0].body)["event"] == "webhook.test"
    assert other.requests == []
    assert open_alerts() == []


def test_what_was_given_up_can_be_sent_again_all_at_once_and_each_only_once(hook):
    with Receiver() as receiver:
        webhook = hook(receiver)
        outbox.tell_many("order.placed", [{"id": str(number)} for number in range(4)])
        runs.fan_out_all()
        rows = list(webhook.deliveries.order_by("id"))
        failed = [row.pk for row in rows[:3]]
        WebhookDelivery.objects.filter(pk__in=failed).update(state=State.FAILED, next_attempt_at=None)
        WebhookDelivery.objects.filter(pk=failed[0]).update(created_at=timezone.now() - timedelta(days=2))
        yesterday = timezone.now() - timedelta(days=1)

        assert webhooks.replay_failed(webhook, since=yesterday) == 2
        assert webhooks.replay_failed(webhook, since=yesterday) == 0
        webhooks.replay(rows[3])
        deliver()

    sent = [json.loads(request.body)["data"]["id"] for request in receiver.requests]
    assert sorted(sent) == ["1", "2", "3", "3"]
    assert webhook.deliveries.filter(is_replay=True, state=State.DONE).count() == 3


def test_nothing_is_sent_again_while_the_webhook_is_off(hook):
    webhook = hook("https://hooks.example/", is_on=False)

    for act in (webhooks.send_test, lambda one: webhooks.replay_failed(one, since=timezone.now())):
        with pytest.raises(DomainError):
            act(webhook)

    assert not OutboxMessage.objects.exists()


def test_old_messages_go_and_what_waited_for_three_days_is_given_up(hook):
    webhook = hook("https://hooks.example/", is_on=True)
    for days in (40, 4, 1):
        message = outbox.tell("order.placed", id=str(days))
        runs.fan_out_all()
        moment = timezone.now() - timedelta(days=days)
        OutboxMessage.objects.filter(pk=message.pk).update(created_at=moment)
        WebhookDelivery.objects.filter(message=message).update(created_at=moment)

    assert tidying.tidy() == {"given_up": 2, "removed": 1}

    states = WebhookDelivery.objects.order_by("-id").values_list("message__payload__id", "state", "error")
    assert list(states) == [("1", "waiting", ""), ("4", "failed", "expired")]
    assert open_alerts() == [str(webhook.pk)]
    assert tidying.tidy() == {"given_up": 0, "removed": 0}


def test_a_slip_in_the_open_networks_is_said_at_the_start(settings):
    from core.webhooks.trouble import check_settings

    assert check_settings(None) == []
    settings.WEBHOOK_ALLOWED_NETWORKS = ["10.7.0.0/99"]
    assert [error.id for error in check_settings(None)] == ["core.E020"]
