"""Shoes, bags and accessories."""

import numpy as np

from catalog.demo.canvas import Canvas, box, darker, ellipse, left, lighter, mirrored, mix, path, right, turned

RUBBER = (244, 241, 234)
METAL = (196, 170, 110)
STEEL = (178, 184, 192)


def low_sneakers(c: Canvas) -> None:
    c.stand(246, 352, 172, 16)
    for dx, dy, tone in ((26, -52, -0.10), (0, 0, 0.0)):
        upper = path(
            "M 92 318 C 84 286 86 252 96 226 C 108 218 128 220 142 226 "
            "C 160 246 184 250 206 240 C 238 262 270 274 312 280 "
            "C 356 286 386 296 390 326"
        ) + (dx, dy)
        sole = path(
            "M 84 312 C 160 322 300 322 392 312 C 400 322 400 336 394 346 "
            "C 384 354 360 354 340 354 L 120 354 C 98 354 82 346 84 312"
        ) + (dx, dy)
        c.body(
            path("M 96 228 C 112 218 132 220 144 228 C 160 246 184 250 206 242 L 196 260 C 160 268 124 262 98 250")
            + (dx, dy),
            colour=darker(c.colour, 0.5),
            pattern=False,
            rim=0,
        )
        if not dx:
            c.shadow(upper, dx=8, dy=-6, blur=12, alpha=0.42)
        c.body(upper, tone=tone, scale=0.8)
        heel = path("M 90 318 C 84 286 86 258 94 232 C 106 240 118 260 120 318") + (dx, dy)
        c.body(heel, pattern=False, tone=tone - 0.14, rim=0.15)
        toe = path("M 324 318 C 326 298 332 288 342 284 C 372 290 388 302 390 320") + (dx, dy)
        c.body(toe, colour=RUBBER, pattern=False, tone=tone * 0.6, rim=0.2, texture=False)
        c.line(path("M 206 242 C 214 268 196 300 190 318") + (dx, dy), 1.8, alpha=0.3)
        c.line(path("M 208 242 C 240 264 280 276 320 282") + (dx, dy), 2.2, alpha=0.25)
        for step in range(4):
            x, y = 214 + step * 22 + dx, 248 + step * 8 + dy
            c.line(path(f"M {x} {y} L {x - 14} {y + 26}"), 5.5, RUBBER, 1.0)
            c.line(path(f"M {x - 14} {y + 27} L {x - 12} {y + 29}"), 6, darker(c.colour, 0.5), 0.6)
        c.body(sole, colour=RUBBER, pattern=False, tone=tone * 0.6, rim=0.25, texture=False)
        c.line(path("M 86 336 C 180 342 300 342 396 334") + (dx, dy), 2, mix(c.colour, (120, 110, 110), 0.3), 0.8)


def running_shoes(c: Canvas) -> None:
    c.stand(246, 356, 176, 16)
    for dx, dy, tone in ((26, -54, -0.10), (0, 0, 0.0)):
        upper = path(
            "M 88 312 C 78 282 76 248 84 216 C 96 206 118 212 132 224 "
            "C 152 246 178 246 200 228 C 232 256 268 276 316 284 "
            "C 366 292 396 302 400 320 L 396 330 L 92 330"
        ) + (dx, dy)
        sole = path(
            "M 74 304 C 96 316 130 318 180 320 C 260 324 330 326 404 312 "
            "C 412 322 412 334 402 342 C 380 352 340 350 300 350 "
            "C 270 350 262 358 240 358 L 108 360 C 84 360 70 340 74 304"
        ) + (dx, dy)
        c.body(
            path("M 84 218 C 98 206 120 212 134 226 C 152 246 178 246 200 230 L 190 252 C 150 266 110 256 86 240")
            + (dx, dy),
            colour=darker(c.colour, 0.5),
            pattern=False,
            rim=0,
        )
        if not dx:
            c.shadow(upper, dx=8, dy=-6, blur=12, alpha=0.42)
        c.body(upper, tone=tone, scale=0.8)
        swoop = path("M 112 318 C 150 300 190 274 214 246 L 236 260 C 214 290 180 312 150 326") + (dx, dy)
        c.fill(swoop, lighter(c.colour, 0.62) if sum(c.colour) < 560 else darker(c.colour, 0.3), 0.95)
        toe = path("M 336 326 C 338 306 346 296 358 292 C 384 298 398 308 400 320 L 396 328") + (dx, dy)
        c.body(toe, pattern=False, tone=tone - 0.16, rim=0.15)
        for step in range(4):
            x, y = 214 + step * 23 + dx, 240 + step * 11 + dy
            c.line(path(f"M {x} {y} L {x - 10} {y + 22}"), 5, RUBBER, 1.0)
        c.line(path("M 86 214 C 78 206 76 198 80 192") + (dx, dy), 6, darker(c.colour, 0.25), 1.0)
        c.body(sole, colour=RUBBER, pattern=False, tone=tone * 0.6, rim=0.25, texture=False)
        c.line(path("M 78 330 C 160 342 300 340 406 326") + (dx, dy), 5, c.colour, 0.85)


