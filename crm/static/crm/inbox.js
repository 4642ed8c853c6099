/* The inbox: live list and thread, sending without leaving the page, keys, drafts, who else is here. */
"use strict";
(() => {
  const box = document.querySelector("[data-inbox]");
  if (!box) return;
  const ticket = box.dataset.ticket, draftKey = `inbox-draft-${ticket}`;
  const find = (name) => box.querySelector(`[data-inbox-${name}]`);
  const text = () => document.getElementById("inbox-text");
  const say = (words, more) => document.dispatchEvent(new CustomEvent("zg:toast", { detail: { text: words, ...more } }));
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  let typedAt = 0, lastUndo = 0, isBusy = false;

  /* drafts outlive the page, a lost session and a refusal */
  const draft = {
    keep: (value) => { try { value ? localStorage.setItem(draftKey, value) : localStorage.removeItem(draftKey); } catch (error) { /* storage is off */ } },
    get: () => { try { return localStorage.getItem(draftKey) || ""; } catch (error) { return ""; } },
  };
  const newKey = () => { const field = find("key"); if (field) field.value = `${Date.now()}-${Math.random().toString(36).slice(2)}`; };
  /* a note that somebody began with N must not go to the customer with the next Ctrl Enter */
  function asNote(is) {
    const form = find("write");
    if (!form) return;
    form.classList.toggle("is-note", is);
    find("note").classList.toggle("zg-primary", is);
    find("note-words").hidden = !is;
    text().focus();
  }
  function down() { const said = find("said"); if (said) said.scrollTop = said.scrollHeight; }

  /* parts of the page are asked for anew; what somebody writes stays */
  async function refresh() {
    let answer;
    try { answer = await fetch(location.href, { credentials: "same-origin" }); } catch (error) { return; }
    if (!answer.ok || answer.redirected) { if (answer.redirected) location.href = answer.url; return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), fresh = page.querySelector("[data-inbox]");
    if (!fresh) return;
    const focused = document.activeElement?.closest("[data-inbox-row]")?.getAttribute("href");
    const list = find("list"), search = document.activeElement?.id === "inbox-search";
    if (!search) {
      const at = list.scrollTop;
      list.replaceWith(fresh.querySelector("[data-inbox-list]"));
      find("list").scrollTop = at;
      if (focused) find("list").querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
    const said = find("said"), now = fresh.querySelector("[data-inbox-said]");
    if (said && now && said.innerHTML !== now.innerHTML && !said.querySelector(":checked")) {
      const isDown = said.scrollHeight - said.scrollTop - said.clientHeight < 80;
      said.innerHTML = now.innerHTML;
      if (isDown) down();
    }
    const head = find("head"), newHead = fresh.querySelector("[data-inbox-head]");
    if (head && newHead && !head.querySelector("details[open]")) head.replaceWith(newHead);
    const past = find("history"), newPast = fresh.querySelector("[data-inbox-history]");
    if (past && newPast) { newPast.open = past.open; past.replaceWith(newPast); }
    /* whoever has not begun to write has seen what is there; who writes is told when somebody else answers first */
    const seen = find("expected"), newSeen = fresh.querySelector("[data-inbox-expected]");
    if (seen && newSeen && !text().value.trim()) seen.value = newSeen.value;
    if (Boolean(find("write")) !== Boolean(fresh.querySelector("[data-inbox-write]")) && !text()?.value.trim()) location.reload();
    box.dataset.mark = fresh.dataset.mark;
  }
  async function poll() {
    if (document.hidden || isBusy) return;
    const typing = Date.now() - typedAt < 8000 ? 1 : 0;
    let told;
    try {
      const answer = await fetch(`${box.dataset.changes}?ticket=${ticket}&typing=${typing}`, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      told = await answer.json();
    } catch (error) { return; }
    const others = find("others");
    if (others) { others.textContent = told.others; others.hidden = !told.others; }
    if (told.mark !== box.dataset.mark) await refresh();
  }
  const started = Date.now();
  (function next() { setTimeout(() => poll().finally(next), Date.now() - started < 600000 ? 3000 : 10000); })();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  if (ticket) poll();
  if (document.readyState === "complete") told(); else window.addEventListener("load", told);

  /* what was done here is told, and can be taken back, on the page that it leads to */
  const LATER = "inbox-told";
  function later(words, event) { try { sessionStorage.setItem(LATER, JSON.stringify([words, event])); } catch (error) { /* storage is off */ } }
  function told() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(LATER)); sessionStorage.removeItem(LATER); } catch (error) { return; }
    if (!kept) return;
    lastUndo = kept[1];
    say(kept[0], lastUndo ? { undo, undoLabel: box.dataset.undo } : {});
  }
  async function post(data) {
    isBusy = true;
    try {
      const answer = await fetch(location.href, { method: "POST", body: data, credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!(answer.headers.get("Content-Type") || "").includes("json")) { say(document.body.dataset.failed); return null; }
      return { ok: answer.ok, ...(await answer.json()) };
    } catch (error) { say(document.body.dataset.failed); return null; } finally { isBusy = false; }
  }
  async function undo() {
    if (!lastUndo) return;
    const data = new FormData();
    data.append("act", "undo"); data.append("event", lastUndo); data.append("csrfmiddlewaretoken", token());
    lastUndo = 0;
    const told = await post(data);
    if (told) { say(told.text); await refresh(); }
  }
  function calm(form) { form.querySelectorAll(".is-busy").forEach((one) => { one.classList.remove("is-busy"); one.removeAttribute("aria-disabled"); }); }

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-inbox-act], [data-inbox-write]")) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const isWriting = form.matches("[data-inbox-write]");
    if (isWriting) find("then").value = button?.dataset.then || "";
    const data = new FormData(form);
    if (button?.name) data.append(button.name, button.value);
    const told = await post(data);
    delete form.dataset.busy; calm(form);
    if (!told) return;
    if (told.seen) find("expected").value = told.seen; /* whoever was told of it may send the text all the same */
    if (!told.ok) { say(isWriting ? told.text + (document.documentElement.lang.startsWith("zh") ? "" : " ") + box.dataset.kept : told.text); await refresh(); return; }
    if (isWriting) { text().value = ""; draft.keep(""); typedAt = 0; setMacro("", ""); newKey(); if (form.classList.contains("is-note")) asNote(false); }
    form.closest("details[data-menu]")?.removeAttribute("open");
    lastUndo = told.undo || 0;
    if (told.ticket && String(told.ticket) !== ticket) { later(told.text, lastUndo); const to = new URL(location.href); to.searchParams.set("ticket", told.ticket); location.href = to; return; }
    say(told.text, lastUndo ? { undo, undoLabel: box.dataset.undo } : {});
    box.dataset.mark = "";
    await refresh();
    if (isWriting) down();
  });

  function setMacro(pk, words) {
    const field = find("macro"), note = find("macro-words");
    if (!field) return;
    field.value = pk; note.textContent = words; note.hidden = !words;
  }
  function insert(button) {
    const area = text();
    if (button.dataset.text) {
      const at = area.selectionStart, before = area.value.slice(0, at).replace(/\/[\w-]*$/, "");
      area.value = before + button.dataset.text + area.value.slice(area.selectionEnd);
      area.selectionStart = area.selectionEnd = before.length + button.dataset.text.length;
    }
    if (button.dataset.kind === "macro") setMacro(button.dataset.pk, button.dataset.acts);
    button.closest("details").open = false;
    area.focus(); draft.keep(area.value);
  }
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-inbox-texts] button[data-kind]");
    if (button) insert(button);
    if (event.target.closest("[data-inbox-to-side]")) { event.preventDefault(); box.classList.toggle("is-side"); find("side").scrollIntoView({ block: "nearest" }); }
  });
  box.addEventListener("input", (event) => {
    if (event.target !== text()) return;
    typedAt = Date.now(); draft.keep(event.target.value);
  });
  if (text()) {
    if (!text().value) text().value = draft.get();
    newKey(); down();
    text().addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); find("write").requestSubmit(find("write").classList.contains("is-note") ? find("note") : find("send")); }
      if ((event.key === "Tab" || event.key === "Enter") && !event.shiftKey) {
        const word = text().value.slice(0, text().selectionStart).match(/(?:^|\s)\/([\w-]+)$/);
        const known = word && box.querySelector(`[data-inbox-texts] button[data-shortcut="${CSS.escape(word[1])}"]`);
        if (known) { event.preventDefault(); insert(known); }
      }
      if (event.key === "Escape") { asNote(false); text().blur(); }
    });
  }
  /* what is beside the conversation and the texts to choose from come after the conversation itself */
  for (const part of box.querySelectorAll("[data-source]")) {
    fetch(part.dataset.source, { credentials: "same-origin" }).then((answer) => (answer.ok ? answer.text() : "")).then((html) => { if (html) part.innerHTML = html; }).catch(() => {});
  }

  function move(step) {
    const rows = [...box.querySelectorAll("[data-inbox-row]")];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const to = rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)];
    if (to) to.click();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const keys = {
      j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
      r: () => asNote(false), n: () => asNote(true),
      m: () => { const menu = find("texts"); if (menu) { menu.open = true; menu.querySelector("button, a")?.focus(); } },
      c: () => find("resolve")?.click(), z: undo, "/": () => document.getElementById("inbox-search")?.focus(),
    };
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act) { event.preventDefault(); event.stopImmediatePropagation(); act(); }
  }, true);
})();
