// @ts-check
// A photo that is dropped on the form is sent at once, and again when a filter changes: the page stays, so that the field
// keeps its photo. Without this file the form has a field and a button.
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
  form.querySelectorAll(".vis-narrow :is(select, input)").forEach((one) =>
    one.addEventListener("change", () => field.files?.length && form.requestSubmit()));
  let asked = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = ++asked;
    form.setAttribute("aria-busy", "true");
    let text = "";
    try {
      const answer = await fetch(location.href, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      if (answer.ok || answer.status === 422) text = await answer.text();
    } catch { /* told below */ }
    if (mine !== asked) return; // a later choice is on its way
    form.removeAttribute("aria-busy");
    const page = new DOMParser().parseFromString(text, "text/html");
    const parts = [...document.querySelectorAll("[data-part]")].map((old) =>
      ({ old, fresh: page.querySelector(`[data-part="${old.getAttribute("data-part")}"]`) }));
    if (parts.every((one) => one.fresh)) parts.forEach((one) => one.fresh && one.old.replaceWith(one.fresh));
    else document.dispatchEvent(new CustomEvent("zg:toast", { detail: { text: document.body.dataset.failed } }));
  });
})();
