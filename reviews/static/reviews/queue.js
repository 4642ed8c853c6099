/* The queue of reviews: keys, decisions without leaving the page, one review at a time on a small screen. */
"use strict";
(() => {
  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const all = document.querySelector("[data-queue-all]"), summary = document.querySelector("[data-queue-summary]");
  const done = []; // {cards, key}, the newest last
  const { left, current, say, choose, move, after, post, send } = zgCards(queue, { summary });

  function take(cards) {
    const next = after(cards);
    cards.forEach((one) => { one.hidden = true; one.querySelectorAll("details[open]").forEach((menu) => { menu.open = false; }); });
    count();
    if (next) choose(next, true);
    else if (!done.length && queue.dataset.next) location.href = queue.dataset.next;
    else location.reload();
  }
  function count() {
    if (!all) return;
    const open = new Set(left().map((card) => card.dataset.card));
    const inputs = [...all.querySelectorAll("input[name=ids]")];
    inputs.forEach((input) => { input.disabled = !open.has(input.value); });
    const shown = inputs.filter((input) => !input.disabled).length;
    all.querySelector("[data-queue-shown]").textContent = shown;
    all.hidden = !shown;
  }
  async function decide(form, submitter, cards) {
    if (form.dataset.busy) return;
    if (left().every((one) => cards.includes(one))) { // nothing is left: the next page says it, with its undo
      form.dataset.plain = "1";
      setTimeout(() => form.requestSubmit(submitter)); // a form cannot be sent while it is being sent
      return;
    }
    const data = new FormData(form);
    if (submitter) data.append(submitter.name, submitter.value);
    const told = await send(form, data);
    if (!told) return;
    if (told.undo) done.push({ cards, key: told.undo, token: data.get("csrfmiddlewaretoken") });
    say(told.text, told.undo ? { undo, undoLabel: queue.dataset.undo } : {});
    take(cards);
  }
  function showRead(card, html) {
    if (html) card.querySelector("[data-queue-read]").innerHTML = html;
  }
  async function correct(form, submitter, card) {
    if (form.dataset.busy || !submitter) return;
    const data = new FormData(form);
    data.append(submitter.name, submitter.value);
    const told = await send(form, data);
    if (!told) return;
    showRead(card, told.read);
    form.querySelector("details").open = false;
    if (told.undo) done.push({ cards: [card], key: told.undo, act: "uncorrect", token: data.get("csrfmiddlewaretoken") });
    say(told.text, told.undo ? { undo, undoLabel: queue.dataset.undo } : {});
  }
  async function undo() {
    const last = done.pop();
    if (!last) return;
    const data = new FormData();
    data.append("act", last.act || "undo"); data.append("key", last.key); data.append("csrfmiddlewaretoken", last.token);
    const told = await post(data);
    if (!told) return;
    if (last.act) showRead(last.cards[0], told.read);
    last.cards.forEach((card) => { card.hidden = false; });
    count();
    choose(last.cards[0], true);
    say(told.text);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, card = form.closest("[data-card]");
    if (form.dataset.plain) return;
    if (card && form.matches("[data-queue-act]")) { event.preventDefault(); decide(form, event.submitter, [card]); }
    if (card && form.matches("[data-queue-correct]")) { event.preventDefault(); correct(form, event.submitter, card); }
    if (form === all) {
      event.preventDefault();
      const ids = new Set([...new FormData(all).getAll("ids")]);
      decide(all, event.submitter || all.querySelector("button"), left().filter((one) => ids.has(one.dataset.card)));
    }
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-plain]").forEach((form) => { delete form.dataset.plain; }));
  queue.querySelectorAll("[data-queue-skip]").forEach((button) => { button.hidden = false; });
  queue.addEventListener("toggle", (event) => { if (event.target.open) event.target.querySelector("div").scrollIntoView({ block: "nearest" }); }, true);
  queue.addEventListener("click", (event) => {
    const card = event.target.closest("[data-card]");
    if (!card) return;
    if (event.target.closest("[data-queue-skip]")) take([card]); else choose(card, false);
  });
  queue.addEventListener("change", (event) => { // what is not to be shown is not published with all others either
    if (!all || event.target.name !== "photos") return;
    const same = all.querySelector(`input[name=photos][value="${event.target.value}"]`);
    if (same) same.disabled = !event.target.checked;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    const card = current(), menu = card && card.querySelector(".rev-reject");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const keys = {
      j: () => move(1), ArrowDown: () => move(1), ArrowRight: () => move(1),
      k: () => move(-1), ArrowUp: () => move(-1), ArrowLeft: () => move(-1),
      a: () => event.shiftKey ? all && !all.hidden && all.requestSubmit() : card && card.querySelector("button[value=publish]")?.click(),
      r: () => { if (menu) { menu.open = !menu.open; if (menu.open) menu.querySelector("button").focus(); } },
      s: () => card && take([card]),
      z: undo,
      d: () => card && card.querySelector("button[value=dismiss]")?.click(),
      o: () => card && card.querySelector(".rev-known a").click(),
    };
    if (menu && menu.open && /^[1-9]$/.test(key)) {
      const button = menu.querySelectorAll("button[name=reason]")[Number(key) - 1], note = menu.querySelector("input[name=note]");
      if (!button) return;
      event.preventDefault();
      if (button.value === "other" && !note.value.trim()) note.focus(); else button.click();
    } else if (card && /^[1-4]$/.test(key)) {
      const button = card.querySelectorAll("[data-queue-correct] button")[Number(key) - 1];
      if (button) button.click();
    } else if (menu && menu.open && key.startsWith("Arrow")) {
      event.preventDefault();
      const buttons = [...menu.querySelectorAll("button, input")], at = buttons.indexOf(document.activeElement);
      buttons[(at + (key === "ArrowDown" ? 1 : -1) + buttons.length) % buttons.length].focus();
    } else if (keys[key]) { event.preventDefault(); keys[key](); }
  });
  choose(left()[0], false);
})();
