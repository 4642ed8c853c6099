"""Pictures that arrive later: fetched from their addresses, or too large to be decoded while somebody waits."""

import errno
import hashlib
import threading
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from catalog import arrivals
from catalog.exceptions import BadInput
from catalog.importing import undo
from catalog.importing.undo import doing
from catalog.models import ArrivingPicture, ImportBatch, ImportChange, ProductImage
from catalog.services import pictures
from catalog.tasks import keep_bringing_pictures
from core.models import Job
from tests.catalog.importing.conftest import counts, do_import, files_in, picture, write_files
from tests.factories import ArrivingPictureFactory, ProductFactory, ProductImageFactory, StaffUserFactory
from tests.hostile.pictures import REFUSED, drawn
from tests.picture_host import picture_host

pytestmark = pytest.mark.django_db
State = ArrivingPicture.State


@pytest.fixture(autouse=True)
def inside(settings, tmp_path):
    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "media", tmp_path / "var"
    settings.PICTURE_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def host():
    with picture_host() as host:
        yield host


@pytest.fixture
def shop(tmp_path):
    """`shop(rows)`: import products P1 and P2 with these rows of images.csv."""

    def run(rows: str, **options):
        files = {"products.csv": "id,name,price\nP1,Mug,1\nP2,Pan,1\n", "images.csv": rows}
        return do_import(write_files(tmp_path / "shop", files), **options)

    return run


# --- import by address ----------------------------------------------------------------------------------------------


def test_an_import_asks_for_pictures_by_address_and_a_job_fetches_them(shop, host):
    host.pages = {"/a.png": picture(), "/b.jpg": picture((20, 10), kind="JPEG")}

    result = shop(f"product,file,position,alt\nP1,{host.url('/a.png')},3,A mug\nP2,{host.url('/b.jpg')},,\n")

    assert counts(result.sections["images"]) == (2, 2, 0, 0, 0)
    assert result.notes == ["Pictures that are fetched from their addresses now: 2."]
    assert (host.asked, ProductImage.objects.count()) == ([], 0)
    assert Job.objects.get().kind == "catalog.pictures"

    assert vars(arrivals.bring()) == {"stored": 2, "failed": 0, "later": 0}

    mug, pan = ProductImage.objects.order_by("product__external_id")
    assert (mug.source_name, mug.position, mug.alt) == (host.url("/a.png"), 3, "A mug")
    assert (mug.width, mug.height, mug.content_sha256) == (8, 6, hashlib.sha256(picture()).hexdigest())
    assert (pan.width, pan.height) == (20, 10)
    assert default_storage.exists(mug.file.name)
    assert not ArrivingPicture.objects.exists()
    assert host.agents[0]["Accept"] == "image/jpeg, image/png, image/webp"


def test_the_same_address_twice_changes_nothing_before_and_after_it_was_fetched(shop, host):
    host.pages = {"/a.png": picture()}
    rows = f"product,file\nP1,{host.url('/a.png')}\n"
    shop(rows)

    assert counts(shop(rows).sections["images"]) == (1, 0, 0, 1, 0)
    arrivals.bring()
    before = ProductImage.objects.values().get()
    assert counts(shop(rows).sections["images"]) == (1, 0, 0, 1, 0)
    assert vars(arrivals.bring()) == {"stored": 0, "failed": 0, "later": 0}

    assert ProductImage.objects.values().get() == before
    assert host.asked == ["/a.png"]


def test_new_words_for_a_fetched_picture_change_its_row_alone(shop, host):
    host.pages = {"/a.png": picture()}
    shop(f"product,file\nP1,{host.url('/a.png')}\n")
    arrivals.bring()

    result = shop(f"product,file,alt\nP1,{host.url('/a.png')},A red mug\n")

    assert counts(result.sections["images"]) == (1, 0, 1, 0, 0)
    assert (ProductImage.objects.get().alt, len(host.asked)) == ("A red mug", 1)


