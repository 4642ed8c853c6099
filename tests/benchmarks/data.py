"""Convert public data sets into the columns that `manage.py evaluate` reads: `python -m tests.benchmarks.data`.

A set that is not in BENCH_DATA is passed over with a line that says so.
"""

import gzip
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.places import BENCH, source

GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip


def ml_100k(folder: Path, out: Path) -> None:
    """Ratings in file order (the order that the random split draws in), films with their genres."""
    ratings = pd.read_csv(folder / "u.data.gz", sep="\t", names=["customer", "item", "value", "timestamp"])
    _write(ratings, out / "interactions.csv")
    columns = ["item", "title", "released", "video", "url", *GENRES]
    films = pd.read_csv(folder / "u.item.gz", sep="|", names=columns, encoding="latin-1")
    flags = films[list(GENRES)].to_numpy().astype(bool)
    films["category"] = ["|".join(genre for genre, on in zip(GENRES, row, strict=True) if on) for row in flags]
    _write(films[["item", "title", "category"]], out / "items.csv")


def amazon_beauty(folder: Path, out: Path) -> None:
    """Reviews in each customer's own order; there are no times."""
    events = pd.read_csv(folder / "interactions.csv.gz").sort_values(["user_id", "pos"], kind="stable")
    _write(events.rename(columns={"user_id": "customer", "item_id": "item"})[["customer", "item"]],
           out / "interactions.csv")  # fmt: skip
    items = pd.read_csv(folder / "item_attributes.csv.gz").rename(
        columns={"item_id": "item", "attribute_ids": "category"}
    )
    _write(items, out / "items.csv")


def diginetica(folder: Path, out: Path) -> None:
    """Sessions, one click a row, and test prefixes with the item that followed."""
    sessions = pd.read_csv(folder / "train_sessions.txt.gz", header=None, names=["item"], sep="\t", dtype=str)
    clicks = sessions["item"].str.split(" ").explode()
    _write(pd.DataFrame({"session": clicks.index, "item": clicks.to_numpy()}), out / "train.csv")
    test = pd.read_csv(folder / "test_prefix_label.tsv.gz", sep="\t", header=None, names=["prefix", "target"])
    _write(test, out / "test.csv")


def online_retail(folder: Path, out: Path) -> None:
    """Purchases of known customers: no returns, no free lines, no postage and other codes that are not products."""
    lines = pd.read_csv(
        folder / "transactions.csv.gz", parse_dates=["invoice_date"], dtype={"stock_code": str, "invoice": str}
    )
    kept = lines["customer_id"].notna() & (lines["quantity"] > 0) & (lines["price"] > 0)
    kept &= lines["stock_code"].str.match(r"^\d{5}")
    lines = lines[kept].sort_values("invoice_date", kind="stable")
    events = pd.DataFrame(
        {
            "customer": lines["customer_id"].astype(int),
            "item": lines["stock_code"],
            "timestamp": lines["invoice_date"].dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "event": "purchase",
        }
    )
    _write(events, out / "interactions.csv")
    later = lines["invoice_date"] > lines["invoice_date"].max() - pd.Timedelta(days=30)
    _write(events[~later.to_numpy()], out / "train.csv")
    _write(events[later.to_numpy()], out / "test.csv")
    items = lines.drop_duplicates("stock_code", keep="last")[["stock_code", "description", "price"]]
    _write(items.rename(columns={"stock_code": "item", "description": "title"}), out / "items.csv")


def office_text(folder: Path, out: Path) -> None:
    """Items with text. Training: what customers chose before, in order. Test: choices of items that no history has."""
    rows = [pd.read_csv(folder / f"{name}.tsv.gz", sep="\t", dtype=str) for name in ("valid", "test")]
    before = pd.concat(rows, ignore_index=True)[["user_id", "history_item_ids"]]
    known = before.assign(item=before["history_item_ids"].str.split()).explode("item").dropna(subset="item")
    known = known.drop_duplicates(["user_id", "item"]).rename(columns={"user_id": "customer"})[["customer", "item"]]
    _write(known, out / "train.csv")
    test = rows[1].rename(columns={"user_id": "customer", "item_id": "item"})[["customer", "item"]]
    _write(test[~test["item"].isin(known["item"])].drop_duplicates(), out / "test.csv")
    items = pd.read_csv(folder / "items.csv.gz", dtype={"item_id": str}).rename(
        columns={"item_id": "item", "description": "text"}
    )
    _write(items[["item", "title", "brand", "text"]].fillna(""), out / "items.csv")


