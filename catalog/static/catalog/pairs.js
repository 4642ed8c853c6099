/* Rows of name and value: the button copies the last, empty row. Without scripts one row is added with each save. */
"use strict";
addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-pairs]")) {
    const button = box.querySelector("[data-pairs-add]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const rows = box.querySelectorAll(".cat-pair");
      const row = rows[rows.length - 1].cloneNode(true);
      row.querySelectorAll("input").forEach((input) => { input.value = ""; input.removeAttribute("id"); });
      button.before(row);
      row.querySelector("input").focus();
    });
  }
});
