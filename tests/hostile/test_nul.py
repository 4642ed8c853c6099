"""The NUL character, which no table can hold, in places that no form looks at."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog.models import ImportBatch
from core.models import DataRequest
from tests.factories import CustomerFactory, DataRequestFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
NUL = "\x00"


@pytest.fixture
def owner():
    client = Client()
    client.force_login(StaffUserFactory.create(is_superuser=True))
    return client


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin/forgotten/", "/api/v1/products", "/"])
@pytest.mark.parametrize("name", ["sessionid", "django_language", "csrftoken", "messages"])
def test_a_cookie_with_a_nul_counts_as_none(path, name):
    plain = Client().get(path)

    answer = Client().get(path, HTTP_COOKIE=f'{name}="{"a" * 32}\\000b"')

    assert (answer.status_code, answer.headers.get("Location")) == (plain.status_code, plain.headers.get("Location"))


def test_a_session_beside_a_cookie_with_a_nul_is_still_one(owner):
    session = owner.cookies["sessionid"].value

    answer = Client().get("/admin/", HTTP_COOKIE=f'odd="\\000"; sessionid={session}')

    assert answer.status_code == 200


def test_a_refusal_with_a_nul_is_written_without_it(owner):
    row = DataRequestFactory.create(subject_id=CustomerFactory.create().pk)

    answer = owner.post(reverse("admin:core_datarequest_refuse", args=[row.pk]), {"reason": f"not{NUL} you"})

    assert answer.status_code == 302
    assert DataRequest.objects.get(pk=row.pk).reason == "not you"


def test_a_column_with_a_nul_is_not_stored(owner, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    ShopProfileFactory.create()
    table = SimpleUploadedFile("products.csv", b"id,name,price,more\nP1,Mug,7.50,x\n")
    owner.post(reverse("admin:catalog_importbatch_add"), {"format": "native", "tables": [table]})
    batch = ImportBatch.objects.get()

    answer = owner.post(
        reverse("admin:catalog_importbatch_columns", args=[batch.pk]), {"column-products-3": f"odd{NUL}"}
    )

    assert answer.status_code < 500
    batch.refresh_from_db()
    assert NUL not in str(batch.mapping)
