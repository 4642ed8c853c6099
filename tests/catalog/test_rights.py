"""A copy of what is stored about a customer, and an erasure after which nothing tells who it was."""

import csv
import io
import json
import uuid
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone

from catalog.kept import refresh as keep_histories
from catalog.models import (
    Customer,
    CustomerTrait,
    ImportBatch,
    ImportChange,
    Interaction,
    Order,
    OrderEvent,
    Payment,
    Refund,
    StockMovement,
    Visitor,
)
from catalog.rights import CustomerSubject
from core import rights
from core.exceptions import DomainError, NotFound
from core.models import (
    Alert,
    DataRequest,
    Export,
    Exposure,
    IdempotencyKey,
    Job,
    LedgerEntry,
    OutboxMessage,
    Webhook,
    WebhookDelivery,
)
from core.rights import copying, erasing
from core.rights.holdings import Identity, holdings
from core.rights.services import watch_clock
from core.said import NOTHING
from recommender.models import RecommendationList
from tests.factories import (
    AllocatedOfferFactory,
    AspectCorrectionFactory,
    AudienceMemberFactory,
    CareEnrolmentFactory,
    ConsentEventFactory,
    ConsentFactory,
    ConversationFactory,
    CouponCodeFactory,
    CustomerFactory,
    CustomerMergeFactory,
    CustomerMergeRowsFactory,
    CustomerMonthFactory,
    CustomerNoteFactory,
    CustomerScoreFactory,
    CustomerStatsFactory,
    CustomerTaggingFactory,
    CustomFieldValueFactory,
    DuplicateCustomersFactory,
    ExperimentFactory,
    ExposureFactory,
    FollowUpFactory,
    FunnelCustomerFactory,
    HiddenQuoteFactory,
    InteractionFactory,
    LoyaltyAccountFactory,
    LoyaltyRedemptionFactory,
    LoyaltyTransactionFactory,
    MessageEventFactory,
    MessageFactory,
    NextStepOutcomeFactory,
    OccasionFactory,
    OrderFactory,
    OrderLineFactory,
    RecipientFactory,
    RestrictionFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewLabelFactory,
    ReviewPhotoFactory,
    ReviewReadingFactory,
    ReviewReplyFactory,
    ReviewReportFactory,
    ReviewTopicFactory,
    ReviewVoteFactory,
    SampledReviewFactory,
    SatisfactionScoreFactory,
    SearchQueryFactory,
    SegmentMembershipFactory,
    ServiceMemberFactory,
    SnapshotMemberFactory,
    StaffUserFactory,
    StockRequestFactory,
    SuspicionScoreFactory,
    UpliftScoreFactory,
    VariantFactory,
    VisitorFactory,
    WorklistItemFactory,
)

pytestmark = pytest.mark.django_db
LABEL = "catalog.Customer"
BIRTHDAY = date(1957, 2, 23)
MARK = "Zqxfern"  # long enough that no random key of a table holds it by chance


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR, settings.EXPORT_ROOT, settings.MEDIA_ROOT = tmp_path, tmp_path / "exports", tmp_path / "media"
    return tmp_path


def marked(row: models.Model, name: str) -> Any:
    """A value for this field that can be found again anywhere."""
    column = row._meta.get_field(name)
    text = f"{MARK}{name}{row._meta.model_name}{row.pk}"
    if isinstance(column, models.JSONField):
        return {"said": [text]}
    if isinstance(column, models.DateField) and not isinstance(column, models.DateTimeField):
        return BIRTHDAY
    if isinstance(column, models.EmailField):
        return f"{text}@{MARK.lower()}.example"
    return text[: column.max_length] if isinstance(column, models.CharField) else None


