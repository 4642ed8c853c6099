// @ts-check
// What is nicer with scripts than without. Every page works when this file does not come.
(() => {
  "use strict";
  /** A changed number of pieces is kept at once. */
  document.querySelectorAll("[data-submit]").forEach((field) =>
    field.addEventListener("change", () => /** @type {HTMLInputElement} */ (field).form?.requestSubmit()),
  );
  /** Pressed twice is ordered once; the server sees to that too. */
  document.querySelectorAll("[data-once]").forEach((button) =>
    /** @type {HTMLButtonElement} */ (button).form?.addEventListener("submit", () => button.setAttribute("aria-disabled", "true")),
  );
  /** The total follows the delivery that is chosen. */
  document.querySelectorAll("input[data-total]").forEach((way) => {
    const { price, total } = /** @type {HTMLElement} */ (way).dataset;
    way.addEventListener("change", () => {
      const shown = [document.querySelector("[data-shipping]"), document.querySelector("[data-sum]")];
      shown.forEach((place, index) => place && (place.textContent = [price, total][index] || ""));
    });
  });
  const state = document.querySelector("[data-consent-state]");
  const show = () => {
    if (!(state instanceof HTMLElement)) return;
    const choice = /** @type {any} */ (window).zhanggui?.consent();
    state.textContent = (choice === true ? state.dataset.yes : choice === false ? state.dataset.no : state.dataset.open) || "";
  };
  document.addEventListener("click", () => setTimeout(show));
  show();
  // A page that comes back from the browser's memory shows the basket as it was: ask again.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
