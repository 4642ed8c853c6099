"""What each answer of a delivery service means for a message, by a real backend of django-anymail and a server."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.models import Alert
from marketing.models import Recipient, Suppression
from marketing.sending import working
from tests.factories import ConsentFactory, CustomerFactory
from tests.marketing.test_sending import of

pytestmark = pytest.mark.django_db
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "of-the-service", "To": "ana@shop.test"}
INVALID = {"ErrorCode": 300, "Message": "Invalid 'To' address: 'ana@shop.test'."}
INACTIVE = {
    "ErrorCode": 406, "Message": "You tried to send to recipient(s) that have been marked as inactive.\n"
    "Found inactive addresses: ana@shop.test.\nInactive recipients are ones that have generated a hard bounce",
}  # fmt: skip


class Service:
    """Answers what it is told to; `had` are the messages it was handed."""

    def __init__(self):
        self.status, self.body, self.had, self.then = 200, TAKEN, [], ""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                service.had.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if service.then == "silence":
                    service.woken.wait(5)
                if service.then:
                    self.connection.close()
                    return
                said = service.body if isinstance(service.body, str) else json.dumps(service.body)
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *args):
                pass

        self.woken = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def stop(self):
        self.woken.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def postmark(settings):
    settings.MARKETING_EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.MAIL_TIMEOUT_SECONDS = 0.5

    def at(url):
        settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "t", "POSTMARK_API_URL": url}

    return at


@pytest.fixture
def service(postmark):
    made = Service()
    postmark(made.url)
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("status", "body", "wanted", "suppressed"),
    [
        (200, TAKEN, ("sent", ""), 0),
        (200, "what?", ("unknown", ""), 0),
        (400, {"ErrorCode": 1, "Message": "no"}, ("failed", "refused"), 0),
        (422, INVALID, ("failed", "refused"), 1),
        (422, INACTIVE, ("failed", "refused"), 0),
        (408, {}, ("unknown", ""), 0),
        (429, {}, ("planned", ""), 0),
        (500, {}, ("unknown", ""), 0),
        (502, "", ("unknown", ""), 0),
        (503, "", ("unknown", ""), 0),
        (504, "", ("unknown", ""), 0),
    ],
)
def test_each_answer_has_its_outcome(service, campaign, reader, plan, status, body, wanted, suppressed):
    service.status, service.body = status, body
    row = plan(reader)

    working.run()
    working.run()

    assert of(row) == wanted
    assert len(service.had) == 1
    assert (row.tries, row.provider) == (1, "" if wanted[0] == "planned" else "postmark")
    assert Suppression.objects.count() == suppressed
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("then", ["silence", "hangs up"])
def test_a_service_that_has_it_and_says_nothing_leaves_it_perhaps_sent(service, campaign, reader, plan, then):
    service.then = then
    row = plan(reader)

    working.run()
    working.run()

    assert of(row) == ("unknown", "")
    assert len(service.had) == 1


def test_what_a_message_is_comes_to_the_service(service, campaign, reader, plan):
    row = plan(reader)

    working.run()

    had = service.had[0]
    row.refresh_from_db()
    headers = {one["Name"]: one["Value"] for one in had["Headers"]}
    assert (had["To"], had["Subject"], had["Metadata"]) == (
        "ana@shop.test", "Tea is here", {"message_id": row.message_id},
    )  # fmt: skip
    assert headers["Message-ID"] == row.message_id
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "https://127.0.0.1:{}/", "http://nobody.invalid/"])
def test_where_no_connection_was_made_nothing_was_handed_over(postmark, campaign, plan, url):
    postmark(url.format(closed_port()))
    rows = []
    for number in range(4):
        person = CustomerFactory.create(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows.append(plan(person))

    working.run()

    assert {of(row) for row in rows} == {("planned", "")}
    assert sorted(Recipient.objects.values_list("tries", flat=True)) == [0, 0, 0, 1]


def test_a_server_that_is_not_the_service_has_nothing(postmark, campaign, reader, plan):
    """It takes the connection and does not speak TLS: the request was never written."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _address = listening.accept()
            connection.sendall(b"220 a mail server\r\n")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        postmark(f"https://127.0.0.1:{listening.getsockname()[1]}/")
        row = plan(reader)

        working.run()

    assert of(row) == ("planned", "")


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_key_that_has_run_out_burns_nothing_and_somebody_hears_of_it(service, campaign, plan, status):
    service.status, service.body = status, {"ErrorCode": 10, "Message": "Bad or missing API token."}
    rows = []
    for number in range(3):
        person = CustomerFactory.create(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        rows.append(plan(person))

    for _minute in range(2):
        working.run()

    assert {(*of(row), row.tries) for row in rows} == {("planned", "", 0)}
    alert = Alert.objects.get(rule="provider_closed")
    assert (alert.text_values["provider"], alert.text_values["reason"]) == ("postmark", f"HTTP {status}")

    service.status, service.body = 200, TAKEN
    working.run()

    assert {of(row) for row in rows} == {("sent", "")}
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_a_missing_key_burns_nothing_either(settings, campaign, reader, plan):
    settings.MARKETING_EMAIL_BACKEND, settings.ANYMAIL = "anymail.backends.postmark.EmailBackend", {}
    row = plan(reader)

    working.run()

    assert of(row) == ("planned", "")
    assert Alert.objects.get().rule == "provider_closed"


def test_a_service_that_breaks_is_left_alone_after_three(service, campaign, plan):
    service.status, service.body = 500, {}
    for number in range(6):
        person = CustomerFactory.create(email=f"p{number}@shop.test")
        ConsentFactory.create(customer=person)
        plan(person)

    working.run()

    states = sorted(Recipient.objects.values_list("state", flat=True))
    assert states == ["planned"] * 3 + ["unknown"] * 3
