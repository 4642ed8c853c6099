"""The page of a product: saving, pictures, and deleting that can be undone."""

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from catalog.models import ArrivingPicture, Product, ProductImage, RemovedPicture, StockMovement, Variant
from catalog.services import pictures
from catalog.thumbnails import thumbnail_address
from tests.factories import (
    ArrivingPictureFactory,
    CustomerFactory,
    ProductFactory,
    ProductImageFactory,
    StaffUserFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def address(product, rest: str = "change/") -> str:
    return f"/admin/catalog/product/{product.pk}/{rest}"


def form(product, **changes) -> dict:
    """What the browser sends when nobody touched anything, with these changes."""
    variants = list(product.variants.order_by("id"))
    data = {
        "name": product.name,
        "name_en": product.name_translations.get("en", ""),
        "name_zh_hans": product.name_translations.get("zh-hans", ""),
        "category": "",
        "brand": "",
        "price": "10.00",
        "status": product.status,
        "attributes-key": list(product.attributes),
        "attributes-value": [str(value) for value in product.attributes.values()],
        "description": product.description,
        "description_en": "",
        "description_zh_hans": "",
        "variants-TOTAL_FORMS": len(variants) + 1,
        "variants-INITIAL_FORMS": len(variants),
        f"variants-{len(variants)}-track_stock": "on",
        "_continue": "1",
    }
    for i, variant in enumerate(variants):
        data |= {
            f"variants-{i}-id": variant.pk,
            f"variants-{i}-sku": variant.sku,
            f"variants-{i}-options": ", ".join(f"{k}: {v}" for k, v in variant.options.items()),
            f"variants-{i}-price": "",
            f"variants-{i}-on_hand": variant.stock,
            f"initial-variants-{i}-on_hand": variant.stock,
            f"variants-{i}-track_stock": "on",
            f"variants-{i}-barcode": variant.barcode,
        }
    return data | changes


def save(client, product, **changes):
    answer = client.post(address(product), form(product, **changes))
    if answer.status_code == 200:
        context = answer.context
        errors = [context["adminform"].form.errors, *(f.formset.errors for f in context["inline_admin_formsets"])]
        raise AssertionError(errors)
    assert answer.status_code == 302
    product.refresh_from_db()


def test_a_page_saved_untouched_changes_nothing(client):
    product = ProductFactory.create(
        attributes={"colour": "red", "sizes": [1, 2]}, name_translations={"zh-hans": "衬衫"}, stock=4
    )
    before = Product.objects.filter(pk=product.pk).values().get()

    save(client, product, **{"attributes-key": ["colour", "sizes"], "attributes-value": ["red", "1, 2"]})

    after = Product.objects.filter(pk=product.pk).values().get()
    assert after == before
    assert StockMovement.objects.count() == 0


@pytest.mark.parametrize(("language", "words"), [("en", "Add another variant"), ("zh-hans", "再添加一个规格")])
def test_what_can_be_added_is_named_within_the_sentence(client, language, words):
    product = ProductFactory.create()

    page = client.get(address(product), headers={"Accept-Language": language}).content.decode()

    assert f"<span>{words}</span>" in page
    assert "Add another Variant" not in page


def test_the_page_opens_for_a_new_product_and_creates_it(client):
    assert client.get("/admin/catalog/product/add/").status_code == 200
    data = {
        "name": "Lamp", "price": "12.5", "status": "live", "category": "", "brand": "", "description": "",
        "attributes-key": ["material", ""], "attributes-value": ["oak", ""],
        "variants-TOTAL_FORMS": 1, "variants-INITIAL_FORMS": 0,
        "variants-0-sku": "L-1", "variants-0-options": "size: M, colour: red", "variants-0-on_hand": "7",
        "variants-0-track_stock": "on",
    }  # fmt: skip

    answer = client.post("/admin/catalog/product/add/", data)

    assert answer.status_code == 302
    product = Product.objects.get()
    assert (product.name, product.price, product.attributes) == ("Lamp", Decimal("12.5"), {"material": "oak"})
    assert product.published_at is not None
    assert product.is_in_stock
    variant = product.variants.get()
    assert (variant.sku, variant.stock, variant.options) == ("L-1", 7, {"size": "M", "colour": "red"})
    movement = StockMovement.objects.get()
    assert (movement.delta, movement.balance, movement.reason) == (7, 7, "count")


def test_options_are_edited_beside_their_translation(client):
    product = ProductFactory.create(name="Pen", name_translations={"en": "Pen", "zh-hans": "钢笔"})
    product.variants.update(options={"ink": "black"}, options_translations={"zh-hans": {"墨色": "黑色"}})

    page = client.get(address(product)).content.decode()
    assert 'name="variants-0-options_zh_hans" value="墨色: 黑色"' in page
    assert "variants-0-options_en" not in page
    save(client, product, **{"variants-0-options": "ink: blue", "variants-0-options_zh_hans": "墨色：蓝色"})

    variant = product.variants.get()
    assert (variant.options, variant.options_translations) == ({"ink": "blue"}, {"zh-hans": {"墨色": "蓝色"}})


def test_a_counted_stock_goes_to_the_ledger_under_the_name_of_who_counted(client, boss):
    product = ProductFactory.create(stock=4)

    save(client, product, **{"variants-0-on_hand": "9"})

    assert product.variants.get().stock == 9
    movement = StockMovement.objects.get()
    assert (movement.delta, movement.balance, movement.created_by) == (5, 9, boss)


def test_a_sale_between_opening_and_saving_the_page_is_not_undone_by_saving(client):
    product = ProductFactory.create(stock=4)
    opened = form(product, **{"variants-0-barcode": "123"})
    Variant.objects.filter(product=product).update(stock=0)

    assert client.post(address(product), opened).status_code == 302

    product.refresh_from_db()
    variant = product.variants.get()
    assert (variant.stock, variant.barcode) == (0, "123")
    assert not product.is_in_stock


def test_the_language_that_repeats_the_name_follows_it_and_others_stay(client):
    product = ProductFactory.create(name="Shirt", name_translations={"en": "Shirt", "zh-hans": "衬衫", "fr": "Chemise"})

    save(client, product, name="Linen shirt")

    assert product.name_translations == {"en": "Linen shirt", "zh-hans": "衬衫", "fr": "Chemise"}


def test_attributes_keep_the_type_of_values_nobody_touched(client):
    product = ProductFactory.create(attributes={"weight": 3, "colours": ["red", "blue"], "old": "x"})

    save(
        client,
        product,
        **{
            "attributes-key": ["weight", "colours", "old", "new", ""],
            "attributes-value": ["3", "red, blue", "", "yes", ""],
        },
    )

    assert product.attributes == {"weight": 3, "colours": ["red", "blue"], "new": "yes"}


def test_an_attribute_named_twice_is_refused_in_words(client):
    product = ProductFactory.create()

    answer = client.post(
        address(product), form(product, **{"attributes-key": ["a", "a"], "attributes-value": ["1", "2"]})
    )

    assert answer.status_code == 200
    assert "stands here twice" in answer.content.decode()
    product.refresh_from_db()
    assert product.attributes == {}


def picture(kind: str = "PNG") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (300, 200), "blue").save(data, kind)
    return SimpleUploadedFile("photo.png", data.getvalue(), "image/png")


