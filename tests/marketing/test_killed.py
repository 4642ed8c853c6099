"""Workers that are killed in the middle: nobody gets a message twice, and everybody's row comes to an end."""

import json
import os
import signal
from collections import Counter

import pytest
from django.db import connections

from marketing.models import Recipient
from marketing.sending import channels, reconciling, working
from tests.factories import ConsentFactory, CustomerFactory, RecipientFactory

pytestmark = [pytest.mark.installs, pytest.mark.django_db(transaction=True)]
PEOPLE = 60


class Deadly(channels.FileProvider):
    """Writes as the file provider does, and kills its own process at the `fatal`-th message, before or after."""

    def __init__(self, folder, fatal=0, *, before=False):
        super().__init__("email", folder)
        self.left, self.before = fatal, before

    def hand_over(self, message):
        self.left -= 1
        if self.left == 0 and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        super().hand_over(message)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def in_a_child(work):
    """Run it in a process of its own. Returns the signal that ended it, or 0."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])


def test_nobody_gets_it_twice_and_every_row_ends(campaign, tmp_path, monkeypatch):
    step = campaign.steps.get()
    for number in range(PEOPLE):
        person = CustomerFactory.create(email=f"k{number}@shop.test")
        ConsentFactory.create(customer=person)
        RecipientFactory.create(campaign=campaign, step=step, customer=person)
    monkeypatch.setattr(working, "BATCH", 10)

    def worker(*args, **more):
        monkeypatch.setattr(working, "provider_for", lambda channel: Deadly(tmp_path, *args, **more))
        working.run()

    deaths = [
        in_a_child(lambda: worker(4)), in_a_child(lambda: worker(13, before=True)), in_a_child(lambda: worker(17)),
    ]  # fmt: skip
    assert deaths == [signal.SIGKILL] * 3
    assert in_a_child(worker) == 0

    assert set(Recipient.objects.values_list("state", flat=True)) == {"sent", "sending"}
    monkeypatch.setattr(reconciling, "provider_for", lambda channel: channels.FileProvider(channel, tmp_path))
    reconciling.settle(lost_seconds=0)
    assert in_a_child(worker) == 0  # nothing is sent again

    had = Counter(json.loads(line)["to"] for line in (tmp_path / "email.jsonl").open())
    sent = set(Recipient.objects.filter(state="sent").values_list("customer__email", flat=True))
    assert set(had.values()) == {1}
    assert sent == set(had)
    assert Counter(Recipient.objects.values_list("state", "skip_reason")) == {
        ("sent", ""): len(had), ("failed", "not_handed_over"): PEOPLE - len(had),
    }  # fmt: skip
    assert PEOPLE - len(had) <= 3 * 10
