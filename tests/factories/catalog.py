"""What the shop sells, to whom, and what they did."""

import io
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import factory
import numpy as np
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory
from PIL import Image

from catalog import partitions
from catalog.models import (
    ArrivingPicture,
    Brand,
    BulkChange,
    Category,
    Customer,
    CustomerMerge,
    CustomerMergeRows,
    CustomerTrait,
    DeadEvent,
    ImportBatch,
    Interaction,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Product,
    ProductImage,
    ProductTag,
    ProductVector,
    Refund,
    RemovedPicture,
    SearchQuery,
    SearchSynonym,
    StockMovement,
    Variant,
    Visitor,
)

NO_VARIANT = -1


class CategoryFactory(DjangoModelFactory):
    """`parent=` puts it below another; else it is a root."""

    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")

    @classmethod
    def _create(cls, model_class: type[Category], *args: Any, **kwargs: Any) -> Category:
        parent = kwargs.pop("parent", None)
        if parent is None:
            made = model_class.objects.add_root(kwargs)
        else:
            made = model_class.objects.add_child(model_class.objects.get(pk=parent.pk), kwargs)
        made.refresh_from_db()
        return made


class _WithPublicId(DjangoModelFactory):
    """Reads back the public id, which the database makes."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **kwargs: Any) -> Any:
        made = super()._create(model_class, *args, **kwargs)
        made.refresh_from_db()
        return made


class BrandFactory(_WithPublicId):
    class Meta:
        model = Brand

    name = factory.Sequence(lambda n: f"Brand {n}")


class BulkChangeFactory(DjangoModelFactory):
    """A change of prices that touched nothing yet."""

    class Meta:
        model = BulkChange

    operation = BulkChange.Operation.PRICE
    arguments = factory.LazyFunction(lambda: {"way": "percent", "value": "-10", "rounding": "cent"})


class ProductFactory(_WithPublicId):
    """Live, with one variant of which `stock` pieces are there; `stock=NO_VARIANT` leaves it without."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Product {n}")
    price = Decimal("10.00")
    status = Product.Status.LIVE
    published_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def stock(self, create: bool, given: int | None, **kwargs: Any) -> None:
        if create and given != NO_VARIANT:
            VariantFactory.create(product=self, stock=5 if given is None else given)
            self.refresh_from_db()


class VariantFactory(_WithPublicId):
    class Meta:
        model = Variant

    product = factory.SubFactory(ProductFactory, stock=NO_VARIANT)
    sku = factory.Sequence(lambda n: f"SKU-{n}")
    stock = 5


class ProductImageFactory(_WithPublicId):
    """A small red picture, really stored."""

    class Meta:
        model = ProductImage

    product = factory.SubFactory(ProductFactory)
    position = factory.Sequence(lambda n: n)

    @factory.lazy_attribute
    def file(self) -> ContentFile:
        content = io.BytesIO()
        Image.new("RGB", (8, 6), "red").save(content, "PNG")
        return ContentFile(content.getvalue(), name=f"{uuid.uuid4().hex}.png")


class ArrivingPictureFactory(_WithPublicId):
    """One that lies at an address and was not tried yet."""

    class Meta:
        model = ArrivingPicture

    product = factory.SubFactory(ProductFactory)
    address = factory.Sequence(lambda n: f"https://pictures.example/{n}.jpg")
    host = "pictures.example:443"


class RemovedPictureFactory(DjangoModelFactory):
    class Meta:
        model = RemovedPicture

    product = factory.SubFactory(ProductFactory)
    kept = factory.LazyFunction(dict)
    file = "products/gone.png"
    removed_at = factory.LazyFunction(timezone.now)


class CustomerFactory(_WithPublicId):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda n: f"Customer {n}")
    joined_at = factory.LazyFunction(timezone.now)


class CustomerMergeFactory(DjangoModelFactory):
    class Meta:
        model = CustomerMerge

    kept = factory.SubFactory(CustomerFactory)
    gone = factory.SubFactory(CustomerFactory)
    merged_at = factory.LazyFunction(timezone.now)
    undo_until = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))


class CustomerMergeRowsFactory(DjangoModelFactory):
    class Meta:
        model = CustomerMergeRows

    merge = factory.SubFactory(CustomerMergeFactory)
    link = "catalog.Order.customer"
    kind = "moved"
    content = factory.LazyFunction(list)


