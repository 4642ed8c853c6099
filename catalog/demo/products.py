"""Products of the demo shop: looks, names and descriptions in two languages, prices, variants and stock."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from catalog.demo.chance import Calendar, stream
from catalog.demo.kinds import KINDS, OPTION_VALUE_ZH, OPTION_ZH, Form, Kind
from catalog.demo.pictures import Look
from catalog.demo.sizes import Size
from catalog.demo.world import BRANDS, COLLECTIONS, COLOURS, MATERIALS, PATTERNS, STYLES, TASTES, Brand

DAY = 86_400
OPTION_PRICE = {"capacity": (0, 2_000), "format": (0, -1_000)}
ASPECTS = ("quality", "size", "look", "value")
IN_NAMES, IN_DESCRIPTIONS = 0.44, 0.33
"""How many names and descriptions tell the colour, as counted in real catalogues (docs/adr/0135)."""


@dataclass(frozen=True, slots=True)
class Variant:
    sku: str
    options: dict[str, str]
    price: int  # fen, hundredths of a yuan
    stock: int
    barcode: str


@dataclass(slots=True)
class Product:
    """One product with what is planted in it: the taste it was made for, its pull and its quality per aspect.

    What it is stands in `look` and `truth`; names, description and `attributes` tell a part of it, as those of real
    shops do.
    """

    id: str
    kind: str
    form: Form
    brand: Brand
    colour: str
    pattern: str
    material: str
    style: str
    taste: str
    price: int
    created_at: int
    popularity: float
    quality: dict[str, float]
    status: str = "live"
    name_en: str = ""
    name_zh: str = ""
    description_en: str = ""
    description_zh: str = ""
    is_named_by_colour: bool = True
    variants: list[Variant] = field(default_factory=list)

    @property
    def look(self) -> Look:
        return Look(KINDS[self.kind].parent, self.form.key, self.colour, self.pattern, self.material)

    @property
    def truth(self) -> dict[str, str]:
        """What somebody who holds it in hand would say of it, whatever the shop tells."""
        shown = {"colour": self.colour, "pattern": self.pattern, "material": self.material, "style": self.style}
        return {"form": self.form.key, **shown}

    @property
    def attributes(self) -> dict[str, str]:
        """The column that the shop fills. Who did not name the colour did not enter it either."""
        told = {"colour": self.colour} if self.is_named_by_colour else {}
        return {**told, "pattern": self.pattern, "material": self.material, "style": self.style}


def make_products(seed: int, size: Size, calendar: Calendar) -> list[Product]:
    """`size.products` products with distinct names in both languages, spread evenly over the kinds."""
    return list(each_product(seed, size, calendar))


def each_product(seed: int, size: Size, calendar: Calendar) -> Iterator[Product]:
    """The same one by one."""
    rng, telling = stream(seed, "products"), stream(seed, "telling")
    kinds = list(KINDS)
    plan = [kinds[n % len(kinds)] for n in range(size.products // len(kinds) * len(kinds))]
    plan += [str(kind) for kind in rng.choice(kinds, size.products - len(plan), replace=size.products < len(kinds))]
    seen: set[str] = set()
    short: set[str] = set()
    collections = COLLECTIONS if size.in_columns else ()
    for number, kind in enumerate(sorted(plan, key=kinds.index), start=1):
        product, name = _new_look(rng, kind, seen, collections)
        product.id = f"P{number:05d}"
        in_name, in_description = telling.random(2) < (IN_NAMES, IN_DESCRIPTIONS)
        if not in_name:
            _leave_out_colour(product, name, short)
        _describe(rng, product, tells_colour=bool(in_description))
        product.created_at, product.status = _life(rng, calendar)
        product.variants = _variants(rng, product, number)
        yield product


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    values = np.exp(np.fromiter(weights.values(), float))
    return list(weights)[int(rng.choice(len(values), p=values / values.sum()))]


@dataclass(frozen=True, slots=True)
class Name:
    """What a name is put together from, beside colour, pattern, material and form. `shape` 1 and 2 tell the colour
    last, in English; 2 begins with the style. A large shop adds a collection in both languages."""

    shape: int
    collection: tuple[str, str] = ("", "")

    def of(self, product: Product, *, colour: bool = True, style: bool = False, brand: bool = False) -> tuple[str, str]:
        """In English and Chinese. With a style although the shape has none, or with a brand before everything."""
        form, look, mood = product.form, PATTERNS[product.pattern], STYLES[product.style]
        # A thing that comes in one material only does not need it in its name.
        stuff = MATERIALS[product.material] if len(form.materials) > 1 else None
        hue = COLOURS[product.colour] if colour else None
        parts = [
            mood.en if style or self.shape == 2 else "",
            hue.en if hue and self.shape == 0 else "",
            look.adjective, stuff.en if stuff else "", form.en,
            f"in {hue.en}" if hue and self.shape else "",
        ]  # fmt: skip
        english = " ".join(part for part in parts if part)
        chinese = (mood.zh if style or self.shape == 2 else "") + (hue.zh if hue else "") + look.zh
        chinese += (stuff.zh if stuff else "") + form.zh
        latin, series = self.collection
        if latin:
            english, chinese = f"{latin} {english}", f"{series}系列{chinese}"
        if brand:
            english, chinese = f"{product.brand.name} {english}", product.brand.zh + chinese
        return english[0].upper() + english[1:], chinese


def _leave_out_colour(product: Product, name: Name, short: set[str]) -> None:
    """Names without the colour. Where another product has one of them, they tell the style, then the brand as well;
    where all of these are taken, the colour stays. `short` are the names without a colour so far."""
    for more in ({}, {"style": True}, {"style": True, "brand": True}):
        names = name.of(product, colour=False, **more)
        if short.isdisjoint(names):
            short.update(names)
            (product.name_en, product.name_zh), product.is_named_by_colour = names, False
            return


def _new_look(
    rng: np.random.Generator, key: str, seen: set[str], collections: tuple[tuple[str, str], ...]
) -> tuple[Product, Name]:
    """A combination whose full names nobody has yet, drawn around one taste but never bound to it."""
    kind = KINDS[key]
    for _attempt in range(500):
        taste = _pick(rng, {name: np.log(t.share) + 1.2 * t.kinds.get(key, 0.0) for name, t in TASTES.items()})
        liked = TASTES[taste]
        form = kind.forms[int(rng.integers(len(kind.forms)))]
        style = _pick(rng, {name: 2.2 * liked.styles.get(name, 0.0) for name in _styles_of(key)})
        colour = _pick(rng, {name: 2.2 * liked.colours.get(name, 0.0) for name in COLOURS})
        patterns = form.patterns or kind.patterns
        pattern = _pick(rng, {p: 1.5 * liked.patterns.get(p, 0.0) + (0.8 if p == "plain" else 0.0) for p in patterns})
        if form.key == "rain_boots" and colour == "white":
            continue
        brands = [b for b in BRANDS if kind.parent in b.departments]
        brand = brands[int(rng.choice(len(brands), p=_brand_shares(brands, style)))]
        material = form.materials[int(rng.choice(len(form.materials), p=_falling(len(form.materials))))]
        shape = int(rng.integers(3))
        name = Name(shape, collections[int(rng.integers(len(collections)))]) if collections else Name(shape)
        product = Product(
            id="", kind=key, form=form, brand=brand, colour=colour, pattern=pattern, material=material, style=style,
            taste=taste, price=0, created_at=0, popularity=0.0, quality={},
        )  # fmt: skip
        names = name.of(product)
        if seen.isdisjoint(names):
            seen.update(names)
            product.name_en, product.name_zh = names
            product.price = _price(rng, kind, form, brand, material)
            product.popularity = float(rng.normal(0.0, 0.7))
            product.quality = {aspect: float(rng.normal(0.75, 0.75)) for aspect in ASPECTS}
            return product, name
    raise ValueError(f"No distinct name is left for another product of the kind {key}.")


def _styles_of(key: str) -> list[str]:
    """Nobody calls a plate or a pen sporty."""
    indoors = KINDS[key].parent in ("home", "desk") and key != "bottles"
    return [name for name in STYLES if not (indoors and name == "sporty")]


def _brand_shares(brands: list[Brand], style: str) -> np.ndarray:
    weights = np.array([6.0 if style in brand.styles else 1.0 for brand in brands])
    return weights / weights.sum()


def _falling(count: int) -> np.ndarray:
    weights = 0.65 ** np.arange(count)
    return weights / weights.sum()


def is_plural(form: Form) -> bool:
    return form.en.endswith("s") and not form.en.endswith("dress")


def _describe(rng: np.random.Generator, product: Product, *, tells_colour: bool) -> None:
    kind, look = KINDS[product.kind], PATTERNS[product.pattern]
    material, style, hue = MATERIALS[product.material], STYLES[product.style], COLOURS[product.colour]
    told = len(product.form.materials) > 1
    thing = f"{material.en} {product.form.en}" if told else product.form.en
    if not is_plural(product.form):
        thing = f"{'An' if thing[0] in 'aeiouA' else 'A'} {thing}"
    care, mood, use = (int(rng.integers(n)) for n in (len(material.care_en), len(style.mood_en), len(kind.uses_en)))
    mood_en = style.mood_en[mood]
    pattern_en = f" {look.clause_en}" if look.clause_en else ""
    hue_en = f" in {hue.en}" if tells_colour else ""
    first_en = f"{thing[0].upper()}{thing[1:]}{hue_en}{pattern_en}, {mood_en}."
    pattern_zh = f"，{look.clause_zh}" if look.clause_zh else ""
    stuff_zh = material.zh if told else ""
    first_zh = f"{hue.zh if tells_colour else ''}{stuff_zh}{product.form.zh}{pattern_zh}，{style.mood_zh[mood]}。"
    product.description_en = f"{first_en} {material.care_en[care]} {kind.uses_en[use]}"
    product.description_zh = f"{first_zh}{material.care_zh[care]}{kind.uses_zh[use]}"


def _price(rng: np.random.Generator, kind: Kind, form: Form, brand: Brand, material: str) -> int:
    """Fen, ending in nine yuan as shop prices do."""
    yuan = rng.uniform(*kind.price) * form.price * brand.tier * MATERIALS[material].price
    return max(round(yuan / 10) * 10 - 1, 9) * 100


def _life(rng: np.random.Generator, calendar: Calendar) -> tuple[int, str]:
    """Most products were there at the opening; the others arrive through the whole time. Drafts are new."""
    roll, place = rng.random(), rng.random()
    if roll < 0.02:
        return calendar.end - int(place * 20 * DAY) - DAY, "draft"
    status = "hidden" if roll < 0.045 else "live"
    if rng.random() < 0.82:
        return calendar.start - int(place * 60 * DAY) - DAY, status
    return calendar.start + int(place * (calendar.end - calendar.start - 30 * DAY)), status


def _variants(rng: np.random.Generator, product: Product, number: int) -> list[Variant]:
    kind = KINDS[product.kind]
    sold_out = rng.random() < 0.04
    variants = []
    for place, option in enumerate(kind.options or ("",)):
        offset = OPTION_PRICE.get(kind.option, (0,) * len(kind.options))[place] if option else 0
        suffix = "-" + option.upper().replace(" ", "").replace("–", "") if option else ""
        roll = rng.random()
        stock = int(rng.integers(8, 81)) if roll > 0.17 else int(rng.integers(1, 5)) if roll > 0.03 else 0
        variants.append(
            Variant(
                sku=f"{product.kind[:3].upper()}{number:05d}{suffix}",
                options={kind.option: option} if option else {},
                price=max(product.price + offset, 900),
                stock=0 if sold_out else stock,
                barcode=_barcode(number, place),
            )
        )
    return variants


def _barcode(number: int, place: int) -> str:
    """EAN-13 from the range that is kept free for numbers within one shop (prefix 20 to 29)."""
    digits = f"20{number:07d}{place:03d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return digits + str(-total % 10)


def variant_label(variant: Variant, language: str) -> str:
    """How a variant is called on an order line: "" or ", size M" / "（尺码 M）"."""
    options = options_in_chinese(variant) if language == "zh" else variant.options
    for option, value in options.items():
        return f"（{option} {value}）" if language == "zh" else f", {option} {value}"
    return ""


def options_in_chinese(variant: Variant) -> dict[str, str]:
    """`{"尺码": "M"}`."""
    return {OPTION_ZH[option]: OPTION_VALUE_ZH.get(value, value) for option, value in variant.options.items()}
