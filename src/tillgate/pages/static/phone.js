// Keeps the phone's page up to date, and sends its forms behind it. Without this script the page works by reloading.
(() => {
  "use strict";
  const phone = document.getElementById("phone");
  if (!phone) return;
  const at = (id) => document.getElementById(id);
  const [requests, heading, told, amount, mistake] = ["requests", "requests-heading", "told", "amount", "mistake"].map(at);
  const news = at("news");
  const title = document.title;
  const ahead = Number(phone.dataset.now) - Date.now(); // the server's clock, which this one need not agree with
  const STEADY_MILLISECONDS = 500; // in which what has just moved under a finger is not pressed
  let movedUp = -Infinity;

  // Only what this server says becomes HTML, here and nowhere else; it escapes what it was told by others.
  const asGiven = { createHTML: (html) => html };
  const trusted = globalThis.trustedTypes ? trustedTypes.createPolicy("tillgate", asGiven) : asGiven;
  const put = (element, html) => {
    element.innerHTML = trusted.createHTML(html);
  };

  const made = (html) => {
    const template = document.createElement("template");
    put(template, html);
    return template.content.firstElementChild;
  };

  const say = (html) => {
    if (told.innerHTML !== html) put(told, html);
  };

  const sayPlainly = (text) => {
    const line = document.createElement("p");
    line.className = "told quiet";
    line.textContent = text;
    told.replaceChildren(line);
  };

  // What has not changed stays as it is: focus, what is open, and what is being pressed.
  const shown = new Map();
  for (const id of ["balance", "history"]) shown.set(id, at(id).innerHTML);
  const show = (id, html) => {
    if (shown.get(id) === html) return;
    shown.set(id, html);
    put(at(id), html);
  };

  const articles = new Map(
    [...requests.children].map((article) => [article.dataset.reference, { article, source: article.outerHTML }]),
  );
  const showRequests = (pending, isMine) => {
    const had = requests.contains(document.activeElement);
    const wanted = new Map(pending);
    for (const [reference, { article }] of articles) {
      if (wanted.has(reference)) continue;
      if (article.nextElementSibling) movedUp = performance.now();
      if (!isMine) sayPlainly(article.dataset.gone);
      article.remove();
      articles.delete(reference);
    }
    for (const [reference, html] of pending) {
      const known = articles.get(reference);
      const article = made(html);
      const source = article.outerHTML;
      if (known && known.source === source) continue;
      if (known) {
        known.article.replaceWith(article);
      } else {
        article.classList.add("new");
        requests.append(article);
        news.textContent = article.dataset.asked;
      }
      articles.set(reference, { article, source });
    }
    at("calm").hidden = pending.length > 0;
    document.title = pending.length ? `(${pending.length}) ${title}` : title;
    // Whoever was at a request that is gone is not to press the next one by mistake.
    if (had && !requests.contains(document.activeElement)) heading.focus();
    tick();
  };

  const update = (parts, isMine = false) => {
    show("balance", parts.balance);
    showRequests(parts.requests, isMine);
    show("history", parts.history);
  };

  const tick = () => {
    const now = Date.now() + ahead;
    for (const { article } of articles.values()) {
      const seconds = Math.max(0, Math.ceil((Number(article.dataset.until) - now) / 1000));
      const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      const text = phone.dataset.left.replace("{time}", time);
      const countdown = article.querySelector(".countdown");
      if (countdown.textContent !== text) countdown.textContent = text;
      article.classList.toggle("hurry", seconds <= 30);
    }
  };

  const { listen } = live({
    path: "/phone/events",
    hear: (parts) => update(parts),
    show: (isUp) => phone.classList.toggle("offline", !isUp),
  });

  const complain = (text) => {
    mistake.textContent = text;
    if (text) {
      amount.setAttribute("aria-invalid", "true");
      amount.focus();
    } else {
      amount.removeAttribute("aria-invalid");
    }
  };

  const sending = new Set();
  const send = async (form, button) => {
    const reference = form.elements.reference ? form.elements.reference.value : form;
    const isAnswer = typeof reference === "string";
    if (sending.has(reference)) return;
    if (isAnswer && performance.now() - movedUp < STEADY_MILLISECONDS) return;
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    sending.add(reference);
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      if (answer.status === 409) return location.assign("/phone");
      if (!answer.ok) throw new Error(String(answer.status));
      const said = await answer.json();
      update(said.parts, true);
      say(said.told);
      complain(said.mistake);
      if (!said.mistake && form.id === "top-up") form.reset();
    } catch {
      sayPlainly(phone.dataset.failed);
    } finally {
      sending.delete(reference);
      form.removeAttribute("aria-busy");
    }
  };
  document.addEventListener("submit", (event) => {
    if ("plain" in event.target.dataset) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });

  setInterval(tick, 250);
  tick();
  listen();
})();
