// @ts-check
// What is nicer with scripts than without. Every page works when this file does not come.
(() => {
  "use strict";
  /** A changed number of pieces is kept at once. On a phone several filters are ticked before the products come. */
  const wide = matchMedia("(min-width: 900px)");
  document.querySelectorAll("[data-submit]").forEach((field) =>
    field.addEventListener("change", () => {
      const waits = field.matches(".filters [type=checkbox]") && !wide.matches;
      if (!waits) /** @type {HTMLInputElement} */ (field).form?.requestSubmit();
    }),
  );
  /** Pressed twice is ordered once; the server sees to that too. */
  document.querySelectorAll("[data-once]").forEach((button) =>
    /** @type {HTMLButtonElement} */ (button).form?.addEventListener("submit", () => button.setAttribute("aria-disabled", "true")),
  );
  /** The total follows the delivery and the code that are chosen. */
  const coupon = /** @type {HTMLSelectElement|null} */ (document.querySelector("[data-coupon]"));
  const recount = () => {
    const way = /** @type {HTMLInputElement|null} */ (document.querySelector("input[data-total]:checked"));
    if (!way) return;
    const code = coupon?.selectedOptions[0];
    const off = code?.getAttribute(`data-off-${way.value}`) || "";
    const said = { shipping: way.dataset.price, off, sum: code?.getAttribute(`data-total-${way.value}`) || way.dataset.total };
    Object.entries(said).forEach(([name, text]) => {
      const place = document.querySelector(`[data-${name}]`);
      if (place) place.textContent = text || "";
    });
    document.querySelector("[data-off-line]")?.toggleAttribute("hidden", !off);
  };
  document.querySelectorAll("input[data-total], [data-coupon]").forEach((field) => field.addEventListener("change", recount));
  recount(); // a browser that comes back keeps what was chosen
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
  /**
   * Search by photo: the network looks at 192 pixels, so a photo of a telephone goes out small, and sent at once.
   * What cannot be drawn here goes as it is; the server says what is wrong with it.
   * @param {File} file
   */
  const smaller = async (file) => {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, 640 / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))];
    const context = canvas.getContext("2d");
    if (!context) return file;
    context.fillStyle = "#fff"; // what is clear in the photo is white for the network, too
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    /** @type {Blob|null} */
    const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return made && made.size < file.size ? new File([made], "photo.jpg", { type: "image/jpeg" }) : file;
  };
  const ask = document.querySelector("[data-photo-ask]");
  document.querySelectorAll("input[data-photo-search]").forEach((one) => {
    const field = /** @type {HTMLInputElement} */ (one);
    field.addEventListener("change", async () => {
      const file = field.files && field.files[0];
      if (!file || !field.form) return;
      if (ask instanceof HTMLElement) {
        ask.setAttribute("aria-busy", "true");
        ask.setAttribute("aria-label", ask.dataset.looking || "");
      }
      try {
        const chosen = new DataTransfer();
        chosen.items.add(await smaller(file));
        field.files = chosen.files;
      } catch {} // as it is
      field.form.requestSubmit();
    });
  });
  ask?.addEventListener("click", (event) => {
    const field = document.querySelector("[data-photo-form] input[type=file]");
    if (!(field instanceof HTMLInputElement)) return;
    event.preventDefault();
    field.click();
  });
  const state = document.querySelector("[data-consent-state]");
  const show = () => {
    if (!(state instanceof HTMLElement)) return;
    const choice = /** @type {any} */ (window).zhanggui?.consent();
    state.textContent = (choice === true ? state.dataset.yes : choice === false ? state.dataset.no : state.dataset.open) || "";
  };
  /**
   * The id of this browser for the pages that the server makes, as long as the person allows it: results of a search are
   * then in their order, and count in experiments. The script of Zhanggui itself sets no cookie.
   */
  const remember = () => {
    const sdk = /** @type {any} */ (window).zhanggui;
    if (!sdk) return;
    const id = sdk.visitor() || "";
    const age = id ? 180 * 24 * 3600 : 0;
    document.cookie = `shop_visitor=${id};path=/shop/;max-age=${age};SameSite=Lax${location.protocol === "https:" ? ";Secure" : ""}`;
  };
  const chosen = () => (show(), remember());
  document.addEventListener("click", () => setTimeout(chosen));
  chosen();
  // The chat comes with the first sign of somebody, so that a first look does not pay for it.
  const own = document.querySelector("script[data-chat-script]");
  const signs = ["pointermove", "pointerdown", "touchstart", "keydown", "scroll"];
  const bringChat = () => {
    signs.forEach((sign) => removeEventListener(sign, bringChat));
    if (!(own instanceof HTMLScriptElement)) return;
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = own.dataset.chatLook || "";
    const script = document.createElement("script");
    script.src = own.dataset.chatScript || "";
    script.dataset.articleUrl = own.dataset.articleUrl;
    style.addEventListener("load", () => document.head.append(script));
    document.head.append(style);
  };
  signs.forEach((sign) => addEventListener(sign, bringChat, { passive: true }));
  // A page that comes back from the browser's memory shows the basket as it was: ask again.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