def test_an_uploaded_picture_is_drawn_anew_and_has_a_thumbnail(client):
    product = ProductFactory.create()
    sent = picture("PNG").read() + b"<script>hidden</script>"

    client.post(address(product, "pictures/"), {"act": "add", "image": SimpleUploadedFile("photo.png", sent)})

    image = product.images.get()
    assert (image.width, image.height) == (300, 200)
    assert b"hidden" not in image.file.read()
    answer = client.get(thumbnail_address(image))
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert Image.open(io.BytesIO(answer.content)).size == (112, 75)


def test_a_file_that_is_no_picture_is_refused_with_the_reason(client):
    product = ProductFactory.create()
    fake = SimpleUploadedFile("photo.png", b"GIF89a not really")

    answer = client.post(address(product, "pictures/"), {"act": "add", "image": fake})

    assert answer.status_code == 422
    assert answer.json() == {"error": "The picture is GIF; save it as JPEG, PNG or WebP."}
    assert product.images.count() == 0


def test_a_picture_is_removed_at_once_and_undo_puts_it_back_as_it_was(client):
    image = ProductImageFactory.create(alt="A lamp", position=3)
    before = ProductImage.objects.values().get()

    answer = client.post(address(image.product, "pictures/"), {"act": "remove", "id": image.pk}).json()

    assert answer["said"] == "1 picture removed"
    assert image.product.images.count() == 0
    assert image.file.storage.exists(before["file"])

    back = client.post(address(image.product, "pictures/"), {"act": "undo", "key": answer["undo"]})

    assert back.json()["said"] == "1 picture put back"
    assert ProductImage.objects.values().get() == before


def test_the_file_of_a_removed_picture_goes_after_thirty_days(client, django_capture_on_commit_callbacks):
    image = ProductImageFactory.create()
    storage, name = image.file.storage, image.file.name
    client.post(address(image.product, "pictures/"), {"act": "remove", "id": image.pk})
    RemovedPicture.objects.update(removed_at=timezone.now() - timedelta(days=31))

    with django_capture_on_commit_callbacks(execute=True):
        assert pictures.forget_removed() == 1

    assert not storage.exists(name)