def test_addresses_that_may_not_be_asked_are_refused_with_their_line(shop, settings):
    settings.PICTURE_ALLOWED_NETWORKS = []
    rows = (
        "product,file\nP1,http://127.0.0.1/a.png\nP1,http://169.254.169.254/latest\nP1,https://user:x@shop.example/a.png\n"
        "P1,http://[::ffff:10.0.0.1]/a.png\nP1,http://shop.example:22/a.png\nP1,https://shop.example/图.png\n"
    )

    result = shop(rows)

    private = "The host is inside a private network, not on the internet."
    assert [row[:3] for row in result.refused] == [("images.csv", line, "file") for line in range(2, 8)]
    assert [row[3] for row in result.refused] == [
        private,
        private,
        "The address may not contain a user name or password.",
        private,
        "This port is not open for such requests.",
        "write letters other than ASCII percent-encoded, as browsers copy them",
    ]
    assert not ArrivingPicture.objects.exists()
    assert not Job.objects.exists()


def test_a_rehearsal_asks_for_nothing(shop, host):
    result = shop(f"product,file\nP1,{host.url('/a.png')}\n", dry_run=True)

    assert counts(result.sections["images"]) == (1, 1, 0, 0, 0)
    assert not ArrivingPicture.objects.exists()
    assert not Job.objects.exists()


def test_what_failed_says_file_line_and_reason_and_another_import_tries_it_again(shop, host):
    host.pages = {"/page": b"<html>"}
    rows = f"product,file\nP1,{host.url('/none.png')}\nP1,{host.url('/page')}\n"
    batch = shop(rows).batch

    assert vars(arrivals.bring()) == {"stored": 0, "failed": 2, "later": 0}

    found = ArrivingPicture.objects.order_by("line")
    assert [(row.batch_id, row.file, row.line, row.why) for row in found] == [
        (batch.pk, "images.csv", 2, "The host answers with status 404 instead of a picture."),
        (batch.pk, "images.csv", 3, "The picture is not a whole JPEG, PNG or WebP picture."),
    ]

    host.pages = {"/none.png": picture(), "/page": picture(colour="blue")}
    assert counts(shop(rows).sections["images"]) == (2, 0, 2, 0, 0)
    assert vars(arrivals.bring()) == {"stored": 2, "failed": 0, "later": 0}


def test_undo_takes_what_was_fetched_and_what_still_waits(shop, host):
    host.pages = {"/a.png": picture()}
    product = ProductFactory.create(external_id="P1", name="Mug", price="1")
    own = ProductImageFactory.create(product=product)
    batch = shop(f"product,file\nP1,{host.url('/a.png')}\nP1,{host.url('/later.png')}\n").batch
    ArrivingPicture.objects.filter(line=3).update(next_attempt_at=timezone.now() + timedelta(hours=1))
    arrivals.bring()
    fetched = ProductImage.objects.exclude(pk=own.pk).get()
    assert ImportChange.objects.filter(
        table_name="catalog_productimage", row_id=fetched.pk, before__isnull=True
    ).exists()

    undo.request(batch, None)
    doing.perform(batch.pk)

    assert list(ProductImage.objects.all()) == [own]
    assert not ArrivingPicture.objects.exists()


def test_a_picture_that_arrives_after_its_import_was_undone_is_not_wanted(host):
    host.pages = {"/a.png": picture()}
    row = ArrivingPictureFactory.create(address=host.url("/a.png"))
    claimed = arrivals._claim([])
    ArrivingPicture.objects.all().delete()

    arrivals.store(claimed, picture())

    assert not ProductImage.objects.exists()
    assert row.product.images.count() == 0


# --- fetching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 401, 403, 410, 206])
def test_an_answer_that_stays_the_same_fails_at_once_and_no_redirect_is_followed(host, status):
    host.pages, host.headers = {"/a": status}, {"Location": "/b"}
    row = ArrivingPictureFactory.create(address=host.url("/a"))

    arrivals.bring()

    row.refresh_from_db()
    assert (row.state, row.attempts, host.asked) == (State.FAILED, 1, ["/a"])


