/* Says the figures of the live page to screen readers, but no more often than once a minute. */
(() => {
  const EVERY = 60_000;
  let last = Date.now();
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "ana-figures" || Date.now() - last < EVERY) return;
    const part = event.target.querySelector("[data-said]");
    if (!part) return;
    document.getElementById("ana-said").textContent = part.dataset.said;
    last = Date.now();
  });
})();