@pytest.fixture
def ana() -> Customer:
    """A customer with a row in every table that the registry names, each field filled."""
    ana = CustomerFactory.create(language="zh-hans", joined_at=datetime(2025, 3, 17, 4, 5, tzinfo=UTC))
    variant = VariantFactory.create()
    order = OrderFactory.create(customer=ana, status=Order.Status.CLOSED)
    line = OrderLineFactory.create(order=order, variant=variant, product=variant.product)
    visitor = Visitor.objects.create(key=f"{MARK}visitor-1", customer=ana)
    CustomerTrait.objects.create(customer=ana, kind="churn", value=0.7, as_of=timezone.now())
    OrderEvent.objects.create(order=order, kind="note", occurred_at=timezone.now())
    Payment.objects.create(order=order, amount=5, currency="CNY", paid_at=timezone.now())
    Refund.objects.create(
        order=order, order_line=line, customer=ana, amount=1, currency="CNY", refunded_at=timezone.now()
    )
    StockMovement.objects.create(variant=variant, order=order, delta=-1, balance=9, reason="sale")
    InteractionFactory.create(customer=ana, product=variant.product, kind=Interaction.Kind.VIEW)
    InteractionFactory.create(customer=None, visitor=visitor, product=variant.product, kind=Interaction.Kind.CART)
    InteractionFactory.create(customer=ana, visitor=visitor, product=variant.product, kind=Interaction.Kind.PURCHASE)
    batch = ImportBatch.objects.create(format="native", source="/x", state="done")
    ImportChange.objects.create(batch=batch, table_name="catalog_customer", row_id=ana.pk, person=ana.pk, before={})
    experiment = ExperimentFactory.create(state="running")
    for subject in (ana.public_id, visitor.key):
        ExposureFactory.create(experiment=experiment, subject=subject)
    SearchQueryFactory.create(customer=ana)
    SearchQueryFactory.create(visitor=visitor)
    RecommendationList.objects.create(
        customer=ana, product_ids=[variant.product_id], speaker_ids=[0], as_of=timezone.now()
    )
    for factory in (
        CustomerMonthFactory, CustomerScoreFactory, CustomerStatsFactory, FunnelCustomerFactory,
        SegmentMembershipFactory, SnapshotMemberFactory,
    ):  # fmt: skip
        factory.create(customer=ana)
    merge = CustomerMergeFactory.create(kept=ana)
    CustomerMergeRowsFactory.create(merge=merge)
    DuplicateCustomersFactory.create(one=ana, other=merge.gone)
    for about in (
        AllocatedOfferFactory, AudienceMemberFactory,
        CareEnrolmentFactory, ConsentEventFactory, ConsentFactory, CouponCodeFactory,
        CustomerNoteFactory, CustomerTaggingFactory, CustomFieldValueFactory, NextStepOutcomeFactory,
        OccasionFactory, RestrictionFactory, ServiceMemberFactory, StockRequestFactory, UpliftScoreFactory,
        WorklistItemFactory,
    ):  # fmt: skip
        about.create(customer=ana)
    MessageEventFactory.create(recipient=RecipientFactory.create(customer=ana))
    conversation = ConversationFactory.create(customer=ana)
    MessageFactory.create(conversation=conversation)
    SatisfactionScoreFactory.create(conversation=conversation)
    review = ReviewFactory.create(customer=ana)
    for of_review in (
        AspectCorrectionFactory, FollowUpFactory, HiddenQuoteFactory, ReviewAspectFactory, ReviewLabelFactory,
        ReviewPhotoFactory,
        ReviewReadingFactory, ReviewReplyFactory, ReviewTopicFactory, SampledReviewFactory, SuspicionScoreFactory,
    ):  # fmt: skip
        of_review.create(review=review)
    for voice in (ReviewReportFactory, ReviewVoteFactory):
        voice.create(customer=ana)
    points = LoyaltyAccountFactory.create(customer=ana)
    LoyaltyTransactionFactory.create(account=points)
    LoyaltyRedemptionFactory.create(account=points)
    keep_histories(quiet=0.0)
    for one in holdings(LABEL):
        rows = list(one.rows_of(ana.pk))
        assert rows, f"{one.label}: this test has to make a row"
        if one.label == "core.Exposure":  # named below, as the storefront names people
            continue
        for row in rows:
            empty = {"browser"} if getattr(row, "customer_id", None) else set()  # reviews name one or the other
            wanted = {name: marked(row, name) for name in set(one.fields) - set(one.keeps) - empty}
            changes = {name: value for name, value in wanted.items() if value is not None}
            if changes:
                one.model._default_manager.filter(pk=row.pk).update(**changes)
    keys = {ana.public_id, visitor.key}
    ana.refresh_from_db()
    visitor.refresh_from_db()
    assert keys.isdisjoint({ana.public_id, visitor.key})
    for row, subject in zip(Exposure.objects.order_by("pk"), (ana.public_id, visitor.key), strict=True):
        Exposure.objects.filter(pk=row.pk).update(subject=subject)
    return ana


