/* The card of pictures: several are sent one after the other, with progress; order by drag or by buttons; each act is
   saved at once and answered with the list as it is now. */
"use strict";
addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector("[data-pictures]");
  const list = box && box.querySelector("[data-pictures-list]"), chosen = box && box.querySelector("[data-pictures-files]");
  if (!chosen) return;
  const words = box.dataset, sending = box.querySelector("[data-pictures-sending]"), drop = chosen.closest("label");
  const say = (text) => { document.getElementById("zg-live").textContent = text; };
  const toast = (detail) => document.dispatchEvent(new CustomEvent("zg:toast", { detail }));

  function post(fields, onProgress) {
    return new Promise((done) => {
      const data = new FormData(), request = new XMLHttpRequest();
      for (const [name, value] of Object.entries(fields)) data.append(name, value);
      request.open("POST", words.pictures);
      request.setRequestHeader("X-CSRFToken", box.querySelector("[name=csrfmiddlewaretoken]").value);
      if (onProgress) request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
      request.onloadend = () => {
        let answer = null;
        try { answer = JSON.parse(request.responseText); } catch (error) { /* a page, or nothing at all */ }
        if (!answer || (request.status >= 400 && !answer.error)) answer = { error: request.status === 507 ? words.full : words.failed };
        if (answer.list !== undefined) show(answer.list);
        done(answer);
      };
      request.send(data);
    });
  }

  /* The list as it is now. The focus stays on the same thing, and half-written words stay with it. */
  function show(html) {
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    const row = held && held.closest("[data-picture]"), text = held && held.matches("[data-picture-alt]") ? held.value : null;
    const what = held && (held.dataset.pictureMove ? `[data-picture-move="${held.dataset.pictureMove}"]` : text !== null ? "[data-picture-alt]" : "button");
    list.innerHTML = html;
    const count = box.closest(".zg-card") && box.closest(".zg-card").querySelector("header .zg-count");
    if (count) count.textContent = list.querySelectorAll("ol > li").length;
    if (!row) return;
    const again = list.querySelector(`[data-picture="${row.dataset.picture}"]`);
    const next = again ? again.querySelector(what + ":not([disabled])") || again.querySelector("button:not([disabled])") : list.querySelector("button:not([disabled])") || chosen;
    if (text !== null && next && next.matches("[data-picture-alt]")) next.value = text;
    if (next) next.focus({ preventScroll: true });
  }

  async function act(fields) {
    const answer = await post(fields);
    if (answer.error) toast({ text: answer.error });
    else if (answer.undo) toast({ text: answer.said, undoLabel: words.undo, undo: () => act({ act: "undo", key: answer.undo }) });
    else say(answer.said);
    return answer;
  }

  /* Sending: one after the other, in the order in which they were chosen. */
  let queue = Promise.resolve();
  function send(files) {
    for (const file of files) {
      const line = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("progress"), state = document.createElement("span");
      name.textContent = file.name; name.translate = false; bar.max = 1; bar.value = 0; bar.setAttribute("aria-label", file.name);
      state.className = "zg-hint";
      line.append(name, bar, state);
      sending.append(line);
      const refuse = (reason) => {
        line.className = "is-refused"; bar.remove(); state.textContent = reason;
        const close = document.createElement("button");
        close.type = "button"; close.className = "zg-icon"; close.textContent = "×"; close.setAttribute("aria-label", words.close);
        close.onclick = () => line.remove();
        line.append(close);
      };
      if (file.size > 10 * 1024 * 1024) { refuse(words.tooLarge); continue; }
      queue = queue.then(async () => {
        state.textContent = words.sending;
        const answer = await post({ act: "add", image: file }, (share) => { bar.value = share; if (share === 1) state.textContent = words.reading; });
        if (answer.error) refuse(answer.error);
        else { line.remove(); say(answer.said); }
      });
    }
  }
  chosen.addEventListener("change", () => { send([...chosen.files]); chosen.value = ""; });
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  box.addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); drop.classList.add("is-over"); } });
  box.addEventListener("dragleave", (event) => { if (!box.contains(event.relatedTarget)) drop.classList.remove("is-over"); });
  box.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.classList.remove("is-over");
    send([...event.dataTransfer.files]);
  });
  addEventListener("beforeunload", (event) => { if (sending.querySelector("progress")) event.preventDefault(); });

  box.querySelector("[data-pictures-address]").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target, refused = form.querySelector(".cat-refused"), answer = await post({ act: "address", url: form.elements.url.value });
    refused.hidden = !answer.error;
    refused.textContent = answer.error || "";
    if (answer.error) form.elements.url.focus(); else { form.reset(); say(answer.said); }
    for (const button of form.querySelectorAll("button")) { button.classList.remove("is-busy"); button.removeAttribute("aria-disabled"); }
  });

  /* Order: by dragging a row, or by its two buttons. */
  const rows = () => [...list.querySelectorAll("ol > li")];
  const order = () => act({ act: "order", ids: rows().map((row) => row.dataset.picture).join(",") });
  let dragged = null;
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("ol > li");
    if (dragged) { event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", ""); dragged.classList.add("is-dragged"); }
  });
  list.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest("ol > li");
    if (!over) return;
    event.preventDefault();
    if (over === dragged) return;
    const box = over.getBoundingClientRect();
    if (event.clientY > box.top + box.height / 2) over.after(dragged); else over.before(dragged);
  });
  list.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
  list.addEventListener("dragend", () => { if (dragged) { dragged.classList.remove("is-dragged"); dragged = null; order(); } });

  list.addEventListener("click", async (event) => {
    const button = event.target.closest("button"), row = button && button.closest("[data-picture]");
    if (!row) return;
    if (button.dataset.pictureAct) return void act({ act: button.dataset.pictureAct, id: row.dataset.picture });
    if (button.dataset.pictureMove === "1") row.nextElementSibling.after(row); else row.previousElementSibling.before(row);
    button.focus();
    const all = rows(), place = all.indexOf(row) + 1;
    await order();
    say(words.moved.replace("{place}", place).replace("{count}", all.length));
  });
  list.addEventListener("change", (event) => {
    if (event.target.matches("[data-picture-alt]")) act({ act: "describe", id: event.target.closest("li").dataset.picture, alt: event.target.value });
  });

  /* What arrives by a job appears by itself, unless somebody works in the list. */
  setInterval(async () => {
    if (document.visibilityState !== "visible" || dragged || !list.querySelector("[data-pictures-waiting]") || list.contains(document.activeElement)) return;
    const answer = await fetch(words.pictures, { credentials: "same-origin" }).catch(() => null); // the page is left
    if (answer?.ok && !list.contains(document.activeElement) && !dragged) show(await answer.text());
  }, 3000);
});
