"""The shop's photos as examples: what staff and imports say about them, which ones judge, and what was left out.

A photo of a product shows its category; decisions of staff overrule that, for the same content wherever it lies. What
a model applied teaches nothing. Products that share a photo, or photos that look the same, are one cluster, whose
number is that of its oldest product; from that alone follows whether it judges. So what judged once is never learned
by a later version, whatever is added.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catalog.models import Category, ProductImage, ProductTag
from vision.choices import Issue
from vision.ml.examples import NO, UNKNOWN, YES, Classes, Examples, Group, split_by_cluster
from vision.models import DuplicatePair, Label, LabelSet, ReviewDecision, TagSuggestion
from vision.prepared import Stored, prepare
from vision.tags import words_of

MOST_PHOTOS = 30_000
"""Of each category the newest, evenly; decided ones before all others."""
TEST_SHARE = 0.15
TEST_SEED = 0
FEWEST_PRODUCTS = 8
"""Clusters that a category or a label needs; a smaller category counts for the one above it."""
Flags = NDArray[np.bool_]
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class ShopPhotos:
    """Examples with what they are about, all of one length n. `ids` of pictures; `stored`: their files, and `contents`
    uint64, the first eight bytes of their digests; `decided`: its category or a tag rests on a decision of staff;
    `tested`: judges for ever."""

    examples: Examples
    told: Classes
    ids: NDArray[np.int64]
    stored: tuple[Stored, ...]
    decided: Flags
    tested: Flags
    manifest: dict[str, Any]

    @property
    def contents(self) -> NDArray[np.uint64]:
        return np.array([int.from_bytes(one.digest[:8], "big") for one in self.stored], np.uint64)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class _Photo:
    """One picture and what is said about it. `tags`: label key by set key, 1 or 0."""

    pk: int
    product: int
    stored: Stored
    made: str
    category: str = ""
    tags: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    decided: bool = False
    left_out: str = ""
    cluster: int = 0


def read(size: int, *, told: Told = lambda done, total: None) -> ShopPhotos:
    """All that teaches or judges now, prepared for a network of `size` pixels. `told` hears how much was decoded."""
    photos = _photos()
    _number_clusters(photos)
    photos = [one for one in photos if one.left_out != "deleted"]
    _say_categories(photos)
    sets = _say_tags(photos)
    classes, parents, joined = _classes(photos)
    _drop_small_labels(photos, sets)
    for one in photos:
        if not one.left_out and not one.category and not any(one.tags.values()):
            one.left_out = "unlabelled"
    _leave_out_beyond_most(photos)
    taken = [one for one in photos if not one.left_out]
    pixels, rows = prepare([one.stored for one in taken], size, told=told)
    for one, row in zip(taken, rows.tolist(), strict=True):
        one.left_out = "unreadable" if row < 0 else ""
    shown, rows = [one for one in taken if not one.left_out], rows[rows >= 0]
    return _assembled(photos, shown, pixels, rows, Classes(tuple(classes), parents, tuple(sets)), joined)


def _assembled(
    photos: list[_Photo], shown: list[_Photo], pixels: NDArray[np.uint8], rows: NDArray[np.int64], told: Classes,
    joined: dict[str, str],
) -> ShopPhotos:  # fmt: skip
    number = {key: place for place, key in enumerate(told.classes)}
    groups = {
        group.key: np.array(
            [[one.tags[group.key].get(label, UNKNOWN) for label in group.labels] for one in shown], np.int8
        ).reshape(len(shown), len(group.labels))
        for group in told.groups
    }
    clusters = np.array([one.cluster for one in shown], np.int64)
    category = np.array([number.get(one.category, -1) for one in shown], np.int32)
    examples = Examples(pixels, category, groups, clusters, at=rows)
    tested = test_part(examples)
    return ShopPhotos(
        examples, told, np.array([one.pk for one in shown], np.int64), tuple(one.stored for one in shown),
        np.array([one.decided for one in shown], bool), tested, _manifest(photos, shown, told, tested, joined),
    )  # fmt: skip


def test_part(examples: Examples) -> Flags:
    """Which photos judge and never teach, by the number of their cluster alone."""
    if not len(examples):
        return np.zeros(0, bool)
    return np.asarray(split_by_cluster(examples, (1.0 - TEST_SHARE, TEST_SHARE), TEST_SEED) == 1)


# --- pictures and clusters ----------------------------------------------------------------------------------------


def _photos() -> list[_Photo]:
    found = []
    rows = ProductImage.objects.order_by("pk").values_list(
        "pk", "product_id", "file", "content_sha256", "created_at", "product__deleted_at", "analysis__issues",
        "analysis__content_sha256",
    )  # fmt: skip
    for pk, product, file, content, made, deleted_at, issues, looked in rows.iterator(5_000):
        one = _Photo(pk, product, Stored(file, content), made.date().isoformat())
        if deleted_at is not None:
            one.left_out = "deleted"
        elif issues is None or looked != content:
            one.left_out = "not_looked_at"
        elif Issue.UNREADABLE in issues:
            one.left_out = "unreadable"
        found.append(one)
    return found


def _number_clusters(photos: list[_Photo]) -> None:
    """Join what shares a product, a content, or a pair of duplicates, kept beside each other or not."""
    place = {one.pk: at for at, one in enumerate(photos)}
    edges: list[tuple[int, int]] = []
    for key in ("product", "content"):
        first: dict[Any, int] = {}
        for at, one in enumerate(photos):
            edges.append((first.setdefault(one.product if key == "product" else one.stored.digest, at), at))
    pairs = DuplicatePair.objects.values_list("one_id", "other_id").iterator(10_000)
    edges += [(place[one], place[other]) for one, other in pairs if one in place and other in place]
    if not edges:
        return
    ends = np.array(edges, np.int64)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(len(photos), len(photos)))
    _count, part = connected_components(graph, directed=False)
    oldest: dict[int, int] = {}
    for own, one in zip(part.tolist(), photos, strict=True):
        oldest[own] = min(oldest.get(own, one.product), one.product)
    for own, one in zip(part.tolist(), photos, strict=True):
        one.cluster = oldest[own]


# --- categories -----------------------------------------------------------------------------------------------------


def _say_categories(photos: list[_Photo]) -> None:
    """By the product, unless a model put it there; then by decisions, the newest last."""
    of_product = dict(
        ProductImage.objects.filter(product__category__isnull=False)
        .order_by()
        .values_list("product_id", "product__category__public_id")
        .distinct()
    )
    applied = TagSuggestion.objects.filter(
        state=TagSuggestion.State.APPLIED, label__label_set__kind=LabelSet.Kind.CATEGORY
    ).values_list("product_id", "label__key")
    by_model = set(applied)
    said, denied = _decisions(LabelSet.Kind.CATEGORY)
    contents: dict[bytes, set[str]] = defaultdict(set)
    for one in photos:
        key = of_product.get(one.product, "")
        one.category = "" if (one.product, key) in by_model else key
        for about in _about(one):
            wrong = denied.get(about, set())
            for label in said.get(about, []):
                one.category, one.decided = label[1], True
            if one.category and ("category", one.category) in wrong:
                one.category, one.decided = "", True
                one.left_out = one.left_out or "denied"
        if one.category and not one.left_out:
            contents[one.stored.digest].add(one.category)
    for one in photos:
        if len(contents.get(one.stored.digest, ())) > 1 and not one.left_out:
            one.left_out = "two_categories"


About = str | int


def _about(one: _Photo) -> tuple[About, About]:
    """By what decisions can speak of a photo: its product as a whole, and then its content."""
    return one.product, one.stored.content_sha256


def _decisions(
    kind: str,
) -> tuple[dict[About, list[tuple[str, str]]], dict[About, set[tuple[str, str]]]]:
    """What was said to be shown, oldest first, and what was said not to be; of each label the newest word counts."""
    last: dict[tuple[About, str, str], bool] = {}
    rows = ReviewDecision.objects.filter(label__label_set__kind=kind).order_by("decided_at", "pk")
    if kind == LabelSet.Kind.CATEGORY:
        rows = rows.filter(label__category__isnull=False)  # of categories that are deleted nothing is learned
    for product, content, image, group, label, is_right in rows.values_list(
        "product_id", "content_sha256", "image_id", "label__label_set__key", "label__key", "is_right"
    ).iterator(5_000):
        about: About = content if content else product
        if not content and image is not None:
            continue  # of a photo whose content nobody knows
        last.pop((about, group, label), None)
        last[about, group, label] = is_right
    said: dict[About, list[tuple[str, str]]] = defaultdict(list)
    denied: dict[About, set[tuple[str, str]]] = defaultdict(set)
    for (about, group, label), is_right in last.items():
        if is_right:
            said[about].append((group, label))
        else:
            denied[about].add((group, label))
    return said, denied


def _classes(photos: list[_Photo]) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Keys of the categories that have enough products, parents of all, and which category was joined to which.
    Photos of the others are left out."""
    tree = dict(Category.objects.values_list("path", "public_id"))
    above = {key: tree.get(path[: -Category.steplen], "") for path, key in tree.items()}
    held: dict[str, list[_Photo]] = defaultdict(list)
    for one in photos:
        if one.category and not one.left_out:
            held[one.category].append(one)
    joined: dict[str, str] = {}
    for key in [tree[path] for path in sorted(tree, key=lambda path: (-len(path), path))]:
        few = len({one.cluster for one in held.get(key, ())}) < FEWEST_PRODUCTS
        if key in held and few and above[key]:
            joined[key] = above[key]
            held[above[key]] += held.pop(key)
    kept = []
    for key in sorted(held):
        if len({one.cluster for one in held[key]}) < FEWEST_PRODUCTS:
            for one in held[key]:
                one.category = ""
                one.left_out = "" if any(one.tags.values()) else "small_category"
            continue
        kept.append(key)
        for one in held[key]:
            one.category = key
    return kept, {key: above.get(key, "") for key in _with_parents(kept, above)}, joined