def ankle_boots(c: Canvas) -> None:
    c.stand(244, 388, 150, 16)
    for dx, dy, tone in ((40, -44, -0.10), (0, 0, 0.0)):
        upper = path(
            "M 122 372 C 124 300 122 210 118 138 C 150 126 206 126 238 138 "
            "C 238 190 240 226 252 252 C 280 282 330 294 356 320 "
            "C 366 334 368 352 366 372"
        ) + (dx, dy)
        if not dx:
            c.shadow(upper, dx=10, dy=-4, blur=12, alpha=0.4)
        c.body(upper, tone=tone)
        c.fill(ellipse(178 + dx, 139 + dy, 60, 11), darker(c.colour, 0.55))
        gore = path(
            "M 168 150 C 186 146 204 148 214 152 C 214 190 210 226 200 258 "
            "C 190 262 182 262 174 258 C 168 220 168 184 168 150"
        ) + (dx, dy)
        c.body(gore, pattern=False, colour=darker(c.colour, 0.42), rim=0.1)
        for x in np.linspace(178, 204, 4):
            c.line(path(f"M {x} 152 L {x - 2} 256") + (dx, dy), 1.2, lighter(c.colour, 0.1), 0.35)
        c.line(path("M 122 318 C 170 312 214 300 240 274") + (dx, dy), 1.8, alpha=0.28)
        c.line(path("M 120 154 C 112 146 112 132 122 128") + (dx, dy), 5, darker(c.colour, 0.3), 1.0)
        c.fill(
            path(
                "M 120 366 C 200 374 300 374 370 364 L 370 382 "
                "C 340 388 300 386 220 384 L 204 380 L 200 396 L 124 396 L 120 366"
            )
            + (dx, dy),
            (62, 46, 38) if c.colour != (50, 50, 56) else (34, 32, 36),
        )
        c.line(path("M 120 368 C 200 376 300 376 370 366") + (dx, dy), 2, (214, 186, 140), 0.7)


def rain_boots(c: Canvas) -> None:
    c.stand(244, 402, 146, 16)
    for dx, dy, tone in ((46, -40, -0.10), (0, 0, 0.0)):
        upper = path(
            "M 118 384 C 124 290 122 170 114 82 C 150 72 206 72 240 82 "
            "C 240 160 238 226 250 262 C 278 296 336 304 358 332 "
            "C 366 346 368 364 366 384"
        ) + (dx, dy)
        if not dx:
            c.shadow(upper, dx=10, dy=-4, blur=12, alpha=0.4)
        c.body(upper, tone=tone, gloss=0.42)
        c.fill(ellipse(177 + dx, 82 + dy, 63, 11), darker(c.colour, 0.55))
        c.body(
            path("M 114 80 C 150 94 206 94 240 80 L 240 100 C 206 112 150 112 115 100") + (dx, dy),
            pattern=False,
            tone=tone - 0.18,
            rim=0.1,
        )
        sole = path(
            "M 114 376 C 200 384 300 384 370 374 L 370 392 C 362 402 330 400 300 400 "
            "L 210 398 L 206 408 L 124 408 C 114 404 114 390 114 376"
        ) + (dx, dy)
        c.body(sole, pattern=False, colour=darker(mix(c.colour, (70, 64, 66), 0.5), 0.15), rim=0.15)


