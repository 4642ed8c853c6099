/* Photos with a question: ticks, keys, decisions without leaving the page; without this script every button still works. */
"use strict";
(() => {
  const box = document.querySelector("[data-tags]");
  if (!box) return;
  const summary = document.querySelector("[data-tags-summary]");
  const done = []; // {cards, key, token}, the newest last; without a key they were only skipped
  const { left, current, say, choose, move, after, post, send } = zgCards(box, { summary, told: (said) => { if (said.counts) recount(said.counts); } });
  const tick = (card) => card.querySelector("input[name=ids]");
  const ticked = (form) => left(form).filter((card) => tick(card).checked);

  function row() { // how many photos stand beside each other
    const cards = left(current()?.closest("form") || box);
    return Math.max(1, cards.filter((one) => Math.abs(one.offsetTop - cards[0].offsetTop) < 4).length);
  }
  function count(form) {
    const cards = left(form), on = ticked(form).length, all = form.querySelector("[data-tags-all]");
    form.querySelectorAll("[data-tags-ticked]").forEach((one) => { one.textContent = on || ""; });
    form.querySelectorAll(".tag-many button, .tag-many select").forEach((one) => { one.disabled = !on; });
    all.hidden = false;
    all.checked = on > 0 && on === cards.length;
    all.indeterminate = on > 0 && on < cards.length;
    form.hidden = !cards.length;
  }
  function take(cards) {
    const next = after(cards);
    cards.forEach((one) => { one.hidden = true; tick(one).checked = false; });
    box.querySelectorAll("form").forEach(count);
    if (next) return choose(next, true);
    // What comes next, or that nothing is left. Skipped ones would only come again, so the page after this one is next.
    if (done.some((one) => !one.key) && box.dataset.next) location.assign(box.dataset.next); else location.reload();
  }
  function recount(counts) { // what stands on tabs and labels, as it is now
    document.querySelectorAll(".zg-tabs a, .tag-labels a").forEach((link) => {
      const place = link.querySelector(".zg-count");
      if (place) place.textContent = counts[link.getAttribute("href")] || "0";
    });
  }
  async function decide(form, data, cards) {
    if (form.dataset.busy || !cards.length) return;
    cards.forEach((one) => one.classList.add("is-busy"));
    const told = await send(form, data);
    if (!told) return;
    const act = { cards, key: told.undo, token: data.get("csrfmiddlewaretoken") };
    if (told.undo) done.push(act);
    say(told.text, told.undo ? { undo: () => undo(act), undoLabel: box.dataset.undo } : {});
    const isDecided = told.undo || data.get("accept") || data.get("reject") || data.get("act") !== "change";
    if (isDecided) take(cards);
  }
  async function undo(last = done.at(-1)) {
    if (!done.includes(last)) return;
    done.splice(done.indexOf(last), 1);
    let told = null;
    if (last.key) {
      const data = new FormData();
      data.append("act", "undo"); data.append("key", last.key); data.append("csrfmiddlewaretoken", last.token);
      told = await post(data);
      if (!told) return;
    }
    last.cards.forEach((card) => { card.hidden = false; });
    box.querySelectorAll("form").forEach(count);
    choose(last.cards[0], true);
    if (told) say(told.text);
  }
  function press(card, name) { card?.querySelector(`.tag-acts button[name=${name}]`)?.click(); }
  function pressAll(name) {
    const form = (current() || left()[0])?.closest("form");
    if (!form) return;
    if (!ticked(form).length) left(form).forEach((card) => { tick(card).checked = true; });
    count(form);
    form.querySelector(`.tag-many button[value=${name}]`)?.click();
  }

  box.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const data = new FormData(form), card = button.closest("[data-card]");
    if (card) data.delete("ids");
    data.append(button.name, button.value);
    decide(form, data, card ? [card] : ticked(form));
  });
  box.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (event.target.matches("[data-tags-all]")) left(form).forEach((card) => { tick(card).checked = event.target.checked; });
    count(form);
  });
  box.addEventListener("click", (event) => { const card = event.target.closest("[data-card]"); if (card) choose(card, false); });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])")) return;
    const card = current(), key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const keys = {
      j: () => move(1), ArrowRight: () => move(1), k: () => move(-1), ArrowLeft: () => move(-1),
      ArrowDown: () => move(row()), ArrowUp: () => move(-row()),
      a: () => event.shiftKey ? pressAll("accept") : press(card, "accept"),
      r: () => event.shiftKey ? pressAll("reject") : press(card, "reject"),
      e: () => {
        const choice = card?.closest("form").querySelector("select[name=to]");
        if (!choice) return;
        tick(card).checked = true;
        count(card.closest("form"));
        choice.focus();
      },
      x: () => { if (card) { tick(card).checked = !tick(card).checked; count(card.closest("form")); } },
      s: () => { if (card) { done.push({ cards: [card] }); take([card]); } },
      z: () => undo(),
      o: () => card?.querySelector("[data-tags-open]").click(),
    };
    if (keys[key]) { event.preventDefault(); keys[key](); }
  });
  box.querySelectorAll("form").forEach(count);
  choose(left()[0], false);
})();