def _with_parents(keys: Iterable[str], above: dict[str, str]) -> list[str]:
    found: dict[str, None] = {}
    for key in keys:
        while key and key not in found:
            found[key] = None
            key = above.get(key, "")
    return list(found)


# --- tags -----------------------------------------------------------------------------------------------------------


def _say_tags(photos: list[_Photo]) -> list[Group]:
    """Labels of attributes on each photo. A set in which the product has a tag is known as a whole: its other labels
    are not shown. Colours are told by arithmetic, so no network learns them."""
    labels = Label.objects.in_use().filter(label_set__kind=LabelSet.Kind.ATTRIBUTE).select_related("label_set")
    sets: dict[str, list[str]] = defaultdict(list)
    is_multiple: dict[str, bool] = {}
    kinds: dict[str, str] = {}
    words: dict[tuple[str, str], str] = {}
    for label in labels:
        group = label.label_set.key
        sets[group].append(label.key)
        is_multiple[group] = label.label_set.is_multiple
        kinds |= dict.fromkeys(words_of(label.label_set), group)
        words |= {(group, word): label.key for word in words_of(label)}
    tags: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = ProductTag.objects.filter(source__in=(ProductTag.Source.STAFF, ProductTag.Source.IMPORT))
    for product, kind, value in rows.values_list("product_id", "kind", "value").iterator(5_000):
        group = kinds.get(kind.casefold(), "")
        if key := words.get((group, value.casefold())):
            tags[product][group].add(key)
    said, denied = _decisions(LabelSet.Kind.ATTRIBUTE)
    for one in photos:
        for group, values in tags.get(one.product, {}).items():
            one.tags[group] = {key: YES if key in values else NO for key in sets[group]}
        for about in _about(one):
            for group, key in denied.get(about, ()):
                if key in sets.get(group, ()):
                    one.tags[group][key], one.decided = NO, True
            for group, key in said.get(about, ()):
                if key in sets.get(group, ()):
                    if not is_multiple[group]:
                        one.tags[group] = dict.fromkeys(sets[group], NO)
                    one.tags[group][key], one.decided = YES, True
    return [Group(key, tuple(keys), is_multiple[key]) for key, keys in sorted(sets.items())]


