"""The category tree: five departments, the kinds of things they sell, and what is bought together."""

from catalog.demo.kinds.forms import CLOTH_SIZES, SHOE_SIZES, Form, Kind
from catalog.demo.kinds.indoors import INDOORS
from catalog.demo.kinds.worn import WORN

__all__ = [
    "CLOTH_SIZES",
    "COMPLEMENTS",
    "DEPARTMENTS",
    "KINDS",
    "OPTION_VALUE_ZH",
    "OPTION_ZH",
    "SHOE_SIZES",
    "Form",
    "Kind",
]

DEPARTMENTS = {
    "clothing": ("Clothing", "服装"),
    "shoes_bags": ("Shoes and bags", "鞋包"),
    "accessories": ("Accessories", "配饰"),
    "home": ("Home", "家居"),
    "desk": ("Desk", "文具"),
}

KINDS: dict[str, Kind] = {**WORN, **INDOORS}

# What people put into the same basket: kind -> the kinds that complete it, likeliest first.
COMPLEMENTS = {
    "dresses": ("totes", "scarves", "knitwear", "boots"),
    "shirts": ("trousers", "jackets", "knitwear"),
    "tees": ("trousers", "sneakers", "hats"),
    "knitwear": ("trousers", "skirts", "scarves"),
    "trousers": ("shirts", "tees", "socks"),
    "skirts": ("knitwear", "shirts", "boots"),
    "jackets": ("scarves", "boots", "hats"),
    "sneakers": ("socks", "backpacks", "bottles"),
    "boots": ("socks", "scarves", "umbrellas"),
    "totes": ("notebooks", "umbrellas", "scarves"),
    "backpacks": ("bottles", "pencil_cases", "sneakers"),
    "scarves": ("hats", "jackets", "boots"),
    "hats": ("scarves", "tees", "socks"),
    "socks": ("sneakers", "boots", "hats"),
    "umbrellas": ("boots", "jackets", "totes"),
    "mugs": ("plates", "notebooks", "blankets"),
    "plates": ("mugs", "vases"),
    "vases": ("cushions", "plates", "lamps"),
    "cushions": ("blankets", "lamps", "vases"),
    "lamps": ("cushions", "blankets", "vases"),
    "blankets": ("cushions", "mugs", "lamps"),
    "bottles": ("backpacks", "sneakers", "tees"),
    "notebooks": ("pens", "pencil_cases", "mugs"),
    "pens": ("notebooks", "pen_pots", "pencil_cases"),
    "pencil_cases": ("pens", "notebooks"),
    "pen_pots": ("pens", "notebooks", "lamps"),
}

OPTION_ZH = {"size": "尺码", "capacity": "容量", "format": "开本", "ink": "墨色"}
OPTION_VALUE_ZH = {"350 ml": "350 毫升", "500 ml": "500 毫升", "black": "黑色", "blue": "蓝色"}
"""Values that Chinese customers do not read as they are."""
