// @ts-check
/**
 * What a shop's pages need of Zhanggui: events, recommendations with their reasons, a search box with suggestions, what
 * reviews of a product come to.
 *
 *   <script src="https://shop.example/static/sdk/zhanggui.js" data-key="zg_pk_…" defer></script>
 *
 * No dependency, no inline style or script, no eval; nothing that fails in here may disturb the page around it.
 * docs/storefront.md says what to write into the page.
 */
(() => {
  "use strict";

  /**
   * @typedef {{kind: string, event_id: string, occurred_at: string, product?: string, visitor?: string, value?: number,
   *   query?: string, recommendation?: string, search?: string, position?: number, products?: string[]}} ShopEvent
   * @typedef {{id: string, external_id?: string|null, name: string, price: string, currency: string, image: string|null}} Card
   * @typedef {{product: Card, reason: {code: string, text: string}, source: string}} Item
   * @typedef {{id: string, placement: string, items: Item[]}} Answer
   * @typedef {{text: string, review: string, aspect: string, language: string, support: number, verified: boolean}} Quote
   * @typedef {{title: string, positive: number, neutral: number, negative: number}} Aspect
   * @typedef {{reviews: number, positive_share: number|null, aspects: Aspect[], praise: Quote[], complaints: Quote[]}} InWords
   * @typedef {{count: number, average: number|null, in_words: InWords|null}} ReviewSummary
   * @typedef {{placement?: string, product?: string, category?: string, basket?: string, exclude?: string, limit?: number|string, similar?: string}} Wanted
   * @typedef {{product?: string, value?: number, query?: string, recommendation?: string, search?: string, position?: number, products?: string[]}} Fields
   */

  const script = /** @type {HTMLScriptElement|null} */ (document.currentScript);
  if (!script || /** @type {any} */ (window).zhanggui) return;
  const settings = script.dataset;
  const key = settings.key || "";
  const home = new URL(settings.api || script.src, location.href).origin;
  const api = home + "/api/v1/";
  const language = /^zh/i.test(settings.lang || document.documentElement.lang || navigator.language) ? "zh-hans" : "en";

  const BATCH = 100;
  const MOST_KEPT = 500;
  const SEND_AFTER_MS = 1500;
  const LONGEST_PAUSE_MS = 300000;
  const LED_FOR_MS = 30 * 60000;
  const WIDTHS = [160, 320, 480];
  const LISTS = "[data-zg-recommendation],[data-zg-search]";

  /** @type {Record<string, [string, string]>} */
  const WORDS = {
    why: ["Why this?", "为什么推荐？"],
    personal: ["Chosen from what you looked at and bought in this shop.", "根据您在本店浏览和购买的商品挑选。"],
    together: ["From what customers choose together: it does not use your visits.", "根据顾客常一起选择的商品：不使用您的浏览记录。"],
    basket: ["From your basket and what customers choose together.", "根据您的购物车和顾客常一起选择的商品。"],
    looks: ["From photos that look alike: this one's and one you looked at or chose, or this page's.", "根据外观相近的商品照片：与您看过、选过的商品或本页商品相近。"],
    category: ["From a category that fits this page, your basket or your last visits.", "根据本页、购物车或最近浏览所属的类目。"],
    group: ["From what customers with purchases like yours choose.", "根据购买习惯与您相近的顾客的选择。"],
    everybody: ["Shown to everybody: it does not use your visits.", "对所有人相同：不使用您的浏览记录。"],
    choose: ["Change what we may use", "更改可使用的信息"],
    none: ["No suggestions", "没有搜索建议"],
    some: ["{n} suggestions, use the arrow keys", "{n} 条搜索建议，用方向键选择"],
    section: ["Category", "类目"],
    brand: ["Brand", "品牌"],
    suggestions: ["Search suggestions", "搜索建议"],
    stars: ["{a} of 5 stars from {n} reviews", "{n} 条评价，平均 {a} 星（满分 5 星）"],
    praise: ["{p}% of {n} reviews praise it", "{n} 条评价中 {p}% 表示满意"],
    sides: ["{p} praise, {c} complain", "{p} 条称赞，{c} 条抱怨"],
    good: ["What customers praise", "顾客称赞"],
    bad: ["What customers complain about", "顾客抱怨"],
    support: ["{t}: {n} reviews say so", "{t}：{n} 条评价这样说"],
    bought: ["bought here", "已在本店购买"],
    machine: ["Put together by a machine from sentences of reviews, word for word.", "由系统从评价原文中摘录，一字未改。"],
  };
  /** @type {Record<string, string>} */
  const BASES = {
    because_of_your_basket: "basket",
    goes_with_this_product: "together",
    bought_together: "together",
    looks_similar: "looks",
    popular_in_category: "category",
    popular_with_people_like_you: "group",
  };
  /** @param {string} name */
  const word = (name) => WORDS[name][language === "en" ? 0 : 1];

  /** Runs it; what goes wrong is told to developers and to nobody else. @template T @param {() => T} task @returns {T|undefined} */
  const safely = (task) => {
    try {
      const result = task();
      if (result instanceof Promise) result.catch(report);
      return result;
    } catch (error) {
      report(error);
      return undefined;
    }
  };
  /** @param {unknown} error */
  const report = (error) => {
    if (!(error instanceof DOMException && error.name === "AbortError")) console.debug("zhanggui:", error);
  };

  // --- what the browser keeps -----------------------------------------------------------------------------------

  /** Storage that may be forbidden or full: then this page alone remembers. @param {"localStorage"|"sessionStorage"} kind */
  const keeper = (kind) => {
    /** @type {Map<string, string>} */
    const memory = new Map();
    /** @type {Storage|null} */
    let store = null;
    try {
      store = window[kind];
      store.setItem("zg.try", "1");
      store.removeItem("zg.try");
    } catch {
      store = null;
    }
    return {
      /** @param {string} name */
      get: (name) => memory.get(name) ?? (store ? store.getItem(name) : null),
      /** @param {string} name @param {string} value */
      set: (name, value) => {
        try {
          if (!store) throw new Error("no storage");
          store.setItem(name, value);
        } catch {
          memory.set(name, value);
        }
      },
      /** @param {string} name */
      drop: (name) => {
        memory.delete(name);
        if (store) store.removeItem(name);
      },
      /** @param {string} prefix */
      names: (prefix) => [...memory.keys(), ...(store ? Object.keys(store) : [])].filter((name) => name.startsWith(prefix)),
    };
  };
  const kept = keeper("localStorage");
  const visit = keeper("sessionStorage");
  const newId = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // --- consent --------------------------------------------------------------------------------------------------

  /** The person's own choice counts; without one the browser's signal; without that what the shop set. */
  const mayTrack = () => {
    const choice = kept.get("zg.consent");
    if (choice) return choice === "yes";
    const signal = /** @type {any} */ (navigator).globalPrivacyControl === true || navigator.doNotTrack === "1";
    return !signal && settings.consent !== "ask";
  };
  /** The opaque id of this browser, or null while it may not have one. */
  const visitor = () => {
    if (!mayTrack()) return null;
    let id = kept.get("zg.visitor");
    if (!id) kept.set("zg.visitor", (id = "v-" + newId()));
    return id;
  };
  /** Sets the choice; without an argument reads it: true, false, or null while nobody chose. @param {boolean} [choice] */
  const consent = (choice) => {
    if (choice === undefined) {
      const known = kept.get("zg.consent");
      return known ? known === "yes" : null;
    }
    const before = kept.get("zg.visitor");
    kept.set("zg.consent", choice ? "yes" : "no");
    if (!choice) {
      kept.names("zg.e.").forEach(kept.drop);
      visit.names("zg.led.").forEach(visit.drop);
      kept.drop("zg.visitor");
      if (before) safely(() => call("visitors", { method: "POST", body: { visitor: before, may_track: false } }));
    }
    showConsent();
    renderAll();
    if (choice) safely(startPage);
    return choice;
  };
  const showConsent = () => {
    document.querySelectorAll("[data-zg-consent-ask]").forEach((box) => {
      /** @type {HTMLElement} */ (box).hidden = kept.get("zg.consent") !== null;
    });
    document.querySelectorAll("input[data-zg-visitor]").forEach((input) => {
      /** @type {HTMLInputElement} */ (input).value = visitor() || "";
    });
  };

  // --- calls ----------------------------------------------------------------------------------------------------

  let token = settings.token || "";
  /** Whose pages these are, by a token that the shop's back end asked for; "" signs out. @param {string} value */
  const identify = (value) => {
    token = value || "";
  };

  /**
   * @param {string} path @param {{method?: string, query?: Record<string, any>, body?: any, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  const call = async (path, options = {}) => {
    const url = new URL(path, api);
    for (const [name, value] of Object.entries(options.query || {}))
      if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
    url.searchParams.set("lang", language);
    /** @type {Record<string, string>} */
    const headers = { Authorization: "Bearer " + (token || key) };
    if (options.body) headers["Content-Type"] = "application/json";
    const answer = await fetch(url, {
      method: options.method || "GET",
      headers,
      body: options.body ? JSON.stringify(options.body) : undefined,
      credentials: "omit",
      signal: options.signal,
    });
    if (answer.status === 401 && token) {
      token = ""; // it ended: go on as a visitor
      return call(path, options);
    }
    if (!answer.ok) throw Object.assign(new Error(path + ": " + answer.status), { answer });
    return answer.status === 204 ? null : answer.json();
  };

  // --- events ---------------------------------------------------------------------------------------------------

  // One entry of the storage per event: several pages write and remove at once without losing each other's.
  const EVENT = "zg.e.";
  let timer = 0;
  let due = Infinity;
  let pause = 0;
  let isSending = false;

  /** Notes what happened; it is sent soon, by this page or the next. @param {string} kind @param {Fields} [fields] */
  const track = (kind, fields = {}) => {
    const id = visitor();
    if (!id) return;
    const led = fields.product ? ledTo(fields.product) : {};
    /** @type {ShopEvent} */
    const event = { kind, event_id: newId(), occurred_at: new Date().toISOString(), visitor: id, ...led, ...fields };
    const names = kept.names(EVENT);
    if (names.length >= MOST_KEPT) names.sort().slice(0, names.length - MOST_KEPT + 1).forEach(kept.drop);
    kept.set(EVENT + Date.now().toString(36).padStart(9, "0") + event.event_id, JSON.stringify(event));
    soon(SEND_AFTER_MS);
  };
  /** Sends then, or earlier when that was planned. @param {number} ms */
  const soon = (ms) => {
    const moment = Date.now() + Math.max(ms, pause);
    if (moment >= due) return;
    clearTimeout(timer);
    due = moment;
    timer = window.setTimeout(() => {
      due = Infinity;
      safely(send);
    }, moment - Date.now());
  };
  /** @returns {{names: string[], events: ShopEvent[]}} */
  const waiting = () => {
    /** @type {string[]} */ const names = [];
    /** @type {ShopEvent[]} */ const events = [];
    for (const name of kept.names(EVENT).sort()) {
      if (events.length === BATCH) break;
      const event = safely(() => JSON.parse(kept.get(name) || "null"));
      if (!event) kept.drop(name);
      else {
        names.push(name);
        events.push(event);
      }
    }
    return { names, events };
  };
  const send = async () => {
    const { names, events } = waiting();
    if (isSending || !events.length || !mayTrack()) return;
    isSending = true;
    try {
      await call("events", { method: "POST", body: { events, sent_at: new Date().toISOString() } });
      pause = 0;
      names.forEach(kept.drop);
    } catch (error) {
      const answer = /** @type {any} */ (error).answer;
      if (answer && answer.status < 500 && ![401, 408, 409, 429].includes(answer.status)) {
        names.forEach(kept.drop); // said no, and would say no again
      } else {
        const asked = Number(answer && answer.headers.get("Retry-After")) * 1000 || 0;
        pause = Math.min(LONGEST_PAUSE_MS, Math.max(asked, (pause || 1000) * (1.5 + Math.random())));
      }
      report(error);
    } finally {
      isSending = false;
      if (kept.names(EVENT).length) soon(pause || SEND_AFTER_MS);
    }
  };
  /** The page goes. What is sent here stays kept until an answer came: the next page repeats it, ids count once. */
  const sendLast = () => {
    const { events } = waiting();
    if (!events.length || !mayTrack() || !navigator.sendBeacon) return;
    navigator.sendBeacon(api + "events", JSON.stringify({ key, events, sent_at: new Date().toISOString() }));
  };

  /** What led to a product: a recommendation or a search, for half an hour. @param {string} product @returns {Fields} */
  const ledTo = (product) => {
    const found = safely(() => JSON.parse(visit.get("zg.led." + product) || "null"));
    return found && Date.now() - found.at < LED_FOR_MS ? found.by : {};
  };
  /** @param {Element} element @returns {Fields} */
  const contextOf = (element) => {
    const list = element.closest(LISTS);
    const context = list instanceof HTMLElement ? list.dataset : {};
    return clean({ recommendation: context.zgRecommendation, search: context.zgSearch, query: context.zgQuery });
  };
  /** @param {Record<string, any>} fields @returns {any} */
  const clean = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));

  /** @param {Event} event */
  const clicked = (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const choice = target.closest("[data-zg-consent]");
    if (choice instanceof HTMLElement) return void consent(choice.dataset.zgConsent === "yes");
    const sender = target.closest("[data-zg-event]");
    if (sender instanceof HTMLElement && sender.dataset.zgProduct && sender.dataset.zgEvent) {
      return track(sender.dataset.zgEvent, { product: sender.dataset.zgProduct });
    }
    // What is opened from a list of ours is credited to it: by the view on the next page, and by what follows there.
    const entry = target.closest("[data-zg-product]");
    if (entry instanceof HTMLElement && entry.dataset.zgProduct && target.closest("a[href]") && mayTrack()) {
      const by = { ...contextOf(entry), ...positionOf(entry) };
      if (by.recommendation || by.search) visit.set("zg.led." + entry.dataset.zgProduct, JSON.stringify({ at: Date.now(), by }));
    }
  };
  /** @param {HTMLElement} entry @returns {Fields} */
  const positionOf = (entry) => {
    const list = entry.closest(LISTS);
    return list ? { position: [...list.querySelectorAll("[data-zg-product]")].indexOf(entry) } : {};
  };

  // --- impressions ----------------------------------------------------------------------------------------------

  /** A list counts as seen when half of one of its products was in sight for a second; once per answer. */
  const timers = new WeakMap();
  /** @type {Set<string>} */
  const noted = new Set();
  const watcher =
    "IntersectionObserver" in window
      ? new IntersectionObserver(
          (entries) =>
            safely(() => {
              for (const { target, isIntersecting } of entries) {
                clearTimeout(timers.get(target));
                if (isIntersecting) timers.set(target, window.setTimeout(() => safely(() => noteSeen(target)), 1000));
              }
            }),
          { threshold: 0.5 },
        )
      : null;
  /** @param {Element} entry */
  const noteSeen = (entry) => {
    const list = entry.closest(LISTS);
    const by = contextOf(entry);
    const id = by.recommendation || by.search;
    if (!list || !id || noted.has(id) || !mayTrack()) return;
    noted.add(id);
    const entries = list.querySelectorAll("[data-zg-product]");
    if (watcher) entries.forEach((one) => watcher.unobserve(one));
    const products = [...entries].map((one) => /** @type {HTMLElement} */ (one).dataset.zgProduct || "");
    track("impression", { ...by, value: entries.length, products: [...new Set(products)].filter(Boolean).slice(0, 60) });
  };
  /** @param {ParentNode} root */
  const watch = (root) => {
    if (watcher) for (const entry of root.querySelectorAll("[data-zg-product]")) if (entry.closest(LISTS)) watcher.observe(entry);
  };

  // --- recommendations ------------------------------------------------------------------------------------------

  /** @param {Wanted} wanted @returns {Promise<Answer>} */
  const recommendations = ({ similar, ...wanted }) => {
    const { limit = 8, exclude } = wanted;
    const who = { limit, visitor: visitor() };
    if (similar) return call(`products/${encodeURIComponent(similar)}/similar`, { query: { exclude, ...who } });
    return call("recommendations", { query: { placement: "home", ...wanted, ...who } });
  };

  /** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} name @param {string} [text] */
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  };
  /** @param {string} price @param {string} currency */
  const money = (price, currency) =>
    safely(() =>
      new Intl.NumberFormat(language === "en" ? "en" : "zh-CN", { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(Number(price)),
    ) || price + " " + currency;
  /** @param {Card} product */
  const addressOf = (product) =>
    (settings.productUrl || "/products/{id}")
      .replace("{id}", encodeURIComponent(product.id))
      .replace("{external_id}", encodeURIComponent(product.external_id || product.id));

  /** Asks for the file. @param {HTMLImageElement} image @param {string} source */
  const load = (image, source) => {
    const address = new URL(source, home);
    if (address.origin === home && address.pathname.startsWith("/media/")) {
      /** @param {number} width */
      const sized = (width) => `${home}/pictures/${width}/${address.pathname.slice(7)}`;
      image.sizes = settings.sizes || "(min-width: 640px) 220px, 44vw";
      image.srcset = WIDTHS.map((width) => `${sized(width)} ${width}w`).join(", ");
      image.src = sized(320);
    } else image.src = address.href;
  };
  /** @type {WeakMap<Element, string>} */
  const unloaded = new WeakMap();
  // Browsers fetch lazy pictures up to 2,500 pixels ahead, most of which nobody on a phone gets to: half a screen is enough.
  const nearby =
    "IntersectionObserver" in window
      ? new IntersectionObserver(
          (entries, observer) =>
            safely(() => {
              for (const { target, isIntersecting } of entries) {
                if (!isIntersecting) continue;
                observer.unobserve(target);
                load(/** @type {HTMLImageElement} */ (target), unloaded.get(target) || "");
              }
            }),
          { rootMargin: "50%" },
        )
      : null;
  /** @param {Card} product */
  const picture = (product) => {
    const image = make("img", "zg-image");
    image.alt = "";
    image.width = image.height = 320;
    image.decoding = "async";
    if (product.image) {
      unloaded.set(image, product.image);
      if (nearby) nearby.observe(image);
      else load(image, product.image);
    }
    return image;
  };
  /** What the reason rests on, by its code. @param {string} code */
  const basis = (code) => {
    if (code.startsWith("because_you_")) return "personal";
    return BASES[code] || "everybody";
  };
  /** @param {Item} item */
  const why = (item) => {
    const box = make("details", "zg-why");
    const opener = make("summary", "", word("why"));
    opener.setAttribute("aria-label", `${word("why")} ${item.product.name}`); // a page has many of them
    box.append(opener, make("p", "zg-reason", item.reason.text), make("p", "zg-basis", word(basis(item.reason.code))));
    if (settings.privacyUrl) {
      const link = make("a", "zg-choose", word("choose"));
      link.href = settings.privacyUrl;
      box.append(link);
    }
    return box;
  };
  /** @param {Item} item */
  const card = (item) => {
    const entry = make("li", "zg-item");
    entry.dataset.zgProduct = item.product.id;
    const link = make("a", "zg-link");
    link.href = addressOf(item.product);
    link.append(picture(item.product), make("span", "zg-name", item.product.name), make("span", "zg-price", money(item.product.price, item.product.currency)));
    entry.append(link, why(item));
    return entry;
  };
  /** @param {HTMLElement} place */
  const shownBeside = (place) =>
    [...document.querySelectorAll("[data-zg-product]")]
      .filter((entry) => !place.contains(entry))
      .map((entry) => /** @type {HTMLElement} */ (entry).dataset.zgProduct)
      .slice(0, 60);
  let headings = 0;
  /** Fills one place; without an answer, or with nothing to show, it stays as the page made it. @param {HTMLElement} place */
  const render = async (place) => {
    const { zgPlacement, zgSimilar, zgProductId, zgCategory, zgBasket, zgExclude, zgLimit, zgTitle } = place.dataset;
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await recommendations(
        clean({
          placement: zgPlacement,
          similar: zgSimilar,
          product: zgProductId,
          category: zgCategory,
          basket: zgBasket,
          exclude: [zgExclude, ...("zgDistinct" in place.dataset ? shownBeside(place) : [])].filter(Boolean).join(","),
          limit: zgLimit,
        }),
      );
      place.hidden = !answer.items.length && place.dataset.zgEmpty !== "keep";
      if (!answer.items.length) return;
      const list = make("ul", "zg-items");
      list.setAttribute("role", "list"); // Safari forgets it when the bullets are taken away
      list.dataset.zgRecommendation = answer.id;
      list.append(...answer.items.map(card));
      const parts = /** @type {HTMLElement[]} */ ([list]);
      if (zgTitle) {
        const title = make("h2", "zg-title", zgTitle);
        title.id = "zg-title-" + ++headings;
        place.setAttribute("role", "region");
        place.setAttribute("aria-labelledby", title.id);
        parts.unshift(title);
      }
      place.replaceChildren(...parts);
      watch(list);
    } finally {
      place.removeAttribute("aria-busy");
      place.dispatchEvent(new CustomEvent("zhanggui:rendered", { bubbles: true }));
    }
  };
  /** @param {ParentNode} [root] */
  const renderAll = (root = document) => {
    root.querySelectorAll("[data-zg-reviews]").forEach((place) => void renderReviews(/** @type {HTMLElement} */ (place)).catch(report));
    const places = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-zg-placement],[data-zg-similar]")]);
    /** @param {HTMLElement} place */
    const filled = (place) => render(place).catch(report);
    return Promise.all(places.filter((place) => !("zgDistinct" in place.dataset)).map(filled)).then(async (before) => {
      // These wait for the others, and show nothing that stands on the page already.
      for (const place of places.filter((one) => "zgDistinct" in one.dataset)) await filled(place);
      return before;
    });
  };

  // --- reviews --------------------------------------------------------------------------------------------------

  /** @param {string} name @param {Record<string, string|number>} values */
  const said = (name, values) => word(name).replace(/\{(\w)\}/g, (_, at) => String(values[at]));
  /** @param {string} product @returns {Promise<ReviewSummary>} */
  const reviews = (product) => call(`products/${encodeURIComponent(product)}/review-summary`);
  /** Every sentence leads to the review it stands in. @param {Quote} quote @param {string} product */
  const quoted = (quote, product) => {
    const entry = make("li", "zg-quote");
    const text = make("q", "", quote.text);
    text.lang = quote.language;
    entry.dataset.zgReview = quote.review;
    const link = settings.reviewUrl ? make("a", "") : null;
    if (link) {
      const address = (settings.reviewUrl || "").replace("{id}", encodeURIComponent(product));
      link.href = address.replace("{review}", encodeURIComponent(quote.review));
      link.append(text);
    }
    const about = said("support", { t: quote.aspect, n: quote.support }) + (quote.verified ? " · " + word("bought") : "");
    entry.append(link || text, make("span", "zg-about", about));
    return entry;
  };
  /** @param {InWords} words @param {string} product */
  const inWords = (words, product) => {
    const share = words.positive_share;
    const parts = /** @type {HTMLElement[]} */ ([]);
    if (share !== null) parts.push(make("p", "zg-share", said("praise", { p: Math.round(share * 100), n: words.reviews })));
    const aspects = make("ul", "zg-aspects");
    for (const one of words.aspects.slice(0, 6)) {
      const entry = make("li", "");
      const bar = make("meter", "");
      bar.max = Math.max(1, one.positive + one.negative);
      bar.value = one.positive;
      bar.setAttribute("aria-hidden", "true"); // the words say the same
      entry.append(make("span", "", one.title), bar, make("span", "zg-about", said("sides", { p: one.positive, c: one.negative })));
      aspects.append(entry);
    }
    parts.push(aspects);
    for (const [name, quotes] of /** @type {[string, Quote[]][]} */ ([["good", words.praise], ["bad", words.complaints]])) {
      if (!quotes.length) continue;
      const list = make("ul", "zg-quotes");
      list.append(...quotes.map((one) => quoted(one, product)));
      parts.push(make("h3", "zg-side", word(name)), list);
    }
    for (const list of parts) if (list.tagName === "UL") list.setAttribute("role", "list");
    return [...parts, make("p", "zg-basis", word("machine"))];
  };
  /** Fills one place; without reviews, or without an answer, it stays as the page made it. @param {HTMLElement} place */
  const renderReviews = async (place) => {
    const product = place.dataset.zgReviews || "";
    const answer = await reviews(product);
    const parts = answer.in_words ? inWords(answer.in_words, product) : [];
    if (answer.count && place.dataset.zgStars !== "no")
      parts.unshift(make("p", "zg-stars", said("stars", { a: answer.average || 0, n: answer.count })));
    if (parts.length) place.replaceChildren(...parts);
    place.hidden = !parts.length;
    place.dispatchEvent(new CustomEvent("zhanggui:rendered", { bubbles: true }));
  };

  // --- search box -----------------------------------------------------------------------------------------------

  /** A combobox of the form the ARIA practices describe: the list belongs to the input, which keeps the focus. @param {HTMLInputElement} input */
  const searchBox = (input) => {
    const list = make("ul", "zg-suggestions");
    const status = make("span", "zg-status");
    list.id = "zg-list-" + newId().slice(0, 8);
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", word("suggestions"));
    status.setAttribute("role", "status");
    input.autocomplete = "off";
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]])
      input.setAttribute(name, value);
    (input.closest("[data-zg-search-field]") || input).after(list, status);
    let active = -1;
    let typed = "";
    let wait = 0;
    /** @type {AbortController|null} */
    let running = null;
    const options = () => /** @type {HTMLElement[]} */ ([...list.children]);
    const close = () => {
      clearTimeout(wait);
      if (running) running.abort();
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    /** @param {number} place */
    const move = (place) => {
      const all = options();
      active = ((place + 1 + all.length + 1) % (all.length + 1)) - 1; // one more place: what was typed
      all.forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
      input.value = active < 0 ? typed : all[active].dataset.text || "";
      if (active < 0) input.removeAttribute("aria-activedescendant");
      else {
        input.setAttribute("aria-activedescendant", all[active].id);
        all[active].scrollIntoView({ block: "nearest" });
      }
    };
    /** @param {HTMLElement} option */
    const choose = (option) => {
      close();
      if (option.dataset.href) return location.assign(option.dataset.href);
      input.value = option.dataset.text || "";
      if (input.form) input.form.requestSubmit();
    };
    const ask = async () => {
      typed = input.value;
      const query = typed.trim();
      if (running) running.abort();
      if (!query) return close();
      running = new AbortController();
      const answer = await call("search/suggestions", { query: { q: query.slice(0, 200) }, signal: running.signal });
      /** @type {{text: string, note?: string, href?: string}[]} */
      const offers = answer.queries.map(/** @param {string} text */ (text) => ({ text }));
      if (settings.categoryUrl)
        for (const one of answer.categories.slice(0, 2))
          offers.push({ text: one.name, note: word("section"), href: settings.categoryUrl.replace("{id}", encodeURIComponent(one.id)) });
      for (const one of answer.brands.slice(0, 2))
        if (!offers.some(({ text }) => text.toLowerCase() === one.name.toLowerCase())) offers.push({ text: one.name, note: word("brand") });
      for (const one of answer.products.slice(0, 4))
        offers.push({ text: one.name, note: money(one.price, one.currency), href: addressOf(one) });
      list.replaceChildren(
        ...offers.map((offer, index) => {
          const option = make("li", "zg-suggestion");
          option.append(make("span", "zg-suggestion-text", offer.text));
          if (offer.note) option.append(" ", make("span", "zg-suggestion-note", offer.note));
          if (offer.href) option.dataset.href = offer.href;
          option.dataset.text = offer.text;
          option.id = list.id + "-" + index;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          return option;
        }),
      );
      active = -1;
      list.hidden = !offers.length;
      input.setAttribute("aria-expanded", String(!!offers.length));
      status.textContent = offers.length ? word("some").replace("{n}", String(offers.length)) : word("none");
    };
    input.addEventListener("input", (event) => {
      clearTimeout(wait);
      if (!(/** @type {InputEvent} */ (event).isComposing)) wait = window.setTimeout(() => safely(ask), 150);
    });
    input.addEventListener("compositionend", () => void (wait = window.setTimeout(() => safely(ask), 150)));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape" && !list.hidden) {
        input.value = typed;
        close();
        event.preventDefault();
      } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
        move(active + (event.key === "ArrowDown" ? 1 : -1));
        event.preventDefault();
      } else if (event.key === "Enter") {
        const chosen = list.hidden ? null : options()[active];
        if (chosen) event.preventDefault();
        if (chosen) choose(chosen);
        else close();
      }
    });
    input.addEventListener("blur", close);
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus in the input
    list.addEventListener("click", (event) => {
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (option) choose(/** @type {HTMLElement} */ (option));
    });
  };

  // --- the page -------------------------------------------------------------------------------------------------

  /** What the page says of itself: the product it shows, what was searched for. */
  const startPage = () => {
    const shown = document.querySelector("[data-zg-view]");
    if (shown instanceof HTMLElement && shown.dataset.zgView) track("view", { product: shown.dataset.zgView });
    const searched = document.querySelector("[data-zg-search][data-zg-query]");
    if (searched instanceof HTMLElement && searched.dataset.zgPage !== "next")
      track("search", clean({ query: searched.dataset.zgQuery, search: searched.dataset.zgSearch }));
    watch(document);
  };
  const start = () => {
    showConsent();
    document.addEventListener("click", (event) => safely(() => clicked(event)), true);
    document.querySelectorAll("input[data-zg-search-box]").forEach((input) => safely(() => searchBox(/** @type {HTMLInputElement} */ (input))));
    safely(startPage);
    safely(() => renderAll());
    if (kept.names(EVENT).length) soon(SEND_AFTER_MS);
  };
  addEventListener("pagehide", () => safely(sendLast));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && safely(sendLast));
  addEventListener("online", () => safely(() => ((pause = 0), soon(0))));

  /** @type {any} */ (window).zhanggui = {
    /** @param {string} kind @param {Fields} [fields] */
    track: (kind, fields) => safely(() => track(kind, fields)),
    /** @param {string} product */
    view: (product) => safely(() => track("view", { product })),
    /** @param {string} product */
    cart: (product) => safely(() => track("cart", { product })),
    /** @param {string} product */
    removeFromCart: (product) => safely(() => track("remove_from_cart", { product })),
    /** @param {string} product */
    favourite: (product) => safely(() => track("favourite", { product })),
    /** @param {string} query @param {string} [search] */
    search: (query, search) => safely(() => track("search", clean({ query, search }))),
    /** @param {boolean} [choice] */
    consent: (choice) => safely(() => consent(choice)),
    identify,
    visitor,
    recommendations,
    reviews,
    render: renderAll,
    flush: () => safely(send),
    parts: { call, language, visitor, addressOf, money, newId, watch }, // for assistant.js
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => safely(start));
  else safely(start);
})();