def _bag(c: Canvas, body: np.ndarray, handle_back: np.ndarray, handle: np.ndarray, width: float) -> None:
    strap = darker(c.colour, 0.2) if c.ink_is_light else mix(c.colour, (150, 110, 74), 0.75)
    c.line(handle_back, width, darker(strap, 0.3), 1.0)
    c.body(body)
    c.line(handle, width, strap, 1.0)
    c.line(handle, 1.3, lighter(strap, 0.5), 0.35)


def tote(c: Canvas) -> None:
    c.stand(240, 404, 128, 14)
    body = mirrored("M 0 178 L 124 174 C 132 250 134 330 128 398 C 128 404 124 408 118 408 L 0 410")
    _bag(c, body, right("M -58 176 C -52 60 52 60 58 176") + (8, -4), right("M -62 210 C -60 36 60 36 62 210"), 10)
    c.body(mirrored("M 0 174 L 124 170 L 126 194 L 0 198"), tone=-0.08, rim=0.1)
    for points in (right("M -74 198 L -50 198 L -50 230 L -74 230"), right("M 50 198 L 74 198 L 74 230 L 50 230")):
        c.body(points, pattern=False, tone=-0.25, rim=0.1)
        c.stitch(np.vstack([points, points[:1]]), dash=3.4)
    c.line(right("M -104 250 C -108 300 -106 350 -100 392"), 2.2, alpha=0.12)
    c.line(right("M 100 240 C 106 300 104 350 98 392"), 2.2, alpha=0.12)


def shopper(c: Canvas) -> None:
    c.stand(240, 410, 158, 14)
    body = mirrored("M 0 200 L 150 194 C 164 260 168 330 158 404 C 110 416 50 418 0 418")
    _bag(c, body, right("M -84 198 C -70 40 70 40 84 198") + (8, -5), right("M -88 204 C -76 18 76 18 88 204"), 13)
    c.line(right("M -150 206 L 150 206"), 1.6, alpha=0.25)
    for x in (-110, -40, 60, 118):
        c.line(right(f"M {x} 230 C {x - 6} 290 {x + 8} 340 {x} 400"), 2.4, alpha=0.10)


def backpack(c: Canvas) -> None:
    _pack(c, 1.0)


def mini_backpack(c: Canvas) -> None:
    _pack(c, 0.84)


def _pack(c: Canvas, size: float) -> None:
    def at(points: np.ndarray) -> np.ndarray:
        return (points - (240, 416)) * (size, size) + (240, 416)

    c.stand(240, 412, 118 * size, 14)
    for strap in ("M 92 150 C 140 180 146 300 120 380",):
        for points in (left(strap), right(strap)):
            c.line(at(points), 15 * size, darker(c.colour, 0.32), 1.0)
    c.line(at(right("M -30 96 C -28 52 28 52 30 96")), 9 * size, darker(c.colour, 0.35), 1.0)
    body = at(mirrored("M 0 84 C 62 84 104 112 112 180 C 120 260 122 340 114 396 C 112 410 100 416 84 416 L 0 418"))
    c.body(body)
    c.line(at(right("M -106 190 C -96 120 -50 104 0 104 C 50 104 96 120 106 190")), 4, darker(c.colour, 0.35), 0.9)
    c.line(at(right("M -106 190 C -96 120 -50 104 0 104 C 50 104 96 120 106 190")), 1.4, STEEL, 0.9)
    pocket = at(mirrored("M 0 254 C 44 254 80 256 88 262 C 92 300 92 350 88 388 C 80 398 40 400 0 400"))
    c.shadow(pocket, dx=1, dy=4, blur=6, alpha=0.3)
    c.body(pocket, tone=0.05, rim=0.28)
    c.line(at(right("M -84 276 C -40 270 40 270 84 276")), 4, darker(c.colour, 0.35), 0.9)
    c.line(at(right("M -84 276 C -40 270 40 270 84 276")), 1.4, STEEL, 0.9)
    c.line(at(right("M 62 274 L 66 292")), 4, METAL, 1.0)
    patch = at(box(218, 322, 262, 350, 4))
    c.body(patch, colour=(150, 106, 70), pattern=False, texture=False, rim=0.2)
    c.stitch(np.vstack([patch, patch[:1]]), (236, 214, 178), dash=3)


