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
  /** Photos of a review: seen and checked before they are sent, and how far the sending is. */
  const photoFields = (/** @type {ParentNode} */ root) => root.querySelectorAll("input[data-photos]").forEach((one) => {
    const field = /** @type {HTMLInputElement} */ (one);
    const box = field.closest(".photo-field");
    const form = field.form;
    const shown = /** @type {HTMLElement|null} */ (box && box.querySelector("[data-previews]"));
    const problem = /** @type {HTMLElement|null} */ (box && box.querySelector("[data-photo-problem]"));
    const bar = box && box.querySelector("progress");
    if (!form || !shown || !problem || !bar) return;
    /** @param {File} file */
    const fault = (file) =>
      !/^image\/(jpeg|png|webp)$/.test(file.type) ? field.dataset.kind : file.size > 1e7 ? field.dataset.large : "";
    const look = async () => {
      const files = [...(field.files || [])];
      const faults = files.filter(fault).map((file) => `${file.name} ${fault(file)}`);
      if (files.length > Number(field.dataset.photos)) faults.unshift(field.dataset.many || "");
      problem.textContent = faults.join(" · ");
      problem.hidden = !faults.length;
      field.setAttribute("aria-invalid", String(!!faults.length));
      const drawn = await Promise.all(files.filter((file) => !fault(file)).slice(0, 6).map(preview));
      shown.replaceChildren(...drawn);
      shown.hidden = !drawn.length;
    };
    /** @param {File} file */
    const preview = async (file) => {
      const entry = document.createElement("li");
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 192;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", file.name);
      entry.append(canvas);
      try {
        const image = await createImageBitmap(file);
        const side = Math.min(image.width, image.height);
        canvas.getContext("2d")?.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, 192, 192);
      } catch {
        entry.textContent = file.name; // the server says what is wrong with it
      }
      return entry;
    };
    field.addEventListener("change", () => void look());
    form.addEventListener("submit", (event) => {
      if (!field.files?.length) return;
      event.preventDefault();
      if (!problem.hidden) return void field.focus();
      if (form.getAttribute("aria-busy") === "true") return;
      const request = new XMLHttpRequest();
      const done = () => (form.removeAttribute("aria-busy"), (bar.hidden = true));
      form.setAttribute("aria-busy", "true");
      bar.hidden = false;
      bar.setAttribute("aria-label", field.dataset.sending || "");
      request.upload.addEventListener("progress", (sent) => sent.lengthComputable && (bar.value = (100 * sent.loaded) / sent.total));
      request.addEventListener("error", () => (done(), HTMLFormElement.prototype.submit.call(form)));
      request.addEventListener("load", () => {
        done();
        if (request.status < 400) return location.assign(request.responseURL);
        const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
        if (!main) return HTMLFormElement.prototype.submit.call(form);
        document.querySelector("main")?.replaceWith(main);
        main.querySelector("[role=alert]")?.scrollIntoView({ block: "center" });
        photoFields(main);
      });
      request.open("POST", form.action);
      request.send(new FormData(form));
    });
  });
  photoFields(document);
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