def test_the_card_of_pictures_shows_them_in_order_with_their_words(client):
    product = ProductFactory.create()
    ProductImageFactory.create(product=product, position=2, alt="From behind")
    first = ProductImageFactory.create(product=product, position=1, alt="From the front")
    ArrivingPictureFactory.create(product=product, state="failed", reason={"text": "No host has this name."})

    page = client.get(address(product)).content.decode()

    assert page.index("From the front") < page.index("From behind")
    assert f'data-picture="{first.pk}"' in page
    assert "No host has this name." in page
    assert page.count("data-picture-move") == 4


def test_pictures_are_put_in_order_and_described_and_the_history_says_so(client):
    product = ProductFactory.create()
    first, second = (ProductImageFactory.create(product=product) for _number in range(2))

    said = client.post(address(product, "pictures/"), {"act": "order", "ids": f"{second.pk},{first.pk},x"}).json()[
        "said"
    ]
    assert said == "Order saved"
    assert list(product.images.all()) == [second, first]

    client.post(address(product, "pictures/"), {"act": "describe", "id": second.pk, "alt": "  A\n lamp "})
    second.refresh_from_db()
    assert second.alt == "A lamp"
    history = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert history == ["Changed order of the pictures.", "Changed description for product image “A lamp”."]


def test_a_picture_by_address_waits_is_tried_again_and_discarded(client):
    product = ProductFactory.create()
    pictures_of = address(product, "pictures/")

    answer = client.post(pictures_of, {"act": "address", "url": "https://pictures.example/a.jpg"}).json()
    assert answer["said"] == "It is fetched now."
    assert "data-pictures-waiting" in answer["list"]
    row = ArrivingPicture.objects.get()
    ArrivingPicture.objects.update(state="failed", reason={"text": "No host has this name."})

    client.post(pictures_of, {"act": "again", "id": row.pk})
    row.refresh_from_db()
    assert (row.state, row.why) == ("waiting", "")

    client.post(pictures_of, {"act": "discard", "id": row.pk})
    assert not ArrivingPicture.objects.exists()
    refused = client.post(pictures_of, {"act": "address", "url": "http://10.0.0.1/a.jpg"})
    assert (refused.status_code, refused.json()) == (
        422,
        {"error": "The host is inside a private network, not on the internet."},
    )


@pytest.mark.parametrize(
    "sent",
    [{}, {"act": "x"}, {"act": "add"}, {"act": "add", "image": "text"}, {"act": "remove", "id": "9" * 30},
     {"act": "remove", "id": "²"}, {"act": "undo", "key": "x"}, {"act": "describe", "id": "1", "alt": "x"},
     {"act": "again", "id": ""}],
)  # fmt: skip
def test_what_the_card_cannot_do_is_said_and_never_a_fault(client, sent):
    answer = client.post(address(ProductFactory.create(), "pictures/"), sent)

    assert answer.status_code in (409, 422)
    assert len(answer.json()["error"]) > 10


def test_pictures_of_another_product_are_not_touched(client):
    image = ProductImageFactory.create()

    answer = client.post(address(ProductFactory.create(), "pictures/"), {"act": "remove", "id": image.pk})

    assert answer.status_code == 422
    assert ProductImage.objects.filter(pk=image.pk).exists()


def test_who_may_only_look_sees_the_pictures_and_no_buttons(client_with):
    product = ProductFactory.create()
    ProductImageFactory.create(product=product, alt="A lamp")
    viewer = client_with("catalog.view_product", "catalog.view_productimage")

    page = viewer.get(address(product)).content.decode()

    assert "A lamp" in page
    assert "data-pictures-files" not in page
    assert "data-picture-move" not in page
    assert viewer.get(address(product, "pictures/")).status_code == 200
    assert viewer.post(address(product, "pictures/"), {"act": "order", "ids": ""}).status_code == 403


def test_the_list_of_pictures_asks_as_many_questions_for_ten_as_for_one(client, django_assert_max_num_queries):
    product = ProductFactory.create()
    for _number in range(10):
        ProductImageFactory.create(product=product)
    client.get(address(product, "pictures/"))

    with django_assert_max_num_queries(7):
        client.get(address(product, "pictures/"))


def test_deleting_hides_and_the_toast_puts_back(client):
    product = ProductFactory.create(stock=3)

    answer = client.post(address(product, "delete/"), follow=True)

    product.refresh_from_db()
    assert product.deleted_at is not None
    assert Product.objects.sellable().count() == 0
    (message,) = answer.context["messages"]
    assert str(message) == "1 product deleted"
    key = answer.content.decode().split('name="key" value="')[1].split('"')[0]

    client.post("/admin/catalog/product/undo/", {"key": key})

    product.refresh_from_db()
    assert product.deleted_at is None


