import gzip
import math

import pytest

from core.ml.tables import Column, TableError, read_table

EVENTS = [Column("customer", "key"), Column("item", "key"), Column("value", "number", required=False)]


def write(folder, text, name="events.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path, columns=EVENTS, **options):
    with pytest.raises(TableError) as caught:
        read_table(path, columns, **options)
    error = caught.value
    assert error.file == str(path)
    assert "\n" not in str(error)
    return error.line, error.column, error.reason


def test_reads_wanted_columns_in_file_order(tmp_path):
    path = write(tmp_path, "item,customer,value\nb,1,2.5\na,2,3\n")

    frame = read_table(path, EVENTS)

    assert list(frame.columns) == ["customer", "item", "value"]
    assert frame["item"].tolist() == ["b", "a"]
    assert frame["customer"].tolist() == ["1", "2"]
    assert frame["value"].tolist() == [2.5, 3.0]


def test_reads_gzip_whatever_the_name_is(tmp_path):
    path = write(tmp_path, gzip.compress(b"customer,item\n1,x\n"), "events.csv")

    assert read_table(path, EVENTS)["item"].tolist() == ["x"]


def test_accepts_a_byte_order_mark_and_chinese(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + "customer,item\n王,茶杯\n".encode())

    frame = read_table(path, EVENTS)

    assert frame["customer"].tolist() == ["王"]
    assert frame["item"].tolist() == ["茶杯"]


def test_words_that_other_readers_take_for_missing_stay_words(tmp_path):
    path = write(tmp_path, "customer,item\nNA,null\nnan,None\n")

    frame = read_table(path, EVENTS)

    assert frame["customer"].tolist() == ["NA", "nan"]
    assert frame["item"].tolist() == ["null", "None"]


def test_keys_keep_leading_zeros(tmp_path):
    path = write(tmp_path, "customer,item\n007,0001\n")

    assert read_table(path, EVENTS)["customer"].tolist() == ["007"]


def test_renamed_columns_are_read_and_spare_ones_are_named(tmp_path):
    path = write(tmp_path, "buyer,item,colour\n1,x,red\n")
    notes = []

    frame = read_table(path, EVENTS, rename={"customer": "buyer"}, note=notes.append)

    assert frame["customer"].tolist() == ["1"]
    assert notes == [f"{path}: columns ignored: colour."]


def test_a_renamed_column_may_already_have_our_name(tmp_path):
    path = write(tmp_path, "customer,item\n1,x\n")

    assert len(read_table(path, EVENTS, rename={"customer": "buyer"})) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86400.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01 00:00:01.5", 1.5),
        ("881250949", 881250949.0),
        ("881250949000", 881250949.0),
        ("2999-01-01", 32_472_144_000.0),
    ],
)
def test_times_become_seconds_since_1970(tmp_path, text, seconds):
    path = write(tmp_path, f"at\n{text}\n")

    assert read_table(path, [Column("at", "time")])["at"].tolist() == [seconds]


def test_whole_numbers_come_as_integers(tmp_path):
    path = write(tmp_path, "n,x\n1,a\n-20,b\n")

    column = read_table(path, [Column("n", "integer")])["n"]

    assert column.dtype == "int64"
    assert column.tolist() == [1, -20]


def test_a_missing_column_is_named(tmp_path):
    path = write(tmp_path, "customer,product\n1,x\n")

    assert refusal(path) == (1, "item", "the column is missing; the header has customer, product")