def test_what_may_work_later_is_tried_three_times_more_and_then_has_failed(host):
    host.pages = {"/a": 503}
    row = ArrivingPictureFactory.create(address=host.url("/a"))

    pauses = []
    for _try in range(4):
        begun = timezone.now()
        ArrivingPicture.objects.update(next_attempt_at=begun)
        arrivals.bring()
        row.refresh_from_db()
        pauses.append(round((row.next_attempt_at - begun).total_seconds(), -1))

    assert (row.state, row.attempts, len(host.asked)) == (State.FAILED, 4, 4)
    assert pauses[:3] == [60, 600, 3_600]
    assert row.why == "The host answers with status 503 instead of a picture."


def test_one_larger_than_ten_megabytes_is_not_read_to_its_end(host):
    host.pages = {"/a": b"x" * (10 * 1024 * 1024 + 2)}
    row = ArrivingPictureFactory.create(address=host.url("/a"))

    arrivals.bring()

    row.refresh_from_db()
    assert (row.state, row.why) == (State.FAILED, "The picture is larger than 10 MB.")


@pytest.mark.parametrize("name", ["svg", "html", "bomb of 400 megabytes", "nothing", "png cut in the pixels"])
def test_what_is_no_safe_picture_is_refused_with_a_reason_and_leaves_nothing(host, name, settings):
    host.pages = {"/a": REFUSED[name]()}
    row = ArrivingPictureFactory.create(address=host.url("/a"))

    assert vars(arrivals.bring()) == {"stored": 0, "failed": 1, "later": 0}

    row.refresh_from_db()
    assert row.why.startswith("The picture is")
    assert files_in(settings.MEDIA_ROOT) == []


def test_a_host_is_asked_for_four_at_once_and_others_meanwhile(host):
    with picture_host() as other:
        for number in range(8):
            host.pages[f"/{number}"] = picture((8, number + 1))
            ArrivingPictureFactory.create(address=host.url(f"/{number}"), host="one")
        for number in range(4):
            other.pages[f"/{number}"] = picture((9, number + 1))
            ArrivingPictureFactory.create(address=other.url(f"/{number}"), host="two")
        host.meeting, other.meeting = threading.Barrier(4), threading.Barrier(4)

        assert arrivals.bring().stored == 12

        assert (host.most_at_once, other.most_at_once) == (4, 4)


def test_a_row_whose_worker_died_is_due_again_and_ends_after_eight_deaths(host):
    host.pages = {"/a": picture()}
    row = ArrivingPictureFactory.create(address=host.url("/a"))
    assert arrivals._claim([]) == row
    assert arrivals._claim([]) is None

    ArrivingPicture.objects.update(attempts=8, next_attempt_at=timezone.now())
    arrivals.bring()

    row.refresh_from_db()
    assert (row.state, row.why) == (State.FAILED, "Reading it broke off several times.")
    assert host.asked == []


def test_a_file_of_a_try_that_was_cut_off_is_written_over(host, settings):
    host.pages = {"/a": picture()}
    row = ArrivingPictureFactory.create(address=host.url("/a"))
    left = settings.MEDIA_ROOT / "products" / row.public_id[:2] / f"{row.public_id}.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a pic")

    arrivals.bring()

    assert [path.name for path in files_in(settings.MEDIA_ROOT)] == [left.name]
    assert Image.open(left).size == (8, 6)


def test_a_full_disk_stops_the_run_and_costs_no_try(host, monkeypatch):
    host.pages = {"/a": picture()}
    row = ArrivingPictureFactory.create(address=host.url("/a"))

    def full(name, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(OSError, match="No space left"):
        arrivals.bring()

    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.WAITING, 0)
    assert row.why == "The disk is full. It is tried again in some minutes."
    assert not ProductImage.objects.exists()


def test_the_schedule_asks_for_the_job_only_while_something_is_due():
    keep_bringing_pictures()
    assert not Job.objects.exists()

    ArrivingPictureFactory.create()
    keep_bringing_pictures()
    keep_bringing_pictures()

    assert Job.objects.get().task == "catalog.tasks.bring_pictures"


# --- one by one -----------------------------------------------------------------------------------------------------


