/* Cards with a question, worked off one after the other: which is the current one, what comes next, decisions sent
   without leaving the page. Pages of such cards load this before their own script, which says what each key does. */
"use strict";
window.zgCards = (box, { summary, told = () => {} }) => {
  const left = (within = box) => [...within.querySelectorAll("[data-card]:not([hidden])")];
  const current = () => box.querySelector("[data-card].is-now:not([hidden])");
  const say = (text, more) => document.dispatchEvent(new CustomEvent("zg:toast", { detail: { text, ...more } }));

  function choose(card, focus) {
    box.querySelectorAll(".is-now").forEach((one) => one.classList.remove("is-now"));
    if (!card) return;
    card.classList.add("is-now");
    if (focus) card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }
  function move(step) {
    const cards = left(), at = cards.indexOf(current());
    if (cards.length) choose(cards[Math.min(Math.max(at + step, 0), cards.length - 1)], true);
  }
  function after(cards) { // the one to look at when these are gone
    const rest = left(), at = rest.findIndex((one) => cards.includes(one));
    return rest.slice(at).find((one) => !cards.includes(one)) || rest.filter((one) => !cards.includes(one)).pop();
  }
  async function post(data) { // what the server says, null where it refused or did not answer
    let answer;
    try {
      answer = await fetch(location.href, { method: "POST", body: data, credentials: "same-origin", headers: { Accept: "application/json" } });
    } catch (error) { answer = null; }
    if (!answer || !(answer.headers.get("Content-Type") || "").includes("json")) { say(document.body.dataset.failed); return null; }
    const said = await answer.json();
    if (summary && said.summary) summary.textContent = said.summary;
    told(said);
    if (!answer.ok) { say(said.text); return null; }
    return said;
  }
  async function send(form, data) { // the same, with the form busy in the meantime
    form.dataset.busy = "1";
    const said = await post(data);
    delete form.dataset.busy;
    form.querySelectorAll(".is-busy").forEach((one) => { one.classList.remove("is-busy"); one.removeAttribute("aria-disabled"); });
    return said;
  }

  box.addEventListener("focusin", (event) => { const card = event.target.closest("[data-card]"); if (card && card !== current()) choose(card, false); });
  return { left, current, say, choose, move, after, post, send };
};
