"""What each form of product looks like: one drawing function per form, named like it."""

from collections.abc import Callable

from catalog.demo.canvas import Canvas
from catalog.demo.kinds import KINDS
from catalog.demo.shapes import carried, clothing, desk, home

_ROOMS = {"clothing": clothing, "shoes_bags": carried, "accessories": carried, "home": home, "desk": desk}

SHAPES: dict[str, Callable[[Canvas], None]] = {
    form.key: getattr(_ROOMS[kind.parent], form.key) for kind in KINDS.values() for form in kind.forms
}

# Forms that fill the picture better wider or taller than they are drawn, around its middle.
STRETCH: dict[str, tuple[float, float]] = {
    "slip_dress": (0.92, 1.05), "shirt_dress": (0.80, 1.08), "midi_dress": (0.80, 1.08),
    "trousers": (1.06, 1.05), "wide_trousers": (1.0, 1.05), "shorts": (1.32, 1.3), "pleated_skirt": (0.98, 1.06),
    "low_sneakers": (1.12, 1.3), "running_shoes": (1.08, 1.16), "tote": (1.08, 1.06), "mini_backpack": (1.06, 1.04),
    "scarf": (1.12, 0.98), "bucket_hat": (1.06, 1.08), "ankle_socks": (1.22, 1.2), "cap": (0.96, 1.0),
    "mug": (1.14, 1.1), "tall_mug": (1.1, 1.05), "espresso_cup": (1.14, 1.1), "side_plate": (1.1, 1.1),
    "vase": (1.06, 0.97), "bud_vase": (1.06, 0.97), "cushion": (1.12, 1.12),
    "throw": (1.16, 1.12), "blanket": (1.16, 1.12),
    "table_lamp": (1.1, 1.04), "bedside_lamp": (1.14, 1.12), "bottle": (1.16, 0.98), "tumbler": (1.04, 0.98),
    "gel_pen": (1.22, 1.22), "ballpoint": (1.22, 1.22), "fountain_pen": (1.18, 1.18), "pencil_case": (1.08, 1.1),
    "pen_pot": (1.1, 1.0), "square_pen_pot": (1.06, 1.0),
}  # fmt: skip
