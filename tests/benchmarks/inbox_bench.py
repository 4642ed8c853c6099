"""What each view of the inbox costs with a hundred thousand tickets: queries, and processor time of web and database.

    VAR_DIR=… python -m tests.benchmarks.inbox_bench [--make] [--explain VIEW]

opens the pages through Django's test client in the shop of this folder; `--make` puts the tickets of `many_tickets`
there first, in place of its own (`STATEMENT_TIMEOUT_MS=0`). Processor time of the median of nine answers depends less
on what else the machine does than a clock does. `--explain` prints the plans of a view's queries. Exit status 1 when a
page asks more than 12 queries or takes more than 400 ms.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from core.models import StaffUser  # noqa: E402
from crm.models import Ticket  # noqa: E402
from tests.benchmarks import many_tickets  # noqa: E402
from tests.benchmarks.places import BENCH  # noqa: E402

INBOX, TICKETS = "/admin/crm/inbox/", "/admin/crm/ticket/"
PAGES = {
    **{view: f"{INBOX}?view={view}" for view in ("open", "mine", "unassigned", "late", "pending", "mentions", "done")},
    "page 30 of done": f"{INBOX}?view=done&page=30",
    "a word": f"{INBOX}?q=teapot",
    "a Chinese word": f"{INBOX}?q=茶壶",
    "a number": f"{INBOX}?q=%2399999",
    "a conversation": f"{INBOX}?view=open&ticket=TICKET",
    "a conversation of 200": f"{INBOX}?view=done&ticket=1",
    "what the page asks": f"{INBOX}changes/?ticket=TICKET",
    "the customer beside it": f"{INBOX}side/?ticket=TICKET",
    "tickets": TICKETS,
    "tickets, a word": f"{TICKETS}?q=teapot",
    "service report": "/admin/crm/service-report/",
}
ANSWERS, MOST_QUERIES, MOST_MS = 9, 12, 400.0


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--make", action="store_true")
    given.add_argument("--explain", choices=PAGES, default="")
    said = given.parse_args()
    if said.make:
        many_tickets.fill()
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(StaffUser.objects.get(username="agent-3"))
    ticket = Ticket.objects.filter(state="open", assignee__isnull=False).order_by("-pk").values_list("pk", flat=True)[0]
    if said.explain:
        return _explain(client, PAGES[said.explain].replace("TICKET", str(ticket)))
    found = {name: _page(client, path.replace("TICKET", str(ticket))) for name, path in PAGES.items()}
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "inbox.json").write_text(json.dumps({"tickets": Ticket.objects.count(), "pages": found}, indent=2) + "\n")
    wrong = [name for name, one in found.items() if one["queries"] > MOST_QUERIES or one["ms"] > MOST_MS]
    print("too much: " + ", ".join(wrong) if wrong else "all within the bounds")
    return int(bool(wrong))


def _page(client: Client, path: str) -> dict[str, float]:
    for _again in range(2):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    queries = len(seen)  # at once: the next request begins the list of queries anew
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    whole, server = [], []
    for _again in range(ANSWERS):
        own, other = time.process_time(), _server(backend)
        client.get(path)
        server.append(1000 * (_server(backend) - other))
        whole.append(1000 * (time.process_time() - own) + server[-1])
    found = {
        "queries": queries,
        "ms": round(statistics.median(whole), 1),
        "database": round(statistics.median(server), 1),
    }
    print(f"{path:<50} {found['queries']:>3} queries {found['ms']:>7} ms, {found['database']:>6} of them the database")
    return found


def _server(backend: int) -> float:
    """Seconds that a session was on a processor."""
    return int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


def _explain(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    asked = [one["sql"] for one in seen if one["sql"].lstrip().upper().startswith(("SELECT", "WITH", "(SELECT"))]
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + sql)
            print(sql[:400], *(f"    {line}" for (line,) in cursor.fetchall()), "", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