def test_a_picture_by_address_is_asked_for_once(host):
    host.pages = {"/a": picture()}
    product, boss = ProductFactory.create(), StaffUserFactory.create()

    first = pictures.add_address(product, f"  {host.url('/a')} ", alt="A mug", by=boss)
    assert pictures.add_address(product, host.url("/a")) == first
    arrivals.bring()

    image = product.images.get()
    assert (image.alt, image.position) == ("A mug", 0)
    assert pictures.add_address(product, host.url("/a")) == image
    assert LogEntry.objects.get(object_id=str(product.pk)).get_change_message() == "Added product image “A mug”."


@pytest.mark.parametrize("address", ["", "ftp://x.example/a", "http://10.0.0.1/a", "https://x.example/" + "a" * 1_000])
def test_an_address_that_may_not_be_asked_is_refused(address):
    with pytest.raises(BadInput) as refusal:
        pictures.add_address(ProductFactory.create(), address)

    assert refusal.value.code == "address_refused"
    assert not ArrivingPicture.objects.exists()


def test_a_picture_above_eight_megapixels_waits_for_the_job_which_decodes_it(
    settings, django_capture_on_commit_callbacks
):
    product = ProductFactory.create()
    sent = drawn("JPEG", (4_000, 2_400), colour="red")

    row = pictures.add(product, sent, name="large.jpg", alt="A wall")

    assert isinstance(row, ArrivingPicture)
    assert pictures.staged_path(row.staged).read_bytes() == sent
    assert pictures.staged_path(row.staged).parent.stat().st_mode & 0o077 == 0
    assert product.images.count() == 0

    with django_capture_on_commit_callbacks(execute=True):
        assert arrivals.bring().stored == 1

    image = product.images.get()
    assert (image.alt, image.content_sha256) == ("A wall", hashlib.sha256(sent).hexdigest())
    assert image.width * image.height <= 8_000_000
    assert files_in(settings.VAR_DIR) == []


def test_a_picture_that_is_no_longer_wanted_takes_its_file_with_it(settings, django_capture_on_commit_callbacks):
    row = pictures.add(ProductFactory.create(), drawn("JPEG", (4_000, 2_400)))

    with django_capture_on_commit_callbacks(execute=True):
        assert pictures.forget_arriving([row.pk]) == 1

    assert files_in(settings.VAR_DIR) == []


def test_the_same_file_again_is_the_picture_that_is_there(settings):
    product = ProductFactory.create()

    first = pictures.add(product, picture())

    assert pictures.add(product, picture()) == first
    assert len(files_in(settings.MEDIA_ROOT)) == 1
    assert pictures.add(ProductFactory.create(), picture()) != first


def test_pictures_are_put_in_order_and_the_others_follow_as_they_stood():
    product = ProductFactory.create()
    images = [ProductImageFactory.create(product=product, position=0) for _number in range(4)]

    assert pictures.put_in_order(product, [images[2].pk, images[0].pk, 10**9])

    assert list(product.images.all()) == [images[2], images[0], images[1], images[3]]
    assert list(product.images.values_list("position", flat=True)) == [0, 1, 2, 3]
    assert not pictures.put_in_order(product, [images[2].pk])

    pictures.move(images[3], 1)
    assert list(product.images.all()) == [images[2], images[3], images[0], images[1]]


def test_a_batch_that_only_asked_for_addresses_can_be_undone(shop, host):
    shop("product,file\nP1,http://127.0.0.1:1/a.png\n")
    batch = shop("product,file\nP2,http://127.0.0.1:1/b.png\n").batch

    undo.request(ImportBatch.objects.get(pk=batch.pk), None)
    doing.perform(batch.pk)

    assert ArrivingPicture.objects.get().address == "http://127.0.0.1:1/a.png"


def test_a_slip_in_the_networks_is_said_at_the_start(settings):
    assert pictures.check_settings(None) == []
    settings.PICTURE_ALLOWED_NETWORKS = ["10.7.0.0/99"]

    assert [error.id for error in pictures.check_settings(None)] == ["catalog.E001"]
