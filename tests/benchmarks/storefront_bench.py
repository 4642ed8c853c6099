"""Weight and speed of the storefront's home and product page on a phone, at a first visit with an empty cache.

An installation of its own with the small demo shop answers as in `make run`. The phone: 390 × 844, three pixels per
point, a processor four times slower than this one, 1.6 Mbit/s down and 150 ms for each round trip (slow 4G). Five
visits each, the median counts. Pictures count as requests, not as bytes. Without Chromium there is nothing to measure.
"""

import json
import shutil
import statistics
import sys
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import FLAGS, PROGRAMS
from tests.faults.harness import Shop

VISITS = 5
PATIENCE_S = 3_600
"""A busy machine may take long to make the shop and to draw a page, which says nothing about either."""
SLOWER = 4
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
MOST_KB, MOST_REQUESTS, MOST_LARGEST_PAINT_MS, MOST_SHIFT = 200, 15, 1_500, 0.05
WATCH = """
window.seen = {paint: 0, what: '', shift: 0};
new PerformanceObserver(list => list.getEntries().forEach(entry => {
    window.seen.paint = entry.startTime; window.seen.what = entry.element ? entry.element.tagName : '';
})).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (!entry.hadRecentInput) window.seen.shift += entry.value;
})).observe({type: 'layout-shift', buffered: true});
"""


def visit(browser: Browser, base: str, path: str) -> dict[str, float]:
    """One first visit: requests by kind, bytes without and of pictures, and when the largest thing was painted."""
    context = browser.new_context(
        base_url=base, viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", NETWORK)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    wire.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(path, wait_until="networkidle", timeout=PATIENCE_S * 1000)
    page.wait_for_timeout(500)
    seen = page.evaluate("window.seen")
    context.close()
    pictures = {request for request, kind in kinds.items() if kind == "Image"}
    return {
        "kb": sum(size for request, size in sizes.items() if request not in pictures) / 1000,
        "requests": len(kinds),
        "requests_pictures": len(pictures),
        "requests_scripts_and_styles": sum(kind in ("Script", "Stylesheet") for kind in kinds.values()),
        "requests_api": sum(kind in ("Fetch", "XHR", "Preflight", "Ping") for kind in kinds.values()),
        "pictures_kb": sum(sizes.get(request, 0) for request in pictures) / 1000,
        "largest_paint_ms": seen["paint"],
        "shift": seen["shift"],
    }


def measure(shop: Shop, program: str) -> dict[str, dict[str, float]]:
    base = f"http://127.0.0.1:{shop.port}"
    product = shop.ask("SELECT public_id FROM catalog_product WHERE is_in_stock ORDER BY id LIMIT 1")[0][0]
    pages = {"home": "/shop/", "product": f"/shop/p/{product}/"}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        for path in pages.values():
            visit(browser, base, path)  # the shop's own caches and pictures are made
        found = {name: [visit(browser, base, path) for _visit in range(VISITS)] for name, path in pages.items()}
        browser.close()
    return {
        name: {key: round(statistics.median(one[key] for one in visits), 3) for key in visits[0]}
        for name, visits in found.items()
    }


def above(result: dict[str, dict[str, float]]) -> list[str]:
    limits = {
        "kb": MOST_KB, "requests": MOST_REQUESTS, "largest_paint_ms": MOST_LARGEST_PAINT_MS, "shift": MOST_SHIFT,
    }  # fmt: skip
    return [
        f"{page}: {key} is {figures[key]}, allowed {most}"
        for page, figures in result.items()
        for key, most in limits.items()
        if figures[key] > most
    ]


def main() -> int:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        print("Skipped: no Chromium on the path.")
        return 0
    shop = Shop(
        filled=False,
        environment={"STATIC_STORAGE": "whitenoise.storage.CompressedManifestStaticFilesStorage", "STOREFRONT": "1"},
    )
    try:
        shop.manage("prepare_shop", timeout=PATIENCE_S)
        shop.start("web")
        result: Any = measure(shop, program)
    finally:
        shop.remove()
    print(json.dumps(result, indent=2))
    too_much = above(result)
    for line in too_much:
        print(f"OUT OF RANGE {line}")
    return 1 if too_much else 0


if __name__ == "__main__":
    sys.exit(main())