def leave_traces(ana: Customer, folder: Path) -> None:
    """The person is quoted where nobody planned it."""
    error = f"IntegrityError: Key (email)=({ana.email.lower()}) already exists"
    Job.objects.create(kind="k", task="t", queue="light", error=error, result={"who": ana.name}, state="failed")
    Job.objects.create(kind="k", task="t", queue="light", message="%(who)s", message_values={"who": ana.phone})
    hook = Webhook.objects.create(name="ERP", url="https://erp.example/", events=[])
    told = OutboxMessage.objects.create(event="customer.changed", public_id=uuid.uuid4())
    WebhookDelivery.objects.create(webhook=hook, message=told, response_excerpt=f"unknown customer {ana.external_id}")
    kept = json.dumps({"name": ana.name}, ensure_ascii=False).encode()
    IdempotencyKey.objects.create(caller="key1", key="k", fingerprint="f", status=200, body=kept)
    LogEntry.objects.create(
        user=StaffUserFactory.create(), content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(ana.pk), object_repr=str(ana), action_flag=CHANGE, change_message="[]",
    )  # fmt: skip
    sample = [{"line": 3, "reason": ana.email}]
    ImportBatch.objects.create(
        format="native", source="/x", error=f"line 3: {ana.email}", report={"read": 3, "refused_sample": sample}
    )
    Export.objects.create(source="catalog.customer", query={"q": ana.email}, created_by=StaffUserFactory.create())
    Alert.objects.create(rule="x", level="notice", text="%(who)s", text_values={"who": ana.name})
    DataRequest.objects.create(
        kind="export", subject_model=LABEL, subject_id=0, state="refused", reason=f"{ana.name} is not the buyer",
        received_at=timezone.now(), due_at=timezone.now(),
    )  # fmt: skip
    (folder / "imports" / "1").mkdir(parents=True)
    (folder / "exports").mkdir()
    (folder / "imports" / "1" / "refused.csv").write_text(
        f"line,reason,email\n2,bad,other@shop.example\n3,bad,{ana.email.upper()}\n", "utf-8"
    )
    (folder / "exports" / "customers.csv").write_text(f"name\n{ana.name}\nBen\n", "utf-8")
    (folder / "exports" / "customers.xlsx").write_bytes(b"PK packed")


def whole_database() -> str:
    """Every row of every table, as a dump would hold it."""
    out = io.StringIO()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for (table,) in cursor.fetchall():
            cursor.cursor.copy_expert(f"COPY (SELECT * FROM {table}) TO STDOUT", out)
    return out.getvalue()


