"""Mails that come in: threads, quotes, machines, floods, broken ones; and a mailbox that is looked into."""

import base64
import socketserver
import threading
import time

import pytest

from core.models import OutgoingMail
from core.webhooks.signing import sign
from crm.exceptions import BadInput
from crm.models import Conversation, Message, Ticket
from crm.services import desk, desk_imap
from crm.services.desk_mail import MOST_BYTES, MOST_PER_HOUR, receive, without_quote
from tests.factories import ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(db):
    ShopProfileFactory.create(sender_email="shop@example.com")


def mail(text="Where is my parcel?", *, sender="Ana Li <ana@example.com>", ident="<1@x>", subject="Parcel", **headers):
    lines = [f"From: {sender}", "To: shop@example.com", f"Subject: {subject}", f"Message-ID: {ident}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", text]
    return "\r\n".join(lines).encode()


def test_a_mail_becomes_a_ticket_once_and_proves_nothing_about_its_sender():
    for _ in range(2):
        message = receive(mail())

    conversation = Conversation.objects.get()
    assert (conversation.channel, conversation.contact_name, conversation.contact_email) == (
        "email", "Ana Li", "ana@example.com",
    )  # fmt: skip
    assert (conversation.customer, message.text) == (None, "Where is my parcel?")
    assert Ticket.objects.get().state == "open"


def test_an_answer_to_our_mail_goes_on_in_its_thread_and_without_the_quote():
    first = receive(mail())
    ticket = Ticket.objects.get()
    desk.reply(ticket, StaffUserFactory.create(), "It is on its way.")
    sent = OutgoingMail.objects.get()

    receive(mail("Thanks!\n\nOn Fri, 27 Nov 2026, shop wrote:\n> It is on its way.", ident="<2@x>",
                 sender="other@example.com", In_Reply_To=sent.message_id))  # fmt: skip

    assert list(first.conversation.messages.values_list("text", flat=True).order_by("sequence")) == [
        "Where is my parcel?", "It is on its way.", "Thanks!",
    ]  # fmt: skip


def test_a_number_in_the_subject_counts_only_from_the_same_address():
    receive(mail())
    number = Ticket.objects.get().pk

    receive(mail("Mine", ident="<2@x>", subject=f"Re: Parcel [#{number}]"))
    receive(mail("Somebody", ident="<3@x>", subject=f"Re: Parcel [#{number}]", sender="eve@example.com"))

    assert Ticket.objects.count() == 2
    assert not Conversation.objects.get(ticket=number).messages.filter(text="Somebody").exists()


def test_after_the_end_a_mail_starts_a_new_ticket():
    message = receive(mail())
    desk.close(Ticket.objects.get(), None)

    receive(mail("Again", ident="<2@x>", In_Reply_To="<1@x>"))

    assert Ticket.objects.count() == 2
    assert message.conversation.messages.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}, {"List_Id": "<news>"},
        {"Return_Path": "<>"}, {"sender": "shop@example.com"},
    ],
)  # fmt: skip
def test_what_machines_write_is_left_alone(headers):
    assert receive(mail(**headers)) is None
    assert not Conversation.objects.exists()


def test_a_flood_of_one_address_is_cut_off():
    for number in range(MOST_PER_HOUR + 5):
        receive(mail(ident=f"<{number}@x>"))

    assert Message.objects.count() == MOST_PER_HOUR


def test_html_becomes_its_text_and_long_texts_are_cut():
    raw = mail(ident="<h@x>").replace(b"text/plain", b"text/html")
    html = b"<style>p{}</style><p>Hello <b>you</b></p><script>x()</script><p>" + b"a" * 20_000 + b"</p>"
    head, _gap, _body = raw.partition(b"\r\n\r\n")

    message = receive(head + b"\r\n\r\n" + html)

    assert message.text.startswith("Hello you")
    assert "x()" not in message.text
    assert len(message.text) <= 10_000


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00\xff\xfe", b"Subject: no sender\r\n\r\nx", b"From: nobody\r\n\r\nx", b"x" * (MOST_BYTES + 1),
    ],
)  # fmt: skip
def test_what_is_no_mail_is_refused(raw):
    with pytest.raises(BadInput):
        receive(raw)

    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xe9t\xe9",
        b"From: =?utf-8?B?5a6J?= <a@b.example>\r\nSubject: =?gbk?B?xOO6ww==?=\r\n\r\n",
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nbroken",
        b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64",
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(raw):
    assert receive(raw) is not None


