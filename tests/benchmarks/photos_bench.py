"""What photos cost and how well they are known again: `python -m tests.benchmarks.photos_bench [PART …]`.

`copies`: recall and false pairs on `clothing-small`, each photo of the training part stored again at quality 60, at
half size, and mirrored. `many`: made fingerprints of 1,000, 10,000 and 100,000 photos against each other. `look`:
decoding, quality, colours, fingerprint of photos at 600 × 600. `swatches`: colours of CSS with one of our names, alone
or with light, dark and the like. `names`: colours of a survey, named by the rest of it. `read`: all that happens to a
new photo of 600 × 600, with a network that has learned nothing (which costs the same), at 64 and 96 pixels a side.
`web`: what a process that serves pages grows by when it is asked about a photo for the first time, with 100,000
vectors to compare. Processor seconds of this process. Exit status 1 when a figure is below its floor.
"""

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageOps

from tests.benchmarks.places import source
from vision.ml import duplicates
from vision.ml.colours import NAMES, SHADES, colours
from vision.ml.duplicates import Fingerprint, fingerprint
from vision.ml.examples import Classes, Group
from vision.ml.oklab import from_hex
from vision.ml.pictures import opened
from vision.ml.quality import quality
from vision.ml.serving import Tagger, prepared
from vision.ml.shades import SURVEY

Figure = tuple[str, float, float | None, float | None]
"""What, how much, lowest and highest that is good enough."""
GROUNDS = ("#ffffff", "#d9dbdd", "#b98d5f")
ALIKE = {"gray": "grey"}
CLEAR = 0.018
"""What `vision.colour_tags` asks of a shade that it applies by itself."""
OURS = {"darkblue": "navy", "darkmagenta": "purple"}
"""Where CSS has no name of its own for what we name otherwise: its navy and purple are the same shades."""
DEPTHS = ("", "light", "pale", "medium", "deep", "dark", "dim")


def stored(image: Image.Image, quality: int = 90) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality)
    return written.getvalue()


def photos(most: int | None = None) -> list[Image.Image]:
    files = sorted((source() / "clothing-small" / "train").rglob("*.jpg"))[:most]
    return [Image.open(file).convert("RGB") for file in files]


def prints(images: list[Image.Image], quality: int = 90) -> list[Fingerprint]:
    return [fingerprint(opened(stored(image, quality))) for image in images]


def pairs_of(found: list[Fingerprint], since: int = 0) -> list[duplicates.Pair]:
    hashes = np.array([one.hash for one in found], np.uint64)
    return list(duplicates.pairs(hashes, np.stack([one.look for one in found]), since=since))


