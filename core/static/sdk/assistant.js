// @ts-check
/**
 * A chat with the shop's assistant, beside zhanggui.js on the pages that want it:
 *
 *   <link rel="stylesheet" href="https://shop.example/static/sdk/assistant.css">
 *   <script src="https://shop.example/static/sdk/assistant.js" data-article-url="/help/{key}?version={version}" defer></script>
 *
 * Nothing is asked before somebody opens it; who waits for a person is told of the answer on later pages, too. It says that it is a machine, and a person is one button away all the time.
 * No inline style or script, no eval; what people and articles say is shown as text, never as markup.
 */
(() => {
  "use strict";

  /**
   * @typedef {{label: string, choice: string}} Choice
   * @typedef {{id: string, external_id: string|null, name: string, price: string, currency: string, in_stock: boolean, reason: string|null}} Shown
   * @typedef {{article: string, version: number, title: string, language: string}} Citation
   * @typedef {{act: string, form: string|null, citation: Citation|null, buttons: Choice[], products: Shown[],
   *   recommendation: string|null}} Beside
   * @typedef {{sequence: number, author: string, text: string, answer: Beside|null}} Said
   * @typedef {{id: string, state: string, place: number, is_open: boolean, can_rate: boolean, messages: Said[]}} Talk
   */

  const script = /** @type {HTMLScriptElement|null} */ (document.currentScript);
  const settings = script ? script.dataset : {};
  const KEPT = "zg.chat";
  const SEEN = "zg.chat.seen";
  const POLL_MS = 4000;
  const LONGEST = 10000;

  /** @type {Record<string, [string, string]>} */
  const WORDS = {
    open: ["Ask us", "咨询"],
    news: ["New answer", "有新回复"],
    title: ["Assistant", "智能助手"],
    machine: ["A machine answers. A person takes over whenever you ask.", "由机器回答，您可随时转人工。"],
    withPerson: ["A person answers here.", "人工客服正在为您服务。"],
    waiting: ["Waiting for a person: number {n} in the queue.", "正在等待人工客服：排在第 {n} 位。"],
    closed: ["This conversation is closed.", "会话已结束。"],
    close: ["Close", "关闭"],
    person: ["Talk to a person", "转人工"],
    field: ["Your message", "您的消息"],
    send: ["Send", "发送"],
    number: ["Order number", "订单号"],
    proof: ["E-mail, or last four digits of the phone", "邮箱或手机号后四位"],
    look: ["Look it up", "查询"],
    source: ["Word for word: {t}, version {v}", "原文引自：{t}，第 {v} 版"],
    gone: ["Sold out", "缺货"],
    rate: ["How did it go?", "本次服务如何？"],
    stars: ["{n} of 5", "{n} 分（满分 5 分）"],
    thanks: ["Thank you for the rating.", "感谢评价。"],
    failed: ["Not sent. Try again.", "未发送，可再试一次。"],
    slow: ["Too many messages. Wait a minute.", "消息太多，一分钟后再试。"],
    you: ["You", "您"],
    assistant: ["Assistant", "智能助手"],
    staff: ["Customer service", "人工客服"],
    system: ["Shop", "店铺"],
  };

  const start = () => {
    const zhanggui = /** @type {any} */ (window).zhanggui;
    if (!zhanggui || !zhanggui.parts) return;
    const { call, language, visitor, addressOf, money, newId, watch } = zhanggui.parts;
    /** @param {string} name @param {Record<string, string|number>} [values] */
    const word = (name, values = {}) =>
      WORDS[name][language === "en" ? 0 : 1].replace(/\{(\w)\}/g, (_, at) => String(values[at]));
    /** @param {string} tag @param {string} [style] @param {string} [text] @returns {any} */
    const make = (tag, style = "", text = "") => {
      const element = document.createElement(tag);
      if (style) element.className = style;
      if (text) element.textContent = text;
      return element;
    };
    /** @param {string} style @param {string} text @param {() => void} act */
    const button = (style, text, act) => {
      const element = make("button", style, text);
      element.type = "button";
      element.addEventListener("click", act);
      return element;
    };

    // --- what is on the page ------------------------------------------------------------------------------------------

    const opener = button("zg-chat-open", word("open"), () => void open());
    const box = make("section", "zg-chat");
    const log = make("div", "zg-chat-log");
    const state = make("p", "zg-chat-state", word("machine"));
    const form = make("form", "zg-chat-form");
    const field = make("textarea", "zg-chat-field");
    const send = make("button", "zg-chat-send", word("send"));
    const person = button("zg-chat-person", word("person"), () => void handOver());
    const note = make("p", "zg-chat-note");
    const head = make("header", "zg-chat-head");
    const title = make("h2", "zg-chat-title", word("title"));
    title.id = "zg-chat-title";
    const close = button("zg-chat-close", "×", () => hide());
    close.setAttribute("aria-label", word("close"));
    head.append(title, close, state);
    box.hidden = true;
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-labelledby", title.id);
    log.setAttribute("role", "log");
    log.tabIndex = 0;
    log.setAttribute("aria-labelledby", title.id);
    note.setAttribute("role", "alert");
    field.rows = 2;
    field.maxLength = LONGEST;
    field.setAttribute("aria-label", word("field"));
    field.placeholder = word("field");
    send.type = "submit";
    form.append(field, send);
    box.append(head, log, note, form, person);
    opener.setAttribute("aria-expanded", "false");

    // --- what is known ------------------------------------------------------------------------------------------------

    let id = "";
    let last = 0;
    let now = "assistant";
    let isBusy = false;
    let isRated = false;
    let timer = 0;
    /** @param {string} name @param {string} value */
    const store = (name, value) => {
      try {
        if (value) sessionStorage.setItem(name, value);
        else sessionStorage.removeItem(name);
      } catch {
        // forbidden or full: this page alone remembers
      }
    };
    const keep = () => store(KEPT, id);
    const kept = (name = KEPT) => {
      try {
        return sessionStorage.getItem(name) || "";
      } catch {
        return "";
      }
    };

    // --- showing ------------------------------------------------------------------------------------------------------

    /** Lines, lists with hyphens, **bold**. @param {HTMLElement} place @param {string} text */
    const say = (place, text) => {
      /** @type {HTMLElement|null} */ let list = null;
      for (const line of text.split("\n")) {
        const isItem = line.startsWith("- ");
        if (!line.trim()) {
          list = null;
          continue;
        }
        const element = make(isItem ? "li" : "p");
        for (const [index, part] of (isItem ? line.slice(2) : line).split("**").entries())
          element.append(index % 2 ? make("strong", "", part) : part);
        if (isItem && !list) place.append((list = make("ul")));
        if (isItem && list) list.append(element);
        else {
          list = null;
          place.append(element);
        }
      }
    };
    /** @param {Said} said */
    const show = (said) => {
      if (said.sequence <= last) return;
      last = said.sequence;
      log.querySelectorAll(".zg-chat-choices, .zg-chat-order").forEach((/** @type {Element} */ old) => old.remove());
      const entry = make("article", "zg-chat-said zg-chat-" + said.author);
      entry.append(make("span", "zg-chat-who", word(said.author === "customer" ? "you" : said.author)));
      if (said.author === "customer") entry.append(make("p", "zg-chat-typed", said.text));
      else say(entry, said.text);
      if (said.answer) beside(entry, said.answer);
      log.append(entry);
      log.scrollTop = log.scrollHeight;
    };
    /** @param {HTMLElement} entry @param {Beside} answer */
    const beside = (entry, answer) => {
      const { citation } = answer;
      if (citation) {
        const text = word("source", { t: citation.title, v: citation.version });
        const source = make(settings.articleUrl ? "a" : "span", "zg-chat-source", text);
        const address = (settings.articleUrl || "").replace("{key}", encodeURIComponent(citation.article));
        if (settings.articleUrl) source.href = address.replace("{version}", String(citation.version));
        entry.append(source);
      }
      const advised = answer.products.filter((one) => one.reason);
      products(entry, answer.products.filter((one) => !one.reason));
      const list = products(entry, advised);
      if (list && answer.recommendation) {
        // Seen and clicked like any other list of recommendations.
        list.dataset.zgRecommendation = answer.recommendation;
        advised.forEach((one, at) => (list.children[at].dataset.zgProduct = one.id));
        watch?.(list);
      }
      if (answer.form === "order") entry.append(orderForm());
      const offered = answer.buttons.filter((one) => one.choice !== "person"); // that button is always there, below
      if (offered.length) {
        const choices = make("div", "zg-chat-choices");
        for (const one of offered)
          choices.append(button("zg-chat-choice", one.label, () => void write(one.label, { choice: one.choice })));
        entry.append(choices);
      }
    };
    /** @param {HTMLElement} entry @param {Shown[]} some */
    const products = (entry, some) => {
      if (!some.length) return null;
      const list = make("ul", "zg-chat-products");
      for (const one of some) {
        const link = make("a", "", one.name);
        link.href = addressOf(one);
        const item = make("li");
        item.append(link, make("span", "", one.in_stock ? money(one.price, one.currency) : word("gone")));
        if (one.reason) item.append(make("small", "", one.reason));
        list.append(item);
      }
      entry.append(list);
      return list;
    };
    const orderForm = () => {
      const place = make("form", "zg-chat-order");
      const inputs = ["number", "proof"].map((name) => {
        const label = make("label", "", word(name));
        const input = make("input");
        input.required = true;
        input.maxLength = name === "number" ? 80 : 254;
        input.autocomplete = name === "proof" ? "email" : "off";
        label.append(input);
        place.append(label);
        return input;
      });
      const go = make("button", "zg-chat-send", word("look"));
      go.type = "submit";
      place.append(go);
      place.addEventListener("submit", (/** @type {Event} */ event) => {
        event.preventDefault();
        void write("", { order: { number: inputs[0].value.trim(), proof: inputs[1].value.trim() } });
      });
      return place;
    };
    const rating = () => {
      const place = make("div", "zg-chat-rate");
      place.append(make("span", "", word("rate")));
      for (let score = 1; score <= 5; score += 1) {
        const one = button("zg-chat-choice", String(score), async () => {
          await call(`conversations/${id}/satisfaction`, { method: "POST", body: { score } });
          place.replaceChildren(make("span", "", word("thanks")));
        });
        one.setAttribute("aria-label", word("stars", { n: score }));
        place.append(one);
      }
      log.append(place);
      log.scrollTop = log.scrollHeight;
    };
    /** @param {Talk} talk */
    const follow = (talk) => {
      id = talk.id;
      now = talk.state;
      keep();
      talk.messages.forEach(show);
      if (now === "waiting") state.textContent = word("waiting", { n: talk.place });
      else state.textContent = word(now === "with_person" ? "withPerson" : now === "closed" ? "closed" : "machine");
      person.hidden = now !== "assistant";
      field.disabled = send.disabled = now === "closed";
      if (talk.can_rate && !isRated) {
        isRated = true;
        rating();
      }
      if (!box.hidden) store(SEEN, String(last));
      else if (talk.messages.some((one) => one.author === "staff" && one.sequence > Number(kept(SEEN)))) announce(true);
      again();
    };
    /** A person's answer is told on the button of a chat that is closed. @param {boolean} isNew */
    const announce = (isNew) => {
      opener.textContent = word(isNew ? "news" : "open");
      opener.classList.toggle("zg-chat-news", isNew);
    };
    const again = () => {
      clearTimeout(timer);
      if (!["waiting", "with_person"].includes(now)) return;
      timer = window.setTimeout(() => void read(), box.hidden ? POLL_MS * 4 : POLL_MS);
    };

    // --- calls --------------------------------------------------------------------------------------------------------

    /** Runs one thing at a time; what fails is told and can be tried again. @param {() => Promise<Talk>} ask */
    const once = async (ask) => {
      if (isBusy) return false;
      isBusy = send.disabled = true;
      box.setAttribute("aria-busy", "true");
      note.textContent = "";
      try {
        follow(await ask());
        return true;
      } catch (error) {
        const status = /** @type {any} */ (error).answer ? /** @type {any} */ (error).answer.status : 0;
        if (status === 404) {
          id = "";
          keep();
        }
        note.textContent = word(status === 429 ? "slow" : "failed");
        return false;
      } finally {
        isBusy = false;
        send.disabled = now === "closed";
        box.removeAttribute("aria-busy");
      }
    };
    const begin = async () => {
      last = 0;
      isRated = false;
      log.replaceChildren();
      const body = { visitor: visitor() || "", language: language === "en" ? "en" : "zh" };
      return call("conversations", { method: "POST", body });
    };
    const read = async () => {
      if (document.hidden) timer = window.setTimeout(() => void read(), POLL_MS);
      else if (!(await once(() => call(`conversations/${id}`, { query: { since: last } })))) {
        if (id) timer = window.setTimeout(() => void read(), POLL_MS * 4);
      }
    };
    /** @param {string} text @param {Record<string, any>} [more] */
    const write = async (text, more = {}) => {
      const shown = document.querySelector("[data-zg-view]");
      const product = shown instanceof HTMLElement ? shown.dataset.zgView : "";
      const body = { client_key: newId(), ...(text ? { text } : {}), ...(product ? { product } : {}), ...more };
      return once(() => call(`conversations/${id}/messages`, { method: "POST", body }));
    };
    /** Whoever presses a key while something else is on its way is not left without an answer. */
    const free = async () => {
      while (isBusy) await new Promise((done) => setTimeout(done, 50));
    };
    const handOver = async () => {
      await free();
      if ((!id && !(await once(begin))) || now !== "assistant") return;
      await once(() => call(`conversations/${id}/handover`, { method: "POST", body: {} }));
    };

    // --- opening and closing ------------------------------------------------------------------------------------------

    const open = async () => {
      box.hidden = false;
      opener.setAttribute("aria-expanded", "true");
      announce(false);
      field.focus();
      await free();
      if (!id) id = kept();
      if (id && (await once(() => call(`conversations/${id}`, { query: { since: last } })))) {
        if (now !== "closed") return;
      }
      await once(begin);
    };
    const hide = () => {
      box.hidden = true;
      again();
      opener.setAttribute("aria-expanded", "false");
      opener.focus();
    };
    form.addEventListener("submit", async (/** @type {Event} */ event) => {
      event.preventDefault();
      await free();
      const text = field.value.trim();
      if (!text) return;
      if (!id && !(await once(begin))) return;
      if (await write(text)) field.value = "";
      field.focus();
    });
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && hide());
    document.body.append(opener, box);
    id = kept();
    if (id) void read();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
