// @ts-check
// A photo that is dropped on the form is sent at once; without this file the form has a field and a button.
(() => {
  "use strict";
  const form = document.querySelector("form[data-drop]");
  if (!(form instanceof HTMLFormElement)) return;
  const field = form.querySelector("input[type=file]");
  if (!(field instanceof HTMLInputElement)) return;
  // The theme writes the file's name into a text field of its own markup, which is not here: it looks for this mark first.
  Object.assign(field, { hasChangeListener: true });
  const mark = (/** @type {boolean} */ is) => form.toggleAttribute("data-over", is);
  form.addEventListener("dragover", (event) => (event.preventDefault(), mark(true)));
  form.addEventListener("dragleave", () => mark(false));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    field.files = files;
    form.requestSubmit();
  });
  field.addEventListener("change", () => field.files?.length && form.requestSubmit());
  form.addEventListener("submit", () => form.setAttribute("aria-busy", "true"));
})();
