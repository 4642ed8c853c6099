"""What a guess at somebody's order tells, and how fast the assistant answers, through the running product.

    VAR_DIR=… python -m tests.benchmarks.lookups_bench --port 8000

asks an installation that runs with this folder (`make run`, the demo shop). Kinds of guesses are asked in rounds, in an
order drawn anew each time, each in a conversation of its own, with a server key, so that no limit of an address stands
between; every order is guessed at fewer times than lock it. Guesses of one group have to be answered by the same words
(but for the number that was asked for), and the slowest kind's median may be at most a fifth above the fastest one's.
Exit status 1 when one of this does not hold.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from catalog.models import Order  # noqa: E402
from core.api import tokens  # noqa: E402
from core.models import ApiKey  # noqa: E402
from core.models.access import Scope  # noqa: E402
from crm.assistant.orders import TRIES, TRIES_PER_NUMBER  # noqa: E402
from tests.benchmarks.places import BENCH  # noqa: E402
from tests.faults.harness.load import Answer, Caller, Request  # noqa: E402

ROUNDS, WARM = 40, 5
MOST_RATIO = 1.2
MOST_P95_MS = 150.0
QUESTIONS = (
    "How long does delivery take?", "Where is my order?", "Can I return a teapot?", "green tea", "asdf ghjk",
    "多久能送到？", "我的订单到哪里了？", "可以退货吗？", "绿茶", "人工", "What do you recommend?", "有什么推荐的吗？",
)  # fmt: skip


class Shop:
    """Callers of the product, and orders that guesses are at."""

    def __init__(self, port: int) -> None:
        value = ApiKey.new_value(ApiKey.Kind.SERVER)
        self.key = ApiKey.objects.create(
            name="look-ups bench", kind=ApiKey.Kind.SERVER, scopes=list(Scope.values), key_hash=ApiKey.hash_of(value),
            prefix=value[:12],
        )  # fmt: skip
        self.port, self.server = port, Caller(port, value)
        rows = Order.objects.exclude(status=Order.Status.DRAFT).exclude(customer=None).select_related("customer")
        self.orders = list(rows.exclude(customer__email="").order_by("?")[: 2 * (ROUNDS + WARM)])
        assert len(self.orders) > 2 * (ROUNDS + WARM) / (TRIES_PER_NUMBER - 1), "more orders are needed"
        self.turn = self.place = 0

    def close(self) -> None:
        self.key.delete()

    def order(self) -> Order:
        self.place += 1
        return self.orders[self.place % len(self.orders)]

    def say(self, caller: Caller, body: dict[str, Any], conversation: str = "") -> tuple[Answer, str]:
        """One message in a new conversation, or in this one. The answer and the conversation."""
        if not conversation:
            self.turn += 1
            started = self.server.ask(
                "/conversations", {"visitor": f"bench-{self.key.pk}-{self.turn}", "language": "en"}
            )
            assert started.status == 201, started.body
            conversation = started.json()["id"]
        return caller.ask(f"/conversations/{conversation}/messages", body), conversation

    def signed_in(self, order: Order) -> Caller:
        assert order.customer is not None
        return Caller(self.port, tokens.mint(customer=order.customer.public_id, key_id=self.key.pk)[0])


def unknown(order: Order) -> str:
    """A number that nobody has, as long as a real one."""
    return order.number[:-3] + "".join(random.choices("0123456789", k=2)) + "x"


def guesses(shop: Shop, order: Order) -> dict[str, tuple[Caller, dict[str, Any]]]:
    """Kind of a guess → who asks what. The part before the colon is the group whose answers are compared."""
    other = shop.order()
    while other.customer_id == order.customer_id:
        other = shop.order()
    assert other.customer is not None
    mine = shop.signed_in(order)

    def asked(number: str, proof: str) -> dict[str, Any]:
        return {"order": {"number": number, "proof": proof}}

    return {
        "guest: wrong tail": (shop.server, asked(order.number, "0000")),
        "guest: unknown order": (shop.server, asked(unknown(order), "0000")),
        "guest: wrong address": (shop.server, asked(order.number, "nobody@example.org")),
        "guest: another's number, own address": (shop.server, asked(other.number, order.customer.email)),  # type: ignore[union-attr]
        "signed in: another's number": (mine, asked(other.number, "0000")),
        "signed in: unknown order": (mine, asked(unknown(order), "0000")),
    }


def said(answer: Answer, number: str) -> str:
    """What the answer tells, without what differs by nature: ids, times, the number that was asked for."""
    body = answer.json()
    told = [
        (one["author"], one["text"].replace(number, "#"), one["answer"]) for one in body.get("messages", [])
    ]  # fmt: skip
    return json.dumps([answer.status, body.get("state"), told], ensure_ascii=False)


def measure(shop: Shop) -> tuple[dict[str, list[float]], dict[str, set[str]]]:
    taken: dict[str, list[float]] = {}
    bodies: dict[str, set[str]] = {}
    for number in range(-WARM, ROUNDS):
        order = shop.order()
        kinds = list(guesses(shop, order).items())
        random.shuffle(kinds)
        for kind, (caller, body) in kinds:
            answer, _conversation = shop.say(caller, body)
            bodies.setdefault(kind, set()).add(said(answer, body["order"]["number"]))
            if number >= 0:
                taken.setdefault(kind, []).append(1000 * answer.seconds)
    return taken, bodies


def forged(shop: Shop) -> tuple[dict[str, list[float]], dict[str, set[str]]]:
    """Tokens that were not signed here: of a customer who is there, and of one who is not."""
    taken: dict[str, list[float]] = {}
    bodies: dict[str, set[str]] = {}
    for number in range(-WARM, ROUNDS):
        order = shop.order()
        assert order.customer is not None
        good = tokens.mint(customer=order.customer.public_id, key_id=shop.key.pk)[0]
        nobody = tokens.mint(customer="c" + order.customer.public_id[:-1], key_id=shop.key.pk)[0]
        kinds = [("forged: a customer who is there", good), ("forged: nobody", nobody)]
        random.shuffle(kinds)
        for kind, token in kinds:
            cut = token[:-4] + ("aaaa" if not token.endswith("aaaa") else "bbbb")
            caller = Caller(shop.port, cut)
            caller.ask("/livez")  # the connection is there
            answer = caller.ask(Request("/api/v1/conversations", {"language": "en"}))
            caller.close()
            told = {key: value for key, value in answer.json().items() if key != "request_id"}
            bodies.setdefault(kind, set()).add(f"{answer.status} {json.dumps(told)}")
            if number >= 0:
                taken.setdefault(kind, []).append(1000 * answer.seconds)
    return taken, bodies


def locked(shop: Shop) -> dict[str, Any]:
    """Five wrong guesses in one conversation; then even the right answer is not told."""
    order = next(one for one in reversed(shop.orders) if one.customer is not None and one.customer.email)
    assert order.customer is not None
    conversation, acts = "", []
    for _number in range(TRIES):
        answer, conversation = shop.say(shop.server, {"order": {"number": order.number, "proof": "0000"}}, conversation)
        acts.append(answer.json()["messages"][-1]["text"])
    right, _same = shop.say(
        shop.server, {"order": {"number": order.number, "proof": order.customer.email}}, conversation
    )
    told = right.json()["messages"][-1]["text"]
    return {"wrong": len(acts), "right_is_told": str(order.get_status_display()) in told or "was paid" in told,
            "after": told}  # fmt: skip


def questions(shop: Shop) -> dict[str, Any]:
    """Milliseconds of a message, each kind of question in turn."""
    taken: list[float] = []
    still: list[float] = []
    by: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        still.append(1000 * shop.server.ask("/livez").seconds)
        for question in random.sample(QUESTIONS, len(QUESTIONS)):
            answer, _conversation = shop.say(shop.server, {"text": question})
            assert answer.status == 200, answer.body
            if number:
                taken.append(1000 * answer.seconds)
                by.setdefault(question, []).append(1000 * answer.seconds)
    return {
        "asked": len(taken), "p50_ms": round(statistics.median(taken), 1), "p95_ms": round(percentile(taken, 0.95), 1),
        "p99_ms": round(percentile(taken, 0.99), 1), "livez_p50_ms": round(statistics.median(still), 1),
        "by_question_p50_ms": {one: round(statistics.median(times), 1) for one, times in by.items()},
    }  # fmt: skip


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    shop = Shop(parser.parse_args().port)
    try:
        started = time.monotonic()
        taken, bodies = measure(shop)
        more = forged(shop)
        taken |= more[0]
        bodies |= more[1]
        lock, asked = locked(shop), questions(shop)
    finally:
        shop.close()
    medians = {kind: round(statistics.median(times), 2) for kind, times in taken.items()}
    groups = sorted({kind.split(":")[0] for kind in medians})
    wrong, rows = [], {}
    for group in groups:
        own = {kind: median for kind, median in medians.items() if kind.startswith(f"{group}:")}
        ratio = max(own.values()) / min(own.values())
        answers = set().union(*(bodies[kind] for kind in own))
        rows[group] = {"medians_ms": own, "ratio": round(ratio, 3), "different_answers": len(answers)}
        if ratio > MOST_RATIO:
            wrong.append(f"{group}: {ratio:.2f} between the slowest and the fastest, at most {MOST_RATIO}")
        if len(answers) != 1:
            wrong.append(f"{group}: {len(answers)} different answers: {sorted(answers)[:3]}")
    if lock["right_is_told"]:
        wrong.append("a right answer was told after five wrong ones")
    if asked["p95_ms"] > MOST_P95_MS:
        wrong.append(f"a message takes {asked['p95_ms']} ms (p95), at most {MOST_P95_MS}")
    report = {
        "rounds": ROUNDS, "guesses": rows, "lock": lock, "message": asked,
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip
    print(json.dumps(report, indent=2, ensure_ascii=False))
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "lookups.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    for line in wrong:
        print(f"OUT OF RANGE {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