def all_files(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def test_after_an_erasure_no_table_and_no_file_tells_who_it_was(ana, own_folder):
    leave_traces(ana, own_folder)
    texts = (MARK.lower(), str(BIRTHDAY), ana.public_id.lower())
    before = whole_database().lower() + all_files(own_folder).lower()
    assert all(text in before for text in texts)

    request, is_new = rights.ask(DataRequest.Kind.ERASE, LABEL, ana.pk, channel="staff")
    rights.carry_out(request.pk)

    assert is_new
    dump, files = whole_database().lower(), all_files(own_folder).lower()
    assert [text for text in texts if text in dump] == []
    assert [text for text in texts if text in files] == []
    request.refresh_from_db()
    assert request.state == DataRequest.State.DONE
    assert ImportBatch.objects.latest("pk").report == {"read": 3}
    assert (own_folder / "imports" / "1" / "refused.csv").read_text("utf-8") == (
        "line,reason,email\n2,bad,other@shop.example\n"
    )
    assert (own_folder / "exports" / "customers.csv").read_text("utf-8") == "name\nBen\n"


def test_orders_stay_under_a_pseudonym_and_their_money_does_not_change(ana):
    order = Order.objects.get(customer=ana)
    kept = (order.number, order.total, order.lines.count(), order.payments.get().amount)

    erasing.erase(LABEL, ana.pk)

    order.refresh_from_db()
    assert (order.number, order.total, order.lines.count(), order.payments.get().amount) == kept
    assert order.customer_id == ana.pk
    assert str(order.customer) == order.customer.public_id[:8]
    assert [row.kind for row in Interaction.objects.all()] == ["purchase"]


def test_orders_no_longer_say_in_which_browser_they_were_placed(ana):
    own, friends = VisitorFactory.create(customer=ana), VisitorFactory.create(customer=CustomerFactory.create())
    hers, guest = OrderFactory.create(customer=ana, visitor=friends), OrderFactory.create(customer=None, visitor=own)
    other = OrderFactory.create(customer=friends.customer, visitor=friends)

    erasing.erase(LABEL, ana.pk)

    assert [Order.objects.get(pk=one.pk).visitor for one in (hers, guest, other)] == [None, None, friends]


class Browsers:
    """Orders and acts in a browser that is Ana's, some without a name and one in somebody else's, and a stranger's."""

    def __init__(self, ana: Customer) -> None:
        hers, strange = VisitorFactory.create(customer=ana), VisitorFactory.create(customer=None)
        self.guests = self._order(None, hers)
        self.bens = self._order(CustomerFactory.create(name="Ben"), hers)
        self.strangers = self._order(None, strange)
        for customer, visitor in ((None, hers), (self.bens.customer, hers), (None, strange)):
            InteractionFactory.create(customer=customer, visitor=visitor, kind=Interaction.Kind.VIEW)

    def _order(self, customer: Customer | None, visitor: Visitor) -> Order:
        order = OrderFactory.create(customer=customer, visitor=visitor, status=Order.Status.CLOSED)
        OrderLineFactory.create(order=order)
        OrderEvent.objects.create(order=order, kind="note", note="Ring twice", occurred_at=timezone.now())
        Refund.objects.create(
            order=order, customer=customer, amount=1, currency="CNY", reason="Too small", refunded_at=timezone.now()
        )  # fmt: skip
        return order


def test_what_a_guest_ordered_and_did_in_the_persons_browser_stands_in_the_copy_and_nobody_elses(ana):
    before = {one.label: one.rows_of(ana.pk).count() for one in holdings(LABEL)}
    made = Browsers(ana)
    request, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")

    rights.carry_out(request.pk)

    request.refresh_from_db()
    with zipfile.ZipFile(copying.folder() / request.file) as archive:
        data = json.loads(archive.read("data.json"))
    numbers = {row["number"] for row in data["catalog.Order"]}
    assert made.guests.number in numbers
    assert numbers.isdisjoint({made.bens.number, made.strangers.number})
    more = {label: len(rows) - before[label] for label, rows in data.items() if len(rows) != before[label]}
    assert more == dict.fromkeys(
        ("catalog.Interaction", "catalog.Order", "catalog.OrderEvent", "catalog.OrderLine", "catalog.Refund",
         "catalog.Visitor"), 1,
    )  # fmt: skip


def test_notes_of_a_guests_orders_in_the_persons_browser_go_and_those_of_others_stay(ana):
    made = Browsers(ana)
    totals = [one.total for one in (made.guests, made.bens, made.strangers)]

    erasing.erase(LABEL, ana.pk)

    orders = [Order.objects.get(pk=one.pk) for one in (made.guests, made.bens, made.strangers)]
    assert [one.events.get().note for one in orders] == ["", "Ring twice", "Ring twice"]
    assert [one.refunds.get().reason for one in orders] == ["", "Too small", "Too small"]
    assert [one.visitor for one in orders] == [None, None, made.strangers.visitor]
    assert [one.customer for one in orders] == [None, made.bens.customer, None]
    assert [one.total for one in orders] == totals


def test_an_erasure_waits_for_a_guests_order_in_the_persons_browser_too(ana):
    made = Browsers(ana)
    Order.objects.filter(pk__in=[made.bens.pk, made.strangers.pk]).update(status=Order.Status.SHIPPED)
    assert CustomerSubject().hindrance(ana.pk) == NOTHING

    Order.objects.filter(pk=made.guests.pk).update(status=Order.Status.SHIPPED)

    assert CustomerSubject().hindrance(ana.pk).values == {"number": made.guests.number}


def test_an_erased_person_is_found_by_nothing_that_a_storefront_knows(ana, server):
    old = ana.public_id

    erasing.erase(LABEL, ana.pk)

    assert server.post(f"/customers/{old}/tokens", {}).status_code == 404
    assert server.put(f"/customers/{old}", {"name": "Ana"}).status_code == 404
    joined = Customer.objects.get(pk=ana.pk).joined_at
    assert joined == datetime(2025, 3, 1, tzinfo=UTC)


def test_erasing_twice_changes_nothing_more(ana):
    erasing.erase(LABEL, ana.pk)
    first = Customer.objects.values().get(pk=ana.pk)

    request = DataRequest.objects.create(
        kind="erase", subject_model=LABEL, subject_id=ana.pk, received_at=timezone.now(), due_at=timezone.now()
    )
    rights.carry_out(request.pk)
    rights.carry_out(request.pk)

    second = Customer.objects.values().get(pk=ana.pk)
    assert (first["name"], first["joined_at"]) == (second["name"], second["joined_at"])
    with pytest.raises(NotFound):
        rights.ask(DataRequest.Kind.ERASE, LABEL, ana.pk, channel="staff")


def test_other_customers_keep_everything(ana):
    ben = CustomerFactory.create(name="Ben")
    InteractionFactory.create(customer=ben, kind=Interaction.Kind.VIEW)
    before = Customer.objects.values().get(pk=ben.pk)

    erasing.erase(LABEL, ana.pk)

    assert Customer.objects.values().get(pk=ben.pk) == before
    assert Interaction.objects.filter(customer=ben).count() == 1


def test_an_erasure_waits_for_an_order_on_its_way_and_follows_when_it_has_arrived(ana):
    order = Order.objects.get(customer=ana)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.SHIPPED)
    request, _new = rights.ask(DataRequest.Kind.ERASE, LABEL, ana.pk, channel="staff")

    rights.carry_out(request.pk)

    request.refresh_from_db()
    assert request.state == DataRequest.State.OPEN
    assert request.result["waits"]["values"] == {"number": order.number}
    assert Customer.objects.get(pk=ana.pk).name == ana.name

    Order.objects.filter(pk=order.pk).update(status=Order.Status.DELIVERED)
    assert rights.tidy()["tried_again"] == 1
    rights.carry_out(request.pk)
    assert Customer.objects.get(pk=ana.pk).name == ""


