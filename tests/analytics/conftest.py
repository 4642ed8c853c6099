"""Files of transactions for evaluators."""

import pytest


@pytest.fixture
def write(tmp_path):
    """A CSV of the rows below a header; returns its path."""

    def put(rows, header="customer,date,amount", name="rows.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8")
        return str(path)

    return put
