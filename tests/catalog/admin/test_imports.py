"""Imports: the report in words, and who may take the refused rows along."""

import pytest

from tests.factories import ImportBatchFactory, JobFactory

pytestmark = pytest.mark.django_db
REPORT = {
    "sections": {
        "products": {
            "file": "products.csv",
            "read": 962,
            "new": 950,
            "changed": 0,
            "same": 5,
            "refused": 7,
            "seconds": 1.5,
        }
    },
    "rules": {"left_out_manual": {"count": 3, "amount": "-12.50"}, "of_another_app": {"count": 1, "amount": None}},
    "totals": {"orders": "900.00"},
    "notes": ["reviews.csv: left, no part of this installation reads it."],
    "left": ["reviews.csv"],
    "refused": 7,
    "refused_sample": [{"file": "products.csv", "line": 12, "column": "price", "reason": "is not a number"}],
    "seconds": 61.0,
}


@pytest.fixture
def batch(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    made = ImportBatchFactory.create(
        source="/somewhere/autumn", state="done", report=REPORT, job=JobFactory.create(kind="catalog.import")
    )
    folder = tmp_path / "imports" / str(made.pk)
    folder.mkdir(parents=True)
    (folder / "refused.csv").write_text("file,line,column,reason,row\n")
    made.refused_file = f"imports/{made.pk}/refused.csv"
    made.save()
    return made


def address(batch, rest: str = "change/") -> str:
    return f"/admin/catalog/importbatch/{batch.pk}/{rest}"


def test_the_list_says_what_came_of_each_import(batch, client):
    page = client.get("/admin/catalog/importbatch/").content.decode()

    assert "autumn" in page
    assert "950" in page
    assert "Done" in page


def test_the_page_accounts_for_every_row(batch, client):
    page = client.get(address(batch)).content.decode()

    for words in (
        "962", "950", "Left out: entered by hand (M)", "−¥12.50", "Of_another_app", "Total of the orders", "¥900.00",
        "is not a number", "reviews.csv: left", "Open job", "61 s",
    ):  # fmt: skip
        assert words in page


def test_refused_rows_leave_only_with_the_rights_to_export_and_to_see_people(batch, client, client_with):
    answer = client.get(address(batch, "refused/"))
    assert b"".join(answer.streaming_content) == b"file,line,column,reason,row\n"
    assert "refused-" in answer["Content-Disposition"]

    for rights in (["core.export_data"], ["catalog.view_personal_data"]):
        other = client_with("catalog.view_importbatch", *rights)
        assert other.get(address(batch, "refused/")).status_code == 403
        assert "Download all as CSV" not in other.get(address(batch)).content.decode()


@pytest.mark.parametrize("name", ["../secrets/key", "/etc/passwd", "imports/../key", ""])
def test_no_other_file_can_be_fetched(name, batch, client, tmp_path):
    (tmp_path / "key").write_text("secret")
    batch.refused_file = name
    batch.save()

    assert client.get(address(batch, "refused/")).status_code == 404


def test_an_import_that_failed_says_why_and_what_was_kept(client):
    failed = ImportBatchFactory.create(state="failed", error="products.csv, line 3: the quote never ends")

    page = client.get(address(failed)).content.decode()

    assert "line 3: the quote never ends" in page
    assert "what is there already counts as the same" in page


def test_an_empty_list_offers_to_bring_files_in(client):
    page = client.get("/admin/catalog/importbatch/").content.decode()

    assert "No imports yet" in page
    assert 'href="/admin/catalog/importbatch/add/"' in page