def _drop_small_labels(photos: list[_Photo], sets: list[Group]) -> None:
    """Labels that few products show, or that nearly none lacks, cannot be learned yet; sets without labels go."""
    shown: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for one in photos:
        if not one.left_out:
            for key, values in one.tags.items():
                for label, value in values.items():
                    shown[key, label, value].add(one.cluster)
    kept = []
    for group in sets:
        labels = tuple(
            label for label in group.labels
            if min(len(shown[group.key, label, value]) for value in (YES, NO)) >= FEWEST_PRODUCTS
        )  # fmt: skip
        for one in photos:
            one.tags[group.key] = {key: value for key, value in one.tags[group.key].items() if key in labels}
        if labels:
            kept.append(Group(group.key, labels, group.is_multiple))
    sets[:] = kept


# --- how many -------------------------------------------------------------------------------------------------------


def _leave_out_beyond_most(photos: list[_Photo]) -> None:
    taken = [one for one in photos if not one.left_out]
    if len(taken) <= MOST_PHOTOS:
        return
    rank: Counter[str] = Counter()
    order = []
    for one in sorted(taken, key=lambda one: (not one.decided, -one.pk)):
        rank[one.category] += 1
        order.append((not one.decided, rank[one.category], -one.pk, one))
    for *_key, one in sorted(order, key=lambda row: row[:3])[MOST_PHOTOS:]:
        one.left_out = "beyond_most"


def _manifest(
    photos: list[_Photo], shown: list[_Photo], told: Classes, tested: Flags, joined: dict[str, str]
) -> dict[str, Any]:
    """What was learned from, in figures; `sha256` of all of it: the same manifest, the same examples."""
    judging = {one.pk for one, tests in zip(shown, tested.tolist(), strict=True) if tests}
    rows: list[dict[str, Any]] = []
    for key in told.classes:
        own = [one for one in shown if one.category == key]
        rows.append(_counted("category", key, own, judging))
    for group in told.groups:
        for label in group.labels:
            own = [one for one in shown if one.tags[group.key].get(label) == YES]
            rows.append(_counted(group.key, label, own, judging))
    content = hashlib.sha256()
    for one in sorted(shown, key=lambda one: one.pk):
        tags = {key: values for key, values in one.tags.items() if values}
        said = [one.stored.digest.hex(), one.cluster, one.category, tags]
        content.update(json.dumps(said, sort_keys=True).encode())
    return {
        "photos": len(shown), "products": len({one.cluster for one in shown}), "test": len(judging),
        "decided": sum(one.decided for one in shown), "labels": rows, "joined": joined,
        "from": min((one.made for one in shown), default=""), "until": max((one.made for one in shown), default=""),
        "left_out": dict(sorted(Counter(one.left_out for one in photos if one.left_out).items())),
        "sha256": content.hexdigest(),
    }  # fmt: skip


def _counted(group: str, key: str, own: list[_Photo], judging: set[int]) -> dict[str, Any]:
    return {
        "set": group, "key": key, "photos": len(own), "products": len({one.cluster for one in own}),
        "test": sum(one.pk in judging for one in own),
    }  # fmt: skip