def test_the_same_request_twice_is_one_and_a_refusal_needs_a_reason(ana):
    staff = StaffUserFactory.create()
    first, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff", by=staff)
    second, is_new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="api")
    assert (second.pk, is_new) == (first.pk, False)

    with pytest.raises(DomainError):
        rights.refuse(first, reason=" ", by=staff)
    rights.refuse(first, reason="Not this person", by=staff)

    first.refresh_from_db()
    assert (first.state, first.reason) == ("refused", "Not this person")
    assert rights.carry_out(first.pk) == {"state": "refused"}
    assert LedgerEntry.objects.filter(kind="rights", subject=f"catalog.customer:{ana.pk}").count() == 2


def test_the_copy_holds_every_table_and_its_cells_are_harmless(ana, own_folder):
    Customer.objects.filter(pk=ana.pk).update(name="=HYPERLINK(1)")
    request, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")

    rights.carry_out(request.pk)

    request.refresh_from_db()
    with zipfile.ZipFile(copying.folder() / request.file) as archive:
        data = json.loads(archive.read("data.json"))
        table = list(csv.DictReader(io.StringIO(archive.read("catalog.Customer.csv").decode("utf-8-sig"))))
    assert set(data) == {one.label for one in holdings(LABEL)}
    assert all(data.values())
    assert data["catalog.Customer"][0]["email"] == ana.email
    assert table[0]["name"] == "'=HYPERLINK(1)"
    assert request.expires_at - request.finished_at == timedelta(days=14)
    assert (copying.folder().stat().st_mode & 0o777) == 0o700