class CustomerTraitFactory(DjangoModelFactory):
    class Meta:
        model = CustomerTrait

    customer = factory.SubFactory(CustomerFactory)
    kind = "segment"
    value = "regulars"
    as_of = factory.LazyFunction(timezone.now)


class VisitorFactory(DjangoModelFactory):
    class Meta:
        model = Visitor

    key = factory.Sequence(lambda n: f"visitor-{n}")


class OrderFactory(_WithPublicId):
    """A placed order without lines; its total is 0. Services make whole ones."""

    class Meta:
        model = Order

    number = factory.Sequence(lambda n: f"N-{n}")
    customer = factory.SubFactory(CustomerFactory)
    currency = "CNY"
    placed_at = factory.LazyFunction(timezone.now)


class OrderLineFactory(DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    line = factory.Sequence(lambda n: n + 1)
    variant = factory.SubFactory(VariantFactory)
    product = factory.SelfAttribute("variant.product")
    sku = factory.SelfAttribute("variant.sku")
    name = factory.SelfAttribute("product.name")
    quantity = 1
    unit_price = Decimal("10.00")


class OrderEventFactory(DjangoModelFactory):
    class Meta:
        model = OrderEvent

    order = factory.SubFactory(OrderFactory)
    kind = OrderEvent.Kind.PLACED
    occurred_at = factory.LazyFunction(timezone.now)


class PaymentFactory(DjangoModelFactory):
    class Meta:
        model = Payment

    order = factory.SubFactory(OrderFactory)
    amount = Decimal("10.00")
    currency = "CNY"
    paid_at = factory.LazyFunction(timezone.now)


class RefundFactory(DjangoModelFactory):
    class Meta:
        model = Refund

    order = factory.SubFactory(OrderFactory)
    amount = Decimal("5.00")
    currency = "CNY"
    refunded_at = factory.LazyFunction(timezone.now)


class StockMovementFactory(DjangoModelFactory):
    class Meta:
        model = StockMovement

    variant = factory.SubFactory(VariantFactory)
    delta = 5
    balance = 5
    reason = StockMovement.Reason.RECEIPT


class InteractionFactory(DjangoModelFactory):
    """Makes the month's partition when it is missing."""

    class Meta:
        model = Interaction

    kind = Interaction.Kind.VIEW
    occurred_at = factory.LazyFunction(timezone.now)
    product = factory.SubFactory(ProductFactory)
    customer = factory.SubFactory(CustomerFactory)

    @classmethod
    def _create(cls, model_class: type[Interaction], *args: Any, **kwargs: Any) -> Interaction:
        partitions.ensure_months([kwargs["occurred_at"].date()])
        return super()._create(model_class, *args, **kwargs)


class ImportBatchFactory(DjangoModelFactory):
    class Meta:
        model = ImportBatch

    format = "native"
    source = "folder"


class DeadEventFactory(DjangoModelFactory):
    """A line that nobody can read."""

    entry = factory.Sequence(lambda number: f"{number}-0")
    place = 0
    payload = "not an event"
    reason = "unreadable"
    error = "This is no event."

    class Meta:
        model = DeadEvent


class ProductTagFactory(DjangoModelFactory):
    class Meta:
        model = ProductTag

    product = factory.SubFactory("tests.factories.catalog.ProductFactory")
    kind = "colour"
    value = factory.Sequence(lambda n: f"colour {n}")


class ProductVectorFactory(DjangoModelFactory):
    class Meta:
        model = ProductVector

    product = factory.SubFactory("tests.factories.catalog.ProductFactory")
    vector = factory.LazyFunction(lambda: np.array([1.0, 0.0], "<f2").tobytes())
    dimensions = 2
    model_version = factory.SubFactory("tests.factories.core.ModelVersionFactory", kind="vision")
    computed_at = factory.LazyFunction(timezone.now)


class SearchQueryFactory(DjangoModelFactory):
    """Somebody unknown looked for something and found three products."""

    class Meta:
        model = SearchQuery

    key = factory.LazyFunction(uuid.uuid4)
    text = normalised = factory.Sequence(lambda n: f"query {n}")
    results = 3
    matched = "all"
    searched_at = factory.LazyFunction(timezone.now)


class SearchSynonymFactory(DjangoModelFactory):
    class Meta:
        model = SearchSynonym

    words = factory.Sequence(lambda n: f"word {n}\nother {n}")