def test_a_visit_of_the_delete_address_changes_nothing(client):
    product = ProductFactory.create()

    answer = client.get(address(product, "delete/"))

    assert answer.status_code == 302
    product.refresh_from_db()
    assert product.deleted_at is None


def test_a_deleted_product_is_restored_from_its_page(client):
    product = ProductFactory.create()
    client.post(address(product, "delete/"))

    assert "Restore" in client.get(address(product)).content.decode()
    client.post(address(product, "restore/"))

    product.refresh_from_db()
    assert product.deleted_at is None


def act(client, action: str, products) -> object:
    return client.post(
        "/admin/catalog/product/", {"action": action, "_selected_action": [p.pk for p in products]}, follow=True
    )


def test_undo_of_a_bulk_change_puts_each_product_back_to_where_it_was(client):
    live = ProductFactory.create()
    draft = ProductFactory.create(status=Product.Status.DRAFT, published_at=None)
    hidden = ProductFactory.create(status=Product.Status.HIDDEN)

    answer = act(client, "hide", [live, draft, hidden])

    assert set(Product.objects.values_list("status", flat=True)) == {"hidden"}
    assert [str(m) for m in answer.context["messages"]] == ["2 products hidden"]
    key = answer.content.decode().split('name="key" value="')[1].split('"')[0]
    again = act(client, "publish", [live])
    assert [str(m) for m in again.context["messages"]] == ["1 product published"]

    client.post("/admin/catalog/product/undo/", {"key": key})

    assert dict(Product.objects.values_list("pk", "status")) == {
        live.pk: "live",  # published again since: not touched
        draft.pk: "draft",
        hidden.pk: "hidden",
    }


def test_nobody_undoes_what_somebody_else_did(client):
    product = ProductFactory.create()
    answer = act(client, "hide", [product])
    key = answer.content.decode().split('name="key" value="')[1].split('"')[0]
    client.force_login(StaffUserFactory.create(is_superuser=True))

    client.post("/admin/catalog/product/undo/", {"key": key})
    client.post("/admin/catalog/product/undo/", {"key": key + "x"})

    product.refresh_from_db()
    assert product.status == "hidden"


def test_a_bulk_change_stands_in_the_history_of_the_product(client, boss):
    product = ProductFactory.create()

    act(client, "hide", [product])

    entry = LogEntry.objects.get(object_id=str(product.pk))
    assert entry.user == boss
    assert "status" in entry.get_change_message().lower()
    assert client.get(address(product, "history/")).status_code == 200


def test_who_may_only_look_sees_text_and_cannot_save(client_with):
    product = ProductFactory.create(attributes={"colour": "red"}, name_translations={"zh-hans": "衬衫"})
    VariantFactory.create(product=product, options={"size": "M"})
    reader = client_with("catalog.view_product", "catalog.view_variant", "catalog.view_productimage")

    page = reader.get(address(product)).content.decode()

    assert "衬衫" in page
    assert "colour" in page
    assert "¥10.00" in page
    assert "10.0000" not in page
    assert 'name="_save"' not in page
    assert "Delete product" not in page
    assert reader.post(address(product), form(product, name="X")).status_code == 403
    assert reader.post(address(product, "restore/")).status_code == 403


def test_a_price_below_zero_is_refused_at_its_field(client):
    product = ProductFactory.create()

    answer = client.post(address(product), form(product, price="-5"))

    assert answer.context["adminform"].form.errors["price"] == ["A price cannot be below 0."]


@pytest.mark.parametrize("kind", ["product", "customer"])
def test_the_page_of_an_object_asks_few_queries_and_its_heavy_panels_later(kind, client, django_assert_max_num_queries):
    obj = ProductFactory.create() if kind == "product" else CustomerFactory.create()
    path = f"/admin/catalog/{kind}/{obj.pk}/change/"
    client.get(path)

    with django_assert_max_num_queries(15):
        page = client.get(path).content.decode()

    assert f"/admin/catalog/{kind}/{obj.pk}/panel/recommender/" in page
    assert client.get(f"/admin/catalog/{kind}/{obj.pk}/panel/recommender/").status_code == 200
    assert client.get(f"/admin/catalog/{kind}/{obj.pk}/panel/nonsense/").status_code == 404
    assert client.get(f"/admin/catalog/{kind}/999999/panel/recommender/").status_code == 404


def test_a_panel_is_shown_to_whoever_sees_the_object_and_what_it_is_about(client_with):
    product = ProductFactory.create()
    path = f"/admin/catalog/product/{product.pk}"

    looking = client_with("catalog.view_product")

    assert "catalog.product_stock_history" not in looking.get(f"{path}/change/").content.decode()
    assert looking.get(f"{path}/panel/catalog.product_stock_history/").content == b""
    assert client_with("catalog.view_order").get(f"{path}/panel/catalog.product_sold/").status_code == 403