def test_quotes_end_a_text_in_both_languages():
    assert without_quote("谢谢\n\n在 2026年11月27日，店铺 写道：\n> 您好") == "谢谢"
    assert without_quote("Yes\n\n-----Original Message-----\nFrom: x") == "Yes"
    assert without_quote("> only a quote") == "> only a quote"


class _Mailbox(socketserver.StreamRequestHandler):
    """As much of an IMAP server as the job needs: a few mails, and which were read."""

    def handle(self):
        self.wfile.write(b"* OK ready\r\n")
        box = self.server.mails
        for line in self.rfile:
            tag, _gap, rest = line.decode().strip().partition(" ")
            words = rest.upper()
            if words.startswith("CAPABILITY"):
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
            elif words.startswith("LOGIN") and "secret" not in rest:
                self.wfile.write(f"{tag} NO wrong\r\n".encode())
                continue
            elif words.startswith("UID SEARCH"):
                unread = " ".join(str(number) for number, one in box.items() if not one["seen"])
                self.wfile.write(f"* SEARCH {unread}\r\n".encode())
            elif words.startswith("UID FETCH"):
                raw = box[int(rest.split()[2])]["raw"]
                if "SIZE" in words:
                    self.wfile.write(f"* 1 FETCH (UID 1 RFC822.SIZE {len(raw)})\r\n".encode())
                else:
                    self.wfile.write(f"* 1 FETCH (BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
            elif words.startswith("UID STORE"):
                box[int(rest.split()[2])]["seen"] = True
            elif words.startswith("LOGOUT"):
                self.wfile.write(f"* BYE\r\n{tag} OK\r\n".encode())
                return
            self.wfile.write(f"{tag} OK done\r\n".encode())


@pytest.fixture
def mailbox(settings):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox) as server:
        server.mails = {
            1: {"raw": mail(), "seen": False}, 2: {"raw": mail(ident="<2@x>", Precedence="bulk"), "seen": False},
            3: {"raw": b"no mail", "seen": False}, 4: {"raw": mail("Read", ident="<4@x>"), "seen": True},
        }  # fmt: skip
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.INBOX_IMAP_URL = f"imap://desk:secret@127.0.0.1:{server.server_address[1]}/INBOX"
        yield server.mails
        server.shutdown()


def test_unread_mails_of_a_mailbox_are_taken_once(mailbox):
    assert desk_imap.fetch() == {"taken": 1, "left": 2}
    assert desk_imap.fetch() == {"taken": 0, "left": 0}
    assert all(one["seen"] for one in mailbox.values())
    assert Message.objects.get().text == "Where is my parcel?"


def test_a_mail_that_was_taken_but_not_marked_is_not_taken_again(mailbox):
    desk_imap.fetch()
    mailbox[1]["seen"] = False

    desk_imap.fetch()

    assert Message.objects.count() == 1


@pytest.mark.parametrize("url", ["http://x", "imap://host/", "imap://"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="imaps://"):
        desk_imap.Mailbox.of(url)


SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def hand_in(client, raw, *, secret=SECRET, at=None):
    at = int(at or time.time())
    return client.post(
        "/inbox/mail", raw, content_type="message/rfc822",
        headers={
            "Webhook-Id": "m1", "Webhook-Timestamp": str(at),
            "Webhook-Signature": f"v1,x {sign(secret, 'm1', at, raw)}",
        },
    )  # fmt: skip


def test_a_mail_that_is_handed_in_needs_a_fresh_signature(client, settings):
    assert hand_in(client, mail()).status_code == 404
    settings.INBOX_MAIL_SECRET = SECRET

    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    assert hand_in(client, mail(), secret=other).status_code == 401
    assert hand_in(client, mail(), at=time.time() - 301).status_code == 401
    assert not Message.objects.exists()
    assert [hand_in(client, mail()).status_code for _ in range(2)] == [204, 204]
    assert Message.objects.count() == 1
    assert hand_in(client, b"no mail").status_code == 422
    assert client.get("/inbox/mail").status_code == 405
