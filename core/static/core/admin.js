/* Behaviour of the staff pages: colours before the first paint, menus, explanations, toasts, confirmations. */
"use strict";
(() => {
  const root = document.documentElement;
  // The theme keeps the choice as JSON; without this the page would flash in the wrong colours.
  let chosen = "auto";
  try { chosen = JSON.parse(localStorage.getItem("adminTheme")) || "auto"; } catch (error) { /* storage is off */ }
  const dark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.add(dark ? "dark" : "light");

  const say = (text) => { const live = document.getElementById("zg-live"); if (live) live.textContent = text; };

  /* Menus are <details>: Esc and a click elsewhere close them, Esc gives the focus back. */
  const openMenus = () => document.querySelectorAll("details[data-menu][open]");
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  /* Explanations: click, Enter or resting for 300 ms opens; Esc closes. */
  let hoverTimer = 0;
  const parts = (box) => [box.querySelector("[data-popover-open]"), box.querySelector(".zg-popover")];
  function openPopover(box) {
    const [button, panel] = parts(box);
    if (!panel.hidden) return;
    closePopovers();
    panel.hidden = false;
    panel.classList.remove("is-left");
    if (panel.getBoundingClientRect().right > innerWidth - 8) panel.classList.add("is-left");
    const left = panel.getBoundingClientRect().left;
    panel.style.marginLeft = left < 8 ? `${8 - left}px` : "";
    button.setAttribute("aria-expanded", "true");
  }
  function closePopover(box, back) {
    const [button, panel] = parts(box);
    if (panel.hidden) return false;
    panel.hidden = true;
    panel.style.marginLeft = "";
    delete box.dataset.pinned;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
    return true;
  }
  const closePopovers = () => document.querySelectorAll("[data-popover]").forEach((box) => closePopover(box, false));
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-popover]");
    if (!box) return closePopovers();
    if (!event.target.closest("[data-popover-open]")) return;
    event.preventDefault();
    if (box.dataset.pinned) closePopover(box, true);
    else { openPopover(box); box.dataset.pinned = "1"; }
  });
  document.addEventListener("mouseover", (event) => {
    const box = event.target.closest && event.target.closest("[data-popover]");
    clearTimeout(hoverTimer);
    if (box) hoverTimer = setTimeout(() => openPopover(box), 300);
    else hoverTimer = setTimeout(() => document.querySelectorAll("[data-popover]:not([data-pinned])").forEach((b) => closePopover(b, false)), 300);
  });
  document.addEventListener("focusout", (event) => {
    const box = event.target.closest && event.target.closest("[data-popover]");
    if (box && event.relatedTarget && !box.contains(event.relatedTarget)) closePopover(box, false);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.target.closest("input, textarea, select, [contenteditable]") && !document.querySelector("dialog[open]")) {
      document.getElementById("zg-keys").showModal();
    }
    if (event.key !== "Escape") return;
    for (const box of document.querySelectorAll("[data-popover]")) if (closePopover(box, true)) return;
    for (const menu of openMenus()) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  /* Toasts: one at a time, 6 s, 12 s when something can be undone; they wait while somebody looks at them. */
  function runToast(toast) {
    let left = Number(toast.dataset.toast) * 1000, started = 0, timer = 0;
    const hide = () => { if (toast.isConnected) { toast.remove(); nextToast(); } };
    const go = () => { started = Date.now(); timer = setTimeout(hide, left); };
    const wait = () => { clearTimeout(timer); left -= Date.now() - started; };
    toast.hidden = false;
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, wait);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, go);
    toast.querySelector("[data-toast-close]").addEventListener("click", hide);
    go();
  }
  function nextToast() {
    const next = document.querySelector("#zg-toasts .zg-toast");
    if (next) runToast(next);
  }
  document.addEventListener("zg:toast", (event) => {
    const box = document.getElementById("zg-toasts");
    const toast = document.createElement("div");
    toast.className = "zg-toast";
    toast.dataset.toast = event.detail.undo ? "12" : "6";
    const words = document.createElement("span");
    words.textContent = event.detail.text || event.detail.value || "";
    const close = document.createElement("button");
    close.type = "button"; close.dataset.toastClose = ""; close.textContent = "×";
    toast.append(words);
    if (event.detail.undo) {
      const undo = document.createElement("button");
      undo.type = "button"; undo.textContent = event.detail.undoLabel;
      undo.addEventListener("click", () => { close.click(); event.detail.undo(); });
      toast.append(undo);
    }
    toast.append(close);
    /* what was done last is told at once: behind another it would offer its Undo when something else has been done since */
    box.querySelectorAll("[data-toast-live]").forEach((old) => old.remove());
    toast.dataset.toastLive = "";
    toast.hidden = box.childElementCount > 0;
    box.append(toast);
    if (!toast.hidden) runToast(toast);
  });

  /* Confirmations: a form or a button says what will happen with data-confirm…; Cancel has the focus. What is red on the page is red in
     the question; anything else, such as an approval, is the plain button. */
  function ask(source, button) {
    const box = document.getElementById("zg-confirm"), go = box.querySelector("[data-confirm-go]");
    const number = source.dataset.confirmNumber, field = box.querySelector("input");
    box.querySelector("#zg-confirm-title").textContent = source.dataset.confirm;
    box.querySelector("#zg-confirm-text").textContent = source.dataset.confirmText || "";
    box.querySelector("#zg-confirm-number").hidden = !number;
    go.textContent = source.dataset.confirmLabel || "OK";
    go.classList.toggle("zg-danger", Boolean(button && button.matches(".zg-danger, .zg-tone-bad")));
    field.value = "";
    go.disabled = Boolean(number);
    field.oninput = () => { go.disabled = field.value.replace(/\D/g, "") !== String(number).replace(/\D/g, ""); };
    return new Promise((done) => {
      const end = (answer) => { box.onclose = null; if (box.open) box.close(); done(answer); };
      go.onclick = () => end(true);
      box.querySelector("[data-confirm-cancel]").onclick = () => end(false);
      box.onclose = () => end(false);
      box.showModal();
    });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target, source = event.submitter && event.submitter.dataset.confirm ? event.submitter : form;
    if (source.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      ask(source, event.submitter).then((yes) => {
        if (!yes) return;
        form.dataset.confirmed = "1";
        if (event.submitter) form.requestSubmit(event.submitter); else form.requestSubmit();
        delete form.dataset.confirmed;
      });
      return;
    }
    if (event.defaultPrevented || form.method === "dialog" || form.target === "_blank" || form.id === "changelist-form") return;
    // A second click while the first is on its way would do everything twice; later, a form that only loads a file goes again.
    if (form.method === "post" && Date.now() - Number(form.dataset.sent || 0) < 3000) { event.preventDefault(); return; }
    form.dataset.sent = Date.now();
    // After the data is taken, because a disabled button would not be sent, and after the page's own scripts had their say: what they
    // send themselves is not on its way.
    setTimeout(() => {
      if (event.defaultPrevented) delete form.dataset.sent;
      for (const button of form.querySelectorAll("button[type=submit]")) { button.classList.add("is-busy"); button.setAttribute("aria-disabled", "true"); }
    }, 0);
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
    document.querySelectorAll(".is-busy").forEach((button) => { button.classList.remove("is-busy"); button.removeAttribute("aria-disabled"); });
  });

  /* The palette: Ctrl K or its button; arrows choose, Enter goes there. */
  const palette = () => document.getElementById("zg-palette");
  const options = () => [...palette().querySelectorAll("[role=option]")];
  function openPalette() {
    const box = palette();
    if (!box || box.open) return;
    box.showModal();
    box.querySelector("input").select();
  }
  function choose(step) {
    const all = options(), now = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const next = all[(now + step + all.length) % all.length];
    all.forEach((one) => one.setAttribute("aria-selected", one === next));
    if (next) { next.scrollIntoView({ block: "nearest" }); palette().querySelector("input").setAttribute("aria-activedescendant", next.id); }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && palette()) { event.preventDefault(); openPalette(); return; }
    if (!event.target.closest || !event.target.closest("#zg-palette input")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
    if (event.key === "Enter") { event.preventDefault(); palette().querySelector("[aria-selected=true] a")?.click(); }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) openPalette();
    else if (event.target === palette()) palette().close();
  });

  /* Previous and next of the list somebody came from. The list leaves its rows in this tab's memory; at the end of its
     page the next page is fetched when it is asked for. */
  const ROWS = "zg-rows";
  const rowsOf = (page) => [...new Set([...page.querySelectorAll("#result_list tbody th a, #result_list tbody td.field-name a")].map((link) => link.getAttribute("href")))];
  const turn = (page, rel) => page.querySelector(`.zg-pages a[rel=${rel}]`)?.href || "";
  function remember(page, address) {
    const rows = rowsOf(page);
    if (rows.length) sessionStorage.setItem(ROWS, JSON.stringify({ rows, next: turn(page, "next"), prev: turn(page, "prev"), address }));
  }
  function neighbours() {
    const place = document.querySelector("[data-neighbours]");
    if (!place) return;
    let known = null;
    try { known = JSON.parse(sessionStorage.getItem(ROWS) || "null"); } catch (error) { return; }
    const here = known ? known.rows.findIndex((row) => new URL(row, location.href).pathname === location.pathname) : -1;
    if (here < 0) return;
    for (const [rel, step] of [["prev", -1], ["next", 1]]) {
      const link = place.querySelector(`[rel=${rel}]`), row = known.rows[here + step], page = known[rel];
      if (!row && !page) { link.hidden = true; continue; }
      link.href = row || page;
      if (row) continue;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        fetch(page, { credentials: "same-origin" }).then((answer) => answer.text()).then((text) => {
          const other = new DOMParser().parseFromString(text, "text/html");
          for (const one of other.querySelectorAll(".zg-pages a")) one.href = new URL(one.getAttribute("href"), page).href;
          const rows = rowsOf(other).map((one) => new URL(one, page).href);
          remember(other, page);
          location.href = rows[step > 0 ? 0 : rows.length - 1] || page;
        }).catch(() => { location.href = page; });
      });
    }
    place.hidden = false;
  }
  addEventListener("DOMContentLoaded", () => { if (document.getElementById("result_list")) remember(document, location.href); neighbours(); });

  /* Copy what is shown only once. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.querySelector(button.dataset.copy).textContent.trim();
    (navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject()).then(
      () => say(button.dataset.copied),
      () => getSelection().selectAllChildren(document.querySelector(button.dataset.copy)));
  });

  /* A choice in a list that is searched is told by jQuery alone: whoever listens to the page hears it, too. */
  addEventListener("DOMContentLoaded", () => window.django?.jQuery?.(document).on("change", "select", (event) => {
    if (!event.originalEvent) event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }));

  /* A row that was added is filled in next, so the focus goes there. */
  document.addEventListener("formset:added", (event) => {
    [...event.target.querySelectorAll("select, input, textarea")].find((one) => one.offsetParent)?.focus();
  });

  /* A slider says where it stands. */
  document.addEventListener("input", (event) => {
    const shown = event.target.closest(".zg-slider")?.querySelector("output");
    if (shown) shown.value = event.target.ariaValueText = `${Math.round(event.target.value * 100)}%`;
  });

  /* The theme writes the name of a chosen file into the text field of its own widget, and into nothing where there is none:
     a field that it believes to be heard already is left to the browser, which names the file itself. */
  Object.defineProperty(HTMLInputElement.prototype, "hasChangeListener", {
    configurable: true,
    get() { return this.isHeard || !this.parentNode?.parentNode?.parentNode?.querySelector(":scope > label > input[type=text][disabled]"); },
    set(value) { this.isHeard = value; },
  });

  // After the theme and Django have put the focus into the first field.
  addEventListener("load", () => setTimeout(() => document.querySelector("[data-focus-first]")?.focus(), 50));
  addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("#zg-toasts .zg-toast").forEach((toast, index) => { toast.hidden = index > 0; });
    nextToast();
    document.body.addEventListener("htmx:afterSwap", (event) => {
      const words = event.target && event.target.querySelector && event.target.querySelector("[data-announce]");
      if (words) say(words.dataset.announce);
    });
    // A part that is there, or failed, waits no more: what stands below it may be seen, and is read out.
    document.body.addEventListener("htmx:afterRequest", (event) => event.detail.elt.removeAttribute("aria-busy"));
    document.body.addEventListener("htmx:responseError", () => say(document.body.dataset.failed));
  });
})();