def scarf(c: Canvas) -> None:
    loop = right("M -92 150 C -96 92 -50 66 0 66 C 54 66 98 94 94 152 C 90 196 44 214 0 214 C -46 214 -88 196 -92 150")
    hole = right(
        "M -48 138 C -48 114 -24 104 0 104 C 26 104 50 114 50 138 C 46 152 24 158 0 158 C -24 158 -46 152 -48 138"
    )
    tails = [
        right("M -8 196 L 56 190 C 76 260 88 330 92 392 L 22 400 C 18 330 8 262 -8 196"),
        right("M -54 188 L 10 200 C 6 264 -2 340 -10 420 L -80 412 C -76 336 -68 260 -54 188"),
    ]
    c.shadow(loop, *tails)
    _fringe(c, 262, 400, 332, 392)
    c.body(tails[0], angle=6, tone=-0.08)
    _fringe(c, 160, 412, 230, 420)
    c.body(tails[1], angle=-6)
    c.body(loop, tone=0.0)
    c.fill(hole, darker(c.colour, 0.62))
    c.fill(
        right(
            "M -48 138 C -48 114 -24 104 0 104 C 26 104 50 114 50 138 C 40 120 20 114 0 114 C -22 114 -40 122 -48 138"
        ),
        (0, 0, 0),
        0.25,
    )
    for text in (
        "M -84 120 C -60 170 0 186 60 176",
        "M 88 130 C 70 176 20 196 -30 196",
        "M -66 92 C -30 78 30 76 72 96",
    ):
        c.line(right(text), 2.6, alpha=0.17)


def _fringe(c: Canvas, x0: float, y0: float, x1: float, y1: float) -> None:
    for share in np.linspace(0.03, 0.97, 12):
        x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        c.line(path(f"M {x} {y - 4} L {x + 1} {y + 20}"), 3, darker(c.colour, 0.12), 1.0)


def square_scarf(c: Canvas) -> None:
    cloth = turned(box(96, 96, 384, 384, 10), 9)
    c.shadow(cloth)
    c.body(cloth, angle=-9)
    edge = darker(c.colour, 0.22) if not c.ink_is_light else lighter(c.colour, 0.55)
    frame = turned(np.vstack([box(112, 112, 368, 368, 6), box(112, 112, 368, 368, 6)[:1]]), 9)
    c.line(frame, 6, edge, 0.9)
    fold = turned(path("M 384 250 L 384 374 Q 384 384 374 384 L 250 384 C 300 360 356 310 384 250"), 9)
    c.shadow(fold, dx=-4, dy=-4, blur=8, alpha=0.3)
    c.fill(fold, lighter(c.colour, 0.22))
    c.fill(fold, (26, 22, 44), 0.06)
    for text in ("M 110 220 C 180 250 240 330 250 380", "M 150 100 C 220 160 320 190 380 190"):
        c.line(turned(path(text), 9), 3, alpha=0.08)


