// @ts-check
// What the share under the finger brings, in words; without this file the words are those of what is saved.
(() => {
  "use strict";
  const said = document.querySelector("[data-promises]");
  const slider = document.querySelector("input[name=apply_precision]");
  if (!(said instanceof HTMLElement) || !(slider instanceof HTMLInputElement)) return;
  /** @type {Record<string, string>} */
  const words = JSON.parse(said.dataset.promises || "{}");
  slider.addEventListener("input", () => { said.textContent = words[Number(slider.value).toFixed(2)] || ""; });
})();