def retail_money(folder: Path, out: Path) -> None:
    """One row an order of a known customer, cancellations below 0; revenue of every day, those without a sale as 0."""
    lines = pd.read_csv(folder / "transactions.csv.gz", parse_dates=["invoice_date"], dtype={"invoice": str})
    lines["amount"] = lines["quantity"] * lines["price"]
    sold = (lines["quantity"] > 0) & (lines["price"] > 0)
    known = lines[(sold | lines["invoice"].str.startswith("C")) & lines["customer_id"].notna()]
    orders = known.groupby(["customer_id", "invoice"], sort=False).agg(
        date=("invoice_date", "min"), amount=("amount", "sum")
    )
    orders = orders.reset_index().rename(columns={"customer_id": "customer"})
    orders["customer"] = orders["customer"].astype(int)
    _write(orders[["customer", "date", "amount"]].round({"amount": 2}), out / "transactions.csv")
    daily = lines[sold].groupby(lines["invoice_date"].dt.normalize())["amount"].sum().asfreq("D", fill_value=0.0)
    _write(pd.DataFrame({"date": daily.index, "value": daily.round(2).to_numpy()}), out / "daily.csv")


def cdnow(folder: Path, out: Path) -> None:
    """Purchases of all customers and of the tenth that was published."""
    names = {"customer_id": "customer", "master_id": "customer"}
    for source_name, name in (("cdnow_master", "transactions"), ("cdnow_sample_tenth", "sample")):
        rows = pd.read_csv(folder / f"{source_name}.csv.gz").rename(columns=names)
        _write(rows[["customer", "date", "amount"]], out / f"{name}.csv")


def olist(folder: Path, out: Path) -> None:
    """Payments of whole weeks from Monday 2017-01-02 to Sunday 2018-08-19, in the unbiased part of the sample."""
    orders = pd.read_csv(folder / "orders.csv.gz", parse_dates=["order_purchase_timestamp"])
    orders = orders[orders["source_sample"].isin(["B", "AB"])]
    paid = pd.read_csv(folder / "order_payments.csv.gz").groupby("order_id")["payment_value"].sum()
    at = orders["order_purchase_timestamp"]
    inside = (at >= "2017-01-02") & (at < "2018-08-20")
    weekly = orders["order_id"].map(paid).fillna(0.0)[inside].groupby(at[inside].dt.to_period("W-SUN")).sum()
    weekly = weekly.reindex(pd.period_range(weekly.index[0], weekly.index[-1], freq="W-SUN"), fill_value=0.0)
    dates = weekly.index.start_time.strftime("%Y-%m-%d")
    _write(pd.DataFrame({"date": dates, "value": weekly.round(2).to_numpy()}), out / "weekly.csv")


def shopping_reviews(folder: Path, out: Path) -> None:
    """Chinese reviews of ten categories, a fifth for the test as scikit-learn draws it with seed 42."""
    rows = pd.read_csv(folder / "online_shopping_10_cats.csv.gz").rename(columns={"review": "text", "cat": "group"})
    rows["label"] = rows["label"].map({1: "positive", 0: "negative"})
    _write_split(rows[["text", "label", "group"]], out)


def clothing_reviews(folder: Path, out: Path) -> None:
    """English reviews with an opinion: four and five stars against one and two."""
    rows = pd.read_csv(folder / "womens_clothing_reviews.csv.gz")
    rows = rows[rows["review_text"].notna() & (rows["rating"] != 3)].copy()
    rows["text"] = rows["title"].fillna("") + " . " + rows["review_text"]
    rows["label"] = rows["rating"].ge(4).map({True: "positive", False: "negative"})
    rows["group"] = rows["division"].fillna("none")
    _write_split(rows[["text", "label", "group"]], out)


def curekart(folder: Path, out: Path) -> None:
    """What customers of a shop wrote to its bot; what its bot had no node for is out of scope."""
    for name in ("train", "test"):
        rows = pd.read_csv(folder / f"{name}.csv.gz").rename(columns={"sentence": "text", "label": "intent"})
        rows["intent"] = rows["intent"].replace({"NO_NODES_DETECTED": "out_of_scope"})
        _write(rows[["text", "intent"]], out / f"{name}.csv")


