import threading

import pytest

from core import loops
from core.extensions import Registry

calls: list[str] = []


def ends_badly(stop: threading.Event) -> None:
    calls.append("began")
    raise RuntimeError("something nobody thought of")


def goes_on(stop: threading.Event) -> None:
    stop.wait()
    calls.append("stopped")


@pytest.fixture
def registered(monkeypatch) -> Registry:
    calls.clear()
    registry = Registry("loops")
    monkeypatch.setattr(loops, "registered", registry)
    monkeypatch.setattr(loops, "AGAIN_SECONDS", 0.01)
    return registry


def wait_for(count: int) -> None:
    for _ in range(500):
        if len(calls) >= count:
            return
        threading.Event().wait(0.01)


def test_a_loop_that_ends_begins_again_and_stops_when_told(registered):
    registered.register("bad", f"{__name__}.ends_badly")
    running = loops.Loops()

    running.start()
    wait_for(3)
    running.stop()

    assert len(calls) >= 3
    assert not any(thread.is_alive() for thread in running._threads)


def test_a_loop_may_finish_what_it_is_at(registered):
    registered.register("good", f"{__name__}.goes_on")
    running = loops.Loops()

    running.start()
    running.stop()

    assert calls == ["stopped"]


def test_the_writer_of_events_is_one_of_them():
    from core.extensions import loops as own

    assert callable(own.get("events").resolve())