def beanie(c: Canvas) -> None:
    dome = mirrored("M 0 96 C 78 96 138 160 142 300 L 0 306")
    brim = mirrored("M 0 274 C 60 274 112 270 146 262 C 152 290 152 330 146 356 C 110 370 56 374 0 374")
    pom = ellipse(240, 92, 38, 36)
    c.shadow(dome, brim, pom)
    c.body(dome)
    for x in (-96, -58, -20, 20, 58, 96):
        c.line(right(f"M {x * 0.25} 104 C {x * 0.8} 150 {x} 200 {x * 1.08} 280"), 2, alpha=0.13)
    c.shadow(brim, dx=0, dy=-4, blur=5, alpha=0.25)
    c.body(brim, pattern=False, tone=-0.06)
    for x in np.linspace(-132, 132, 17):
        c.line(right(f"M {x} 280 L {x} 360"), 2, alpha=0.10)
    rng = np.random.Generator(np.random.PCG64(3))
    c.fill(pom, darker(c.colour, 0.1))
    for _tuft in range(90):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.0)
        x, y = 240 + np.cos(angle) * 32 * reach, 92 + np.sin(angle) * 30 * reach
        tint = lighter(c.colour, 0.25) if rng.random() < 0.5 else darker(c.colour, 0.12)
        c.line(path(f"M {x} {y} L {x + np.cos(angle) * 9} {y + np.sin(angle) * 9}"), 3, tint, 0.8)


def bucket_hat(c: Canvas) -> None:
    brim = path("M 66 330 C 88 262 120 230 160 222 L 320 222 C 360 230 392 262 414 330 C 370 372 110 372 66 330")
    crown = path(
        "M 146 262 C 150 190 160 140 176 118 C 200 100 280 100 304 118 "
        "C 320 140 330 190 334 262 C 290 282 190 282 146 262"
    )
    c.shadow(brim)
    c.body(brim, tone=-0.06)
    for rise in (16, 34, 52):
        c.stitch(
            path(
                f"M {74 + rise * 0.5} {330 - rise * 0.7} "
                f"C {130} {364 - rise} {350} {364 - rise} {406 - rise * 0.5} {330 - rise * 0.7}"
            ),
            alpha=0.45,
            dash=4,
        )
    c.shadow(crown, dx=0, dy=6, blur=8, alpha=0.3)
    c.body(crown)
    c.line(path("M 178 120 C 210 136 270 136 302 120"), 2, alpha=0.25)
    for x in (196, 284):
        for y in (196, 214):
            c.fill(ellipse(x, y, 3.6, 3.6), darker(c.colour, 0.5))


def cap(c: Canvas) -> None:
    crown = path("M 92 300 C 86 190 150 118 238 118 C 326 118 376 190 372 296 C 300 282 180 284 92 300")
    peak = path(
        "M 214 290 C 280 276 340 280 374 292 C 420 306 446 330 448 346 "
        "C 400 346 330 336 282 330 C 246 326 222 312 214 290"
    )
    c.shadow(crown, peak)
    c.body(crown)
    for text in ("M 238 120 C 196 160 176 220 176 288", "M 238 120 C 280 160 304 220 306 284"):
        c.line(path(text), 1.8, alpha=0.26)
        c.stitch(path(text) + (5, 0), alpha=0.4, dash=4)
    c.fill(ellipse(238, 118, 12, 7), darker(c.colour, 0.2))
    c.shadow(peak, dx=0, dy=4, blur=5, alpha=0.35)
    c.body(peak, tone=-0.1, pattern=False)
    for rise in (8, 16, 24):
        c.stitch(
            path(
                f"M {232 + rise} {296 + rise * 0.4} "
                f"C 290 {300 - rise * 0.2} 370 {304 + rise * 0.4} {432 - rise} {336 - rise * 0.2}"
            ),
            alpha=0.4,
            dash=4,
        )
    for x, y in ((160, 196), (300, 180)):
        c.fill(ellipse(x, y, 4, 4), darker(c.colour, 0.45))


def crew_socks(c: Canvas) -> None:
    _socks(c, 70)


def ankle_socks(c: Canvas) -> None:
    _socks(c, 176)