def copies() -> list[Figure]:
    images = photos()
    own, count = prints(images), len(images)
    among = {(pair.one, pair.other) for pair in pairs_of(own)}
    figures: list[Figure] = [
        ("pairs among the photos themselves, of all", len(among) / (count * (count - 1) / 2), None, 0.001)
    ]
    ways: dict[str, Callable[[], list[Fingerprint]]] = {
        "quality 60": lambda: prints(images, 60),
        "half size": lambda: prints([image.resize((image.width // 2, image.height // 2)) for image in images]),
        "mirrored": lambda: prints([ImageOps.mirror(image) for image in images]),
    }
    for name, make in ways.items():
        pairs = [pair for pair in pairs_of([*own, *make()], since=count) if pair.one < count]
        hit = sum(pair.other - count == pair.one for pair in pairs)
        wrong = [pair for pair in pairs if (low := min(pair.one, pair.other - count)) != pair.other - count
                 and (low, max(pair.one, pair.other - count)) not in among]  # fmt: skip
        figures += [
            (f"recall, {name}", hit / count, 0.98, None),
            (f"false pairs, {name}", len(wrong) / count**2, None, 0.001),
        ]
    return figures


def many() -> list[Figure]:
    own = [one for one in prints(photos()) if not one.is_flat]
    rng = np.random.default_rng(7)
    seconds, figures = [], []
    for count in (1_000, 10_000, 100_000):
        which = rng.integers(0, len(own), count)
        hashes = np.array([one.hash for one in own], np.uint64)[which]
        for _time in range(6):  # like other photos of such things: up to six bits and forty shades away
            hashes ^= np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
        looks = np.stack([one.look for one in own])[which].astype(np.int16)
        looks += rng.integers(-40, 41, looks.shape, np.int16)
        begun = time.process_time()
        found = sum(1 for _pair in duplicates.pairs(hashes, np.clip(looks, 0, 255).astype(np.uint8)))
        seconds.append(time.process_time() - begun)
        figures.append((f"CPU s, {count:,} photos ({found:,} pairs)", seconds[-1], None, None))
    return [*figures, ("growth from 10,000 to 100,000", seconds[2] / seconds[1], None, 20.0)]


def look() -> list[Figure]:
    files = [stored(image.resize((600, 600))) for image in photos(300)]
    rounds = []
    for _round in range(3):
        begun = time.process_time()
        for data in files:
            picture = opened(data)
            quality(picture), colours(picture), fingerprint(picture)
        rounds.append(len(files) / (time.process_time() - begun))
    return [("photos of 600 × 600 looked at in a CPU second", float(np.median(rounds)), 40.0, None)]


def unlearned(size: int) -> dict[str, Any]:
    """The bytes and the description of a network of ten categories and two sets of labels."""
    from vision.ml.deep import exporting, networks
    from vision.ml.deep.training import loaded

    keras, tf, _has_gpu = loaded(0)
    told = Classes(tuple("abcdefghij"), {}, (Group("pattern", tuple("klmno")), Group("season", tuple("pqrs"))))
    model = networks.build(keras, networks.PRODUCT, size, told)
    meta = {
        "size": size, "dimensions": networks.DIMENSIONS[networks.PRODUCT], "architecture": networks.PRODUCT,
        "classes": told.classes, "parents": {}, "temperature": 1.0,
        "groups": [{"key": g.key, "labels": g.labels, "is_multiple": False} for g in told.groups],
        "platt": {group.key: [[1.0, 0.0]] * len(group.labels) for group in told.groups},
    }  # fmt: skip
    return {"network": exporting.exported(tf, model, size), "meta": meta}


def read() -> list[Figure]:
    files = [stored(image.resize((600, 600))) for image in photos(200)]
    figures: list[Figure] = []
    for size in (64, 96):
        made = unlearned(size)
        tagger = Tagger({"network": made["network"]}, made["meta"])
        whole, suggested = [], []
        for data in files:
            begun = time.process_time()
            picture = opened(data)
            tagger.read(prepared(picture, size)[None])
            suggested.append(time.process_time() - begun)
            quality(picture), colours(picture), fingerprint(picture)
            whole.append(time.process_time() - begun)
        figures += [
            (f"photos of 600 × 600 in a CPU second, {size} pixels", float(len(files) / np.sum(whole)), 40.0, None),
            (f"CPU ms of one suggestion, warm, {size} pixels", 1000 * float(np.median(suggested)), None, 25.0),
        ]
    return figures


SERVED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
import config.urls
import numpy as np
def held(kind):
    rows = open("/proc/self/status").read().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(kind))
idle = held("RssAnon")
from vision.ml.nearest import Matrix, nearest
from vision.ml.oklab import from_hex
from vision.ml.pictures import opened
from vision.ml.serving import Tagger, prepared
from vision.ml.shades import SURVEY
found = np.load(sys.argv[1], allow_pickle=True)
meta = found["meta"].item()
tagger = Tagger({"network": found["network"]}, meta)
ids = np.arange(100_000, dtype=np.int64)
matrix = Matrix(np.load(sys.argv[2], mmap_mode="r"), ids, ids, ids)
data = open(sys.argv[3], "rb").read()
for _time in range(20):
    seen = tagger.read(prepared(opened(data), tagger.size)[None]).embedding[0]
    nearest(matrix, np.pad(seen, (0, 256 - len(seen))), 24)
assert not {"tensorflow", "sklearn", "pandas", "scipy.optimize"} & set(sys.modules)
print(held("RssAnon") - idle, idle)
"""


def web() -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.savez(folder / "network.npz", **unlearned(96))
        rows = np.random.default_rng(0).standard_normal((100_000, 256), np.float32)
        np.save(folder / "rows.npy", rows / np.linalg.norm(rows, axis=1, keepdims=True))
        (folder / "photo.jpg").write_bytes(stored(photos(1)[0].resize((600, 600))))
        paths = [str(folder / name) for name in ("network.npz", "rows.npy", "photo.jpg")]
        told = subprocess.run([sys.executable, "-c", SERVED, *paths], check=True, capture_output=True, text=True).stdout
        grown, idle = map(float, told.split()[-2:])
        figures.append(("MB that a process of the web server has before a photo is asked", idle, None, None))
        figures.append(("MB that it grows by when twenty were asked", grown, None, 60.0))
    return figures


def swatches() -> list[Figure]:
    shirt = [(150, 120), (450, 120), (540, 260), (460, 300), (440, 520), (160, 520), (140, 300), (60, 260)]
    right = {"filling the photo": [], "as a garment on white, grey and wood": []}  # type: dict[str, list[bool]]
    for name, code in ImageColor.colormap.items():
        ending = next((own for own in (*NAMES, *ALIKE) if name in {f"{depth}{own}" for depth in DEPTHS}), None)
        if ending is None:
            continue
        wanted = {ALIKE.get(ending, ending), OURS.get(name, "")}
        for ground in (str(code), *GROUNDS):
            image = Image.new("RGB", (600, 600), ground)
            ImageDraw.Draw(image).polygon(shirt, fill=str(code))
            place = "filling the photo" if ground == code else "as a garment on white, grey and wood"
            right[place].append(colours(opened(stored(image)))[0].name in wanted)
    return [
        (f"named as CSS does, {where}, of {len(found)}", float(np.mean(found)), 0.95, None)
        for where, found in right.items()
    ]


def names() -> list[Figure]:
    """Each tenth of the survey by the shades of ours and the other nine."""
    known = [(NAMES.index(name), code) for name, codes in SURVEY.items() for code in codes.split()]
    ours = [(NAMES.index(name), code) for name, codes in SHADES.items() for code in codes.split()]
    part = np.random.default_rng(0).permutation(len(known)) % 10
    right, clear = np.zeros(len(known), bool), np.zeros(len(known))
    for fold in range(10):
        told = ours + [one for one, own in zip(known, part, strict=True) if own != fold]
        labs, own_names = np.array([from_hex(code) for _name, code in told]), np.array([name for name, _code in told])
        for at in np.flatnonzero(part == fold):
            apart = np.sqrt(((labs - from_hex(known[at][1])) ** 2).sum(axis=1))
            mine = own_names == own_names[apart.argmin()]
            right[at], clear[at] = own_names[apart.argmin()] == known[at][0], apart[~mine].min() - apart[mine].min()
    sure = clear >= CLEAR
    return [
        (f"named as people do, of {len(known)}, each unseen", float(right.mean()), None, None),
        ("so clear that they are applied", float(sure.mean()), None, None),
        ("of these named as people do", float(right[sure].mean()), 0.95, None),
    ]


PARTS: dict[str, Callable[[], list[Figure]]] = {
    "copies": copies, "many": many, "look": look, "read": read, "web": web, "swatches": swatches,
    "names": names,
}  # fmt: skip


def main(names: list[str]) -> int:
    is_good = True
    for name in names or PARTS:
        if name not in ("swatches", "names") and not (source() / "clothing-small").is_dir():
            print(f"{name}: clothing-small is not in {source()}")
            continue
        for what, value, lowest, highest in PARTS[name]():
            fits = (lowest is None or value >= lowest) and (highest is None or value <= highest)
            is_good &= fits
            print(f"{name:<9} {what:<58} {value:>12.6g}{'' if fits else '  OUT OF BOUNDS'}", flush=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