def test_copies_go_when_their_time_is_over_and_with_the_person(ana):
    request, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")
    rights.carry_out(request.pk)
    request.refresh_from_db()
    path = copying.folder() / request.file
    DataRequest.objects.filter(pk=request.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert rights.tidy()["removed"] == 1
    assert not path.exists()

    again, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")
    rights.carry_out(again.pk)
    erase, _new = rights.ask(DataRequest.Kind.ERASE, LABEL, ana.pk, channel="staff")
    rights.carry_out(erase.pk)
    assert list(copying.folder().iterdir()) == []


def test_a_disk_that_is_full_leaves_no_half_copy_and_the_request_can_be_repeated(ana, monkeypatch):
    request, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "writestr", full)
        with pytest.raises(OSError):
            rights.carry_out(request.pk)

    request.refresh_from_db()
    assert request.state == DataRequest.State.FAILED
    assert list(copying.folder().iterdir()) == []
    rights.carry_out(request.pk)
    request.refresh_from_db()
    assert request.state == DataRequest.State.DONE


def test_a_run_that_dies_after_the_files_finds_them_clean_and_finishes_the_tables(ana, own_folder, monkeypatch):
    leave_traces(ana, own_folder)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_lock", lambda *_args: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            erasing.erase(LABEL, ana.pk)
    assert Customer.objects.get(pk=ana.pk).name == ana.name

    erasing.erase(LABEL, ana.pk)

    assert MARK.lower() not in (whole_database() + all_files(own_folder)).lower()


def test_an_erasure_is_repeated_when_a_backup_brings_the_person_back(ana):
    stored = Customer.objects.values().get(pk=ana.pk)
    erasing.erase(LABEL, ana.pk)
    Customer.objects.filter(pk=ana.pk).update(**stored)

    assert rights.apply_journal() == 1
    assert Customer.objects.get(pk=ana.pk).email == ""
    assert rights.apply_journal() == 0


def test_a_request_close_to_its_day_raises_one_alert_that_ends_with_it(ana):
    now = timezone.now()
    row = DataRequest.objects.create(
        kind="erase", subject_model=LABEL, subject_id=ana.pk, received_at=now, due_at=now + timedelta(days=20)
    )
    watch_clock()
    assert not Alert.objects.exists()

    DataRequest.objects.filter(pk=row.pk).update(due_at=now + timedelta(days=3, hours=1))
    watch_clock()
    watch_clock()
    alert = Alert.objects.open().get(rule="data_request_due")
    assert (alert.text_values, alert.link) == ({"count": 1, "days": 3}, "/admin/core/datarequest/")

    DataRequest.objects.update(due_at=timezone.now() - timedelta(hours=1))
    watch_clock()
    assert str(Alert.objects.open().get(rule="data_request_due").said) == (
        "Requests about personal data past their day: 1. The law sets a limit: answer them first."
    )

    DataRequest.objects.filter(pk=row.pk).update(state="done")
    watch_clock()
    assert not Alert.objects.open().exists()


