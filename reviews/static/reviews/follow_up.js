/* An unhappy customer: one key each, besides the buttons. */
"use strict";
(() => {
  const press = (selector) => { const one = document.querySelector(selector); if (one) one.click(); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const keys = {
      h: "[data-follow] button[value=handled]", n: "[data-follow] button[value=needless]", j: "[data-follow-next]", o: "[data-follow-open]",
    };
    const selector = keys[event.key.toLowerCase()];
    if (selector) { event.preventDefault(); press(selector); }
  });
})();
