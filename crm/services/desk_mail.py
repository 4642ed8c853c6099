"""Answers that go out by mail, and mails that come in as messages."""

import email
import hashlib
import re
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from catalog.models import Customer
from core import mail
from core.mail.writing import sender_address
from core.models import OutgoingMail
from core.shop import current_shop
from crm.exceptions import BadInput
from crm.models import Channel, Conversation, DeskSettings, Message, Ticket
from crm.models.desk import TEXT_LENGTH
from crm.services import desk

KIND = "ticket_reply"
BY_MAIL = (Channel.EMAIL, Channel.FORM, Channel.REVIEW, Channel.CARE)
MOST_BYTES = 10 * 1024 * 1024
MOST_PER_HOUR = 60
"""Mails of one address: more come from a machine."""
NUMBER = re.compile(r"\[#(\d{1,18})\]")
QUOTE_BEGINS = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|原始邮件|转发邮件|forwarded message).*|on .{5,200} wrote:|在.{5,200}写道[:：]|"
    r"_{20,}|发件人[:：].*|from:\s.+@.+)\s*$",
    re.IGNORECASE,
)


def mail_reply(message: Message, ticket: Ticket) -> OutgoingMail | None:
    """Send an answer where its conversation goes on by mail; in the caller's transaction. None where it does not, or
    where nobody said an address. Its Message-ID is kept, so that what comes back finds its thread."""
    conversation = message.conversation
    address = conversation.reply_email
    if conversation.channel not in BY_MAIL or not address:
        return None
    language = "zh-hans" if conversation.language.startswith("zh") else "en"
    with override(language):
        subject = conversation.subject or _("Your question")
    sent = mail.send(
        KIND, to=address, language=language,
        context={
            "subject": subject, "number": ticket.number, "text": message.text, "shop": current_shop().name,
            "signature": DeskSettings.current().signature,
        },
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(mail_id=sent.message_id)
    return sent


# --- in --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def receive(raw: bytes) -> Message | None:
    """One mail as it came over the wire becomes a message, and a ticket. The same mail twice is one. None for what
    machines write by themselves, for our own mails that come back, and for more than sixty an hour of one address.

    It goes on with the conversation whose mail it answers (by Message-ID, which nobody can guess), or whose number it
    names when it comes from the address of that conversation. What it says about its sender proves nothing: the
    customer of the conversation stays empty. Raises BadInput for what is no mail or larger than 10 MB.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput(_("A mail may have at most 10 MB."))
    found = email.message_from_bytes(raw, policy=default)
    name, sender = _sender(found)
    if not sender or "@" not in sender:
        raise BadInput(_("This is not a mail: it has no sender."))
    if is_automatic(found) or sender.lower() == sender_address().lower():
        return None
    mail_id = _header(found, "Message-ID")[:250] or f"<{hashlib.sha256(raw).hexdigest()}@local>"
    known = Message.objects.filter(mail_id=mail_id).first()
    if known is not None:
        return known
    lately = Message.objects.filter(
        author=Message.Author.CUSTOMER, conversation__contact_email__iexact=sender,
        created_at__gte=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    if lately.count() >= MOST_PER_HOUR:
        return None
    text = _text(found)
    conversation = _thread(found, sender)
    if conversation is None:
        subject = _header(found, "Subject")
        conversation = desk.start(
            customer=None, visitor="", channel=Channel.EMAIL, language=_language(subject + text),
            contact={"name": name, "email": sender}, subject=subject,
        )  # fmt: skip
    message = desk.say(conversation, author=Message.Author.CUSTOMER, text=text, mail_id=mail_id)
    desk.hand_over(conversation, reason=Conversation.Reason.ASKED)
    return message


def _sender(found: EmailMessage) -> tuple[str, str]:
    pairs = getaddresses([_header(found, "From")])
    name, address = pairs[0] if pairs else ("", "")
    return " ".join(name.split())[:200], address.strip()[:254]


def _header(found: EmailMessage, name: str) -> str:
    """A header as text. What is so broken that Python cannot read it counts as missing."""
    try:
        return " ".join(str(found[name] or "").split())
    except (ValueError, AttributeError, TypeError, IndexError, LookupError):
        return ""


def is_automatic(found: EmailMessage) -> bool:
    """Out of office, bounces, newsletters: answering them would begin a talk between two machines."""
    automatic = _header(found, "Auto-Submitted").lower()
    return (
        automatic not in ("", "no")
        or _header(found, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply")
        or bool(found["X-Autoreply"] or found["X-Auto-Response-Suppress"] or found["List-Id"])
        or _header(found, "Return-Path") == "<>"
    )


def _thread(found: EmailMessage, sender: str) -> Conversation | None:
    """The open conversation that this mail goes on with."""
    named = re.findall(r"<[^<>\s]{3,250}>", f"{_header(found, 'In-Reply-To')} {_header(found, 'References')}")[-20:]
    open_ones: QuerySet[Conversation] = Conversation.objects.exclude(state=Conversation.State.CLOSED)
    if named:
        answered = open_ones.filter(messages__mail_id__in=named).order_by("-last_message_at").first()
        if answered is not None:
            return answered
    number = NUMBER.search(_header(found, "Subject"))
    if number is None:
        return None
    numbered = open_ones.filter(ticket=int(number.group(1))).select_related("customer").first()
    return numbered if numbered is not None and numbered.reply_email.lower() == sender.lower() else None


def _text(found: EmailMessage) -> str:
    """What the sender wrote: plain text where there is some, else the text of the HTML; without the mail it answers."""
    try:
        body = found.get_body(preferencelist=("plain", "html"))
        content = str(body.get_content()) if body is not None else ""
        is_html = body is not None and body.get_content_subtype() == "html"
    except (LookupError, ValueError, KeyError, AttributeError):
        payload = found.get_payload(decode=True)
        content, is_html = (payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""), False
    text = without_quote(_plain(content) if is_html else content)
    attached = sum(1 for part in found.walk() if part.get_content_disposition() == "attachment")
    if attached:
        text = f"{text}\n\n[{attached} × attachment / 附件]".strip()
    if not text:
        text = _header(found, "Subject") or "[…]"
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 4].rstrip()}\n[…]"


def without_quote(text: str) -> str:
    """Up to where the quoted mail begins. A text that is nothing but a quote stays as it is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for line in lines:
        if QUOTE_BEGINS.match(line) and any(one.strip() for one in kept):
            break
        kept.append(line)
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    return "\n".join(kept).strip() or text.strip()


class _Words(HTMLParser):
    """The text of HTML; scripts and styles are none."""

    BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "table"})
    SILENT = frozenset({"script", "style", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self._silent += 1
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SILENT:
            self._silent = max(self._silent - 1, 0)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def _plain(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts))


def _language(text: str) -> str:
    """Chinese where a tenth of the letters is."""
    letters = [sign for sign in text[:2000] if sign.isalpha()]
    chinese = sum(1 for sign in letters if "\u4e00" <= sign <= "\u9fff")
    return "zh-hans" if letters and chinese * 10 >= len(letters) else "en"


def people_behind(conversation: Conversation) -> QuerySet[Customer]:
    """Customers with the address that the other side gave: likely, not proven."""
    address = parseaddr(conversation.contact_email)[1]
    if not address or conversation.customer_id is not None:
        return Customer.objects.none()
    return Customer.objects.existing().filter(email__iexact=address).order_by("pk")[:3]