def test_short_latin_names_take_only_whole_words_out_of_files(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("name\nLi\nLisbon\n李雷的店\n", "utf-8")

    erasing._scrub(file, Identity.of("Li", "李雷"))

    assert file.read_text("utf-8") == "name\nLisbon\n"


def test_short_names_empty_only_texts_that_say_them_and_long_ones_any_that_holds_them(db):
    who = Identity.of("Li", "12346", "李雷")
    rows = ["Li was refused", "the list ended", "order 12346-7", "row 123", "说李雷好", "(li)"]
    jobs = [Job.objects.create(kind="k", task="t", queue="light", state="failed", error=text) for text in rows]

    assert erasing.clear_quotes(who, "core_job", {"error": "gone"}) == 4

    kept = dict(Job.objects.values_list("pk", "error"))
    assert [kept[job.pk] for job in jobs] == ["gone", "the list ended", "gone", "row 123", "gone", "gone"]


def test_what_somebody_searched_for_before_an_export_goes_too(db):
    by = StaffUserFactory.create()
    searched = ["q=ana%40zqx.example", "q=%E6%9D%8E%E9%9B%B7", "q=Ana+Zqx", "q=bowl"]
    exports = [Export.objects.create(source="catalog.customer", query={"params": q}, created_by=by) for q in searched]

    erasing.core_traces(Identity.of("ana@zqx.example", "李雷", "Ana Zqx"), LABEL, 1)

    kept = dict(Export.objects.values_list("pk", "query"))
    assert [kept[export.pk] for export in exports] == [{}, {}, {}, {"params": "q=bowl"}]


def test_a_file_that_is_being_written_is_left_to_its_writer_and_looked_through_when_it_is_there(ana, own_folder):
    aside = own_folder / "exports" / ".writing-1" / "list.csv"
    aside.parent.mkdir(parents=True)
    aside.write_text(f"name\n{ana.name}\nBen\n", "utf-8")
    who = Identity.of(ana.name)

    assert erasing.scrub_files(who) == 0
    done = aside.replace(own_folder / "exports" / "list.csv")
    assert erasing.scrub_files(who) == 1

    assert done.read_text("utf-8") == "name\nBen\n"


def test_a_copy_that_is_finished_after_the_erasure_does_not_stay(ana, monkeypatch):
    request, _new = rights.ask(DataRequest.Kind.EXPORT, LABEL, ana.pk, channel="staff")
    write = copying.write_copy

    def slowly(*args: Any) -> Any:
        made = write(*args)
        erasing.erase(LABEL, ana.pk)
        return made

    monkeypatch.setattr(copying, "write_copy", slowly)
    rights.carry_out(request.pk)

    request.refresh_from_db()
    assert request.file == ""
    assert list(copying.folder().iterdir()) == []


def test_files_that_an_import_waits_for_are_left_alone_and_those_of_ended_ones_are_not(ana, own_folder):
    batches = {}
    for state in ("waiting", "running", "done"):
        batch = ImportBatch.objects.create(format="native", source="/x", state=state)
        batches[state] = own_folder / "imports" / str(batch.pk) / "customers.csv.gz"
        batches[state].parent.mkdir(parents=True)
        batches[state].write_bytes(b"packed")

    erasing.erase(LABEL, ana.pk)

    assert {state: path.exists() for state, path in batches.items()} == {
        "waiting": True, "running": True, "done": False,
    }  # fmt: skip


def test_a_short_number_of_the_shops_own_takes_no_lines_of_others_along(own_folder):
    ana = CustomerFactory.create(name="Ana Lindqvist", email="ana@lind.example", external_id="42")
    (own_folder / "exports").mkdir()
    file = own_folder / "exports" / "stock.csv"
    file.write_text("sku,stock\nA,42\nAna Lindqvist,1\n", "utf-8")

    erasing.erase(LABEL, ana.pk)

    assert file.read_text("utf-8") == "sku,stock\nA,42\n"


def test_an_erasure_that_was_taken_back_leaves_no_line_in_the_journal(ana, monkeypatch):
    def broken(*_args: Any, **_facts: Any) -> None:
        raise RuntimeError("the ledger is away")

    with monkeypatch.context() as patch:
        patch.setattr(erasing.ledger, "record", broken)
        with pytest.raises(RuntimeError):
            erasing.erase(LABEL, ana.pk)

    assert not erasing.journal().exists()
    assert Customer.objects.get(pk=ana.pk).email == ana.email