def bitext(folder: Path, out: Path) -> None:
    """Ten utterances of each intent to learn from, drawn with seed 42, and all others."""
    rows = pd.read_csv(folder / "bitext_support_intents.csv.gz").rename(columns={"utterance": "text"})
    few = rows.groupby("intent", sort=False).sample(n=10, random_state=42).index
    _write(rows.loc[few, ["text", "intent"]], out / "train.csv")
    _write(rows.drop(few)[["text", "intent"]], out / "test.csv")


def aspect_terms(folder: Path, out: Path) -> None:
    """Terms with their polarity, by domain."""
    rows = pd.read_csv(folder / "aspect_sentiment.csv.gz").rename(columns={"aspect": "term"})
    rows["polarity"] = rows["polarity"].str.lower()
    for (domain, split), part in rows.groupby(["domain", "split"]):
        _write(part[["text", "term", "polarity"]], out / f"{domain}_{split}.csv")


GARMENTS = {
    "tops": ("longsleeve", "outwear", "shirt", "t-shirt"), "bottoms": ("pants", "shorts", "skirt"),
    "dresses": ("dress",), "accessories": ("hat", "shoes"),
}  # fmt: skip


def clothing_photos(folder: Path, out: Path) -> None:
    """Photos in folders by class, as they were split and all together, with the department of each class."""
    for part in ("train", "validation", "test"):
        shutil.copytree(folder / part, out / part, dirs_exist_ok=True)
        shutil.copytree(folder / part, out / "all", dirs_exist_ok=True)
    rows = [(garment, parent) for parent, garments in GARMENTS.items() for garment in garments]
    for part in ("train", "all"):
        _write(pd.DataFrame(rows, columns=["class", "parent"]), out / part / "classes.csv")


def fashion_mnist(folder: Path, out: Path) -> None:
    """70,000 small grey pictures as PNG; the last 5,000 of the training part are for validation."""
    from PIL import Image

    for part, name, first in (("train", "train", 0), ("validation", "train", 55_000), ("test", "t10k", 0)):
        labels = np.frombuffer(
            gzip.decompress((folder / f"{name}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8
        )
        pictures = np.frombuffer(
            gzip.decompress((folder / f"{name}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
        )
        pictures = pictures.reshape(-1, 28, 28)
        for label in range(10):
            (out / part / str(label)).mkdir(parents=True, exist_ok=True)
        for at in range(first, 55_000 if part == "train" else len(labels)):
            Image.fromarray(pictures[at]).save(out / part / str(labels[at]) / f"{at:05d}.png", compress_level=1)


def _write_split(rows: pd.DataFrame, out: Path) -> None:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(rows, test_size=0.2, random_state=42, stratify=rows["label"])
    _write(train, out / "train.csv")
    _write(test, out / "test.csv")


SETS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "ml-100k": ("ml-100k", ml_100k),
    "amazon-beauty": ("amazon-beauty", amazon_beauty),
    "diginetica": ("diginetica", diginetica),
    "amazon-office-text": ("amazon-office-text", office_text),
    "online-retail": ("online_retail_ii_2009_2010", online_retail),
    "online-retail-money": ("online_retail_ii_2009_2010", retail_money),
    "cdnow": ("cdnow", cdnow),
    "olist": ("olist", olist),
    "curekart": ("hint3_curekart", curekart),
    "bitext": ("bitext_support_intents", bitext),
    "aspect-terms": ("aspect_sentiment", aspect_terms),
    "shopping-reviews": ("online_shopping_10_cats", shopping_reviews),
    "clothing-reviews": ("womens_clothing_reviews", clothing_reviews),
    "clothing-photos": ("clothing-small", clothing_photos),
    "fashion-mnist": ("fashion-mnist", fashion_mnist),
}


def main() -> int:
    """0 when at least one set was converted."""
    found = 0
    for name, (folder, convert) in SETS.items():
        place = source() / folder
        if not place.is_dir():
            print(f"{name:<15} not in {source()}; set BENCH_DATA to the folder of the data sets")
            continue
        out = BENCH / name
        out.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        convert(place, out)
        found += 1
        files = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(out.glob("*.csv")))
        print(f"{name:<15} {files} in {time.perf_counter() - started:.1f} s")
    return 0 if found else 1


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Whole or not at all."""
    aside = path.with_suffix(".writing")
    frame.to_csv(aside, index=False)
    aside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