def test_a_missing_renamed_column_is_named_as_the_file_should_have_it(tmp_path):
    path = write(tmp_path, "customer,product\n1,x\n")

    assert refusal(path, rename={"item": "sku"})[:2] == (1, "sku")


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, None, "the file is empty"),
        ("customer,item\n", 2, None, "there are no rows below the header"),
        ("customer,item,item\n1,a,b\n", 1, "item", "the header has this column twice"),
        ("customer,item\n1,a\n2,\n", 3, "item", "the value is blank"),
        ("customer,item\n1,a\n2, \n", 3, "item", "the value is blank"),
        ("customer,item,value\n1,a,1\n2,b,much\n", 3, "value", "'much' is not a number"),
        ("customer,item,value\n1,a,1\n2,b,\n", 3, "value", "the value is blank"),
        ("customer,item,value\n1,a,1\n2,b,inf\n", 3, "value", "'inf' is not a number"),
        ("customer,item,value\n1,a,1\n2,b,1e999\n", 3, "value", "'1e999' is not a number"),
        ("customer,item\n1,a\n2,b,c\n", 3, "3", "the row has 3 fields, the header 2"),
        ("customer,item,value\n1,a,1\n2,b\n", 3, "value", "the row has 2 fields, the header 3"),
        ("customer,item,note\n1,a,x\n2,b\n", 3, "note", "the row has 2 fields, the header 3"),
        ("customer,item,note\n1,a,x\n2,b,y,z\n", 3, "4", "the row has 4 fields, the header 3"),
        ("customer,item\n1,a\n2,b\0\n", 3, "item", "there is a NUL byte in the text"),
        ('customer,item\n1,a\n2,"b\n', 3, None, "the quoting is broken (unexpected end of data)"),
    ],
)
def test_bad_input_names_line_and_column(tmp_path, text, line, column, reason):
    assert refusal(write(tmp_path, text)) == (line, column, reason)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = write(tmp_path, 'note,customer,item,value\n"two\nlines",1,a,1\n\n"three\r\nmore\nlines",2,b,x\n')

    assert refusal(path) == (5, "value", "'x' is not a number")


def test_the_first_of_several_faults_is_named(tmp_path):
    path = write(tmp_path, "customer,item,value\n1,a,1\n,b,2\n3,c,x\n4,d\0,1\n")

    assert refusal(path) == (3, "customer", "the value is blank")


def test_a_fault_far_down_is_found(tmp_path):
    rows = "".join(f"{n},x,1\n" for n in range(45_000))
    path = write(tmp_path, f"customer,item,value\n{rows}1,x,?\n")

    assert refusal(path) == (45_002, "value", "'?' is not a number")


def test_text_in_another_encoding_is_refused_where_it_stands(tmp_path):
    path = write(tmp_path, b"customer,item\n1,cup\n2," + "茶杯".encode("gbk") + b"\n")

    assert refusal(path) == (3, "item", "the text is not UTF-8")


def test_a_header_in_another_encoding_is_refused(tmp_path):
    path = write(tmp_path, "顾客,商品\n1,2\n".encode("gbk"))

    assert refusal(path) == (1, "1", "the text is not UTF-8")


@pytest.mark.parametrize("text", ["yesterday", "2010-13-01", "12/24/2010"])
def test_times_that_are_none_are_refused(tmp_path, text):
    path = write(tmp_path, f"at\n2010-12-01\n{text}\n")

    assert refusal(path, [Column("at", "time")]) == (
        3, "at", f"'{text}' is not a time (ISO 8601 or seconds since 1970)",
    )  # fmt: skip


def test_a_column_of_times_is_of_one_form(tmp_path):
    path = write(tmp_path, "at\n881250949\n2010-12-01\n")

    assert refusal(path, [Column("at", "time")])[:2] == (3, "at")


def test_half_numbers_are_not_whole(tmp_path):
    path = write(tmp_path, "n\n1\n2.5\n")

    assert refusal(path, [Column("n", "integer")]) == (3, "n", "'2.5' is not a whole number")


def test_missing_files_folders_and_damaged_gzip_are_refused(tmp_path):
    packed = gzip.compress(b"customer,item\n" + b"".join(b"%d,x\n" % n for n in range(5000)))

    assert refusal(tmp_path / "none.csv") == (None, None, "there is no such file")
    assert refusal(tmp_path) == (None, None, "this is a folder, not a file")
    assert refusal(write(tmp_path, packed[: len(packed) // 2])) == (
        None, None, "the gzip data is damaged or ends early",
    )  # fmt: skip


def test_very_long_fields_are_read(tmp_path):
    path = write(tmp_path, f"text,n\n{'x' * 300_000},1\ny,z\n")

    assert refusal(path, [Column("text"), Column("n", "number")])[:2] == (3, "n")


def test_blank_text_is_text(tmp_path):
    path = write(tmp_path, "text,n\n,1\n")

    frame = read_table(path, [Column("text"), Column("n", "number")])

    assert frame["text"].tolist() == [""]
    assert math.isclose(frame["n"].iloc[0], 1.0)