def _socks(c: Canvas, top: float) -> None:
    for dx, dy, tone in ((74, -16, -0.08), (0, 12, 0.0)):
        sock = path(
            f"M 130 {top} L 214 {top} L 216 262 C 222 292 262 312 296 330 "
            f"C 322 346 322 386 290 392 C 236 398 176 380 146 348 C 126 326 128 300 130 262"
        ) + (dx, dy)
        c.shadow(sock)
        c.body(sock, tone=tone, scale=0.8)
        accent = (
            c.ink
            if c.pattern != "plain"
            else (darker(c.colour, 0.3) if sum(c.colour) > 300 else lighter(c.colour, 0.3))
        )
        cuff = path(f"M 126 {top - 6} L 218 {top - 6} L 217 {top + 30} L 128 {top + 30}") + (dx, dy)
        c.body(cuff, colour=accent, pattern=False, tone=tone, rim=0.2)
        for x in np.linspace(134, 210, 10):
            c.line(path(f"M {x} {top - 4} L {x} {top + 28}") + (dx, dy), 1.6, alpha=0.13)
        heel = path("M 129 290 C 152 292 172 306 178 334 C 176 350 164 360 156 358 C 132 338 127 316 129 290") + (
            dx,
            dy,
        )
        c.body(heel, colour=accent, pattern=False, tone=tone, rim=0.16)
        toe = path(
            "M 270 316 L 296 330 C 322 346 322 386 290 392 C 280 393 270 393 260 392 C 250 366 254 338 270 316"
        ) + (dx, dy)
        c.body(toe, colour=accent, pattern=False, tone=tone, rim=0.16)


def umbrella(c: Canvas) -> None:
    _canopy(c, 250, 200, 430)
    c.line(right("M 0 392 C 0 432 44 432 44 404"), 11, (128, 84, 52), 1.0)
    c.line(right("M -2 392 C -2 428 42 430 42 404"), 2, (214, 170, 120), 0.6)


def folding_umbrella(c: Canvas) -> None:
    _canopy(c, 262, 186, 400)
    c.body(box(231, 366, 249, 416, 7), colour=darker(c.colour, 0.35), pattern=False, texture=False, rim=0.3)
    c.line(right("M 0 416 C -16 432 -4 444 8 432"), 2.6, darker(c.colour, 0.4), 1.0)


def _canopy(c: Canvas, base: float, reach: float, foot: float) -> None:
    top = base - 170
    scallops = np.linspace(-reach, reach, 6)
    text = f"M 0 {top} C {reach * 0.62} {top + 4} {reach * 0.96} {base - 70} {reach} {base} "
    for end, start in zip(scallops[::-1][1:], scallops[::-1][:-1], strict=True):
        text += f"Q {(start + end) / 2} {base - 30} {end} {base} "
    text += f"C {-reach * 0.96} {base - 70} {-reach * 0.62} {top + 4} 0 {top}"
    canopy = right(text)
    c.shadow(canopy, dx=6, dy=16, blur=14, alpha=0.22)
    c.line(right(f"M 0 {top - 16} L 0 {foot - 36}"), 6, (150, 146, 146), 1.0)
    c.line(right(f"M -1.5 {top - 16} L -1.5 {foot - 36}"), 1.6, (240, 240, 240), 0.7)
    c.body(canopy)
    for index, end in enumerate(scallops[1:-1]):
        rib = right(f"M 0 {top} C {end * 0.7} {top + 20} {end * 0.98} {base - 70} {end} {base}")
        c.line(rib, 1.8, alpha=0.25)
        if index % 2 == 0:
            other = scallops[index + 2]
            panel = right(
                f"M 0 {top} C {end * 0.7} {top + 20} {end * 0.98} {base - 70} {end} {base} "
                f"Q {(end + other) / 2} {base - 30} {other} {base} "
                f"C {other * 0.98} {base - 70} {other * 0.7} {top + 20} 0 {top}"
            )
            c.fill(panel, (26, 22, 44), 0.09)
    for end in scallops:
        c.fill(ellipse(240 + end, base + 2, 3.4, 3.4), (150, 146, 146))
