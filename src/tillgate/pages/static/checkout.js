// Keeps the payment page up to date, and sends its forms behind it. Without this script the page works by reloading.
(() => {
  "use strict";
  const page = document.getElementById("checkout");
  if (!page) return;
  const at = (id) => document.getElementById(id);
  const said = page.dataset;
  const ahead = Number(said.now) - Date.now(); // the server's clock, which this one need not agree with
  const SOON_MILLISECONDS = 1000;
  const framed = window !== parent; // in a window over the merchant's page
  const RETURN_SECONDS = framed ? 4 : 8;
  const TEST_CARD = { number: "4242424242424242", expiry: "12/34", cvc: "123" };
  const OVER = ["paid", "refunded", "canceled", "expired", "worn"];

  // Only what this server says becomes HTML, here and nowhere else; it escapes what it was told by others.
  const asGiven = { createHTML: (html) => html };
  const trusted = globalThis.trustedTypes ? trustedTypes.createPolicy("tillgate", asGiven) : asGiven;
  const put = (element, html) => {
    element.innerHTML = trusted.createHTML(html);
  };

  const told = at("told");
  const say = (text, tone = "bad") => {
    const line = document.createElement("p");
    line.className = `banner ${tone}`;
    line.textContent = text;
    told.replaceChildren(...(text ? [line] : []));
  };

  // ---- The merchant's page around this one, where there is one: it gives a channel, and is told no more than what to do.

  let around = null;
  const isKnown = (origin) => {
    const anyPort = `${origin.replace(/^https/, "http").replace(/:\d+$/, "")}:*`;
    return said.around.split(" ").some((one) => one === origin || one === anyPort);
  };
  let isLeft = false; // before there was anybody to be told
  const tell = (event) => {
    isLeft ||= !event;
    if (around) around.postMessage(event ? { event } : {});
  };
  const listenAround = ({ source, origin, ports }) => {
    if (around || source !== parent || !isKnown(origin) || !ports[0]) return;
    around = ports[0];
    tell("ready");
    if (isLeft) tell();
    if (phase === "paid") tell("paid");
  };
  if (framed) addEventListener("message", listenAround);
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !document.querySelector(":popover-open")) tell();
  });
  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  // The bank's page as it is in a frame, from where it leads back into it; another's takes the whole window.
  const inside = (address) => {
    const url = new URL(address, location.href);
    if (framed) url.searchParams.set("framed", "inside");
    return url.href;
  };
  const leadOut = () => {
    for (const link of framed ? page.querySelectorAll("a[href]:not([target])") : []) {
      const isInside = link.id === "bank" && isOurs(link.href);
      if (isInside) link.href = inside(link.href);
      else Object.assign(link, { target: ["bank", "back"].includes(link.id) ? "_top" : "_blank", rel: "noopener" });
    }
  };

  // ---- The card's fields, as they are in the page at the moment.

  let fields = null;
  const touched = new Set();
  const complain = (form, name, text) => {
    const input = form.querySelector(`[name=${name}]`);
    const line = input && at(input.getAttribute("aria-describedby"));
    if (!line) return false;
    line.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    return Boolean(text);
  };
  const wording = (form, state, name) => {
    const code = state.errors[name];
    return code ? form.dataset[code === "incomplete_cvc" && state.brand === "amex" ? `${code}_four` : code] : "";
  };
  const check = (form, state) => {
    for (const name of ["number", "expiry", "cvc"]) if (touched.has(name)) complain(form, name, wording(form, state, name));
  };
  const furnish = () => {
    leadOut();
    for (const form of document.querySelectorAll("form[data-way]")) form.noValidate = true;
    for (const button of document.querySelectorAll(".copy")) button.hidden = !navigator.clipboard;
    const form = at("card-form");
    if (!form || form.dataset.bound) return;
    form.dataset.bound = "yes";
    touched.clear();
    fields = cardFields(form, { onchange: (state) => check(form, state) });
    form.addEventListener("focusout", ({ target }) => {
      if (!target.value || !["number", "expiry", "cvc"].includes(target.name)) return;
      touched.add(target.name);
      check(form, fields.state());
    });
    const fill = at("fill");
    if (!fill) return;
    fill.hidden = false;
    fill.onclick = () => {
      fields.fill(TEST_CARD);
      form.querySelector(".pay").focus();
    };
  };

  // ---- What the page shows. What has not changed stays as it is: what is typed, where the focus is, what is open.

  const untried = (element) => element.innerHTML.replace(/name="tried" value="\d+"/g, "");
  const shown = new Map();
  for (const id of ["summary", "state", "devices", "card", "phone", "transfer"]) shown.set(id, untried(at(id)));
  let phase = said.phase;
  const replace = (id, html) => {
    const place = at(id);
    const template = document.createElement("template");
    put(template, html);
    const wanted = untried(template);
    if (shown.get(id) === wanted) return;
    shown.set(id, wanted);
    const open = place.querySelector("details[open]");
    const hadFocus = place.contains(document.activeElement);
    place.replaceChildren(template.content);
    const details = place.querySelector("details");
    if (details && open) details.open = true;
    if (hadFocus) (place.querySelector("h2") || place.querySelector("summary") || at("state").querySelector("h2"))?.focus();
  };
  const update = (screen) => {
    document.title = screen.title;
    said.tried = screen.tried;
    for (const [id, html] of Object.entries(screen.parts)) replace(id, html);
    for (const input of document.querySelectorAll("input[name=tried]")) input.value = screen.tried;
    const heading = at("state").querySelector("h2");
    if (screen.phase !== phase) {
      phase = said.phase = screen.phase;
      said.back = screen.back;
      if (heading) heading.focus();
      at("news").textContent = heading ? heading.textContent : "";
      if (phase !== "open") say("");
      if (phase === "paid") tell("paid");
      scrollTo({ top: 0 });
    }
    if (OVER.includes(phase)) leave();
    furnish();
    tick();
    goBack();
  };

  // ---- Time.

  const tick = () => {
    for (const one of document.querySelectorAll(".countdown")) {
      const seconds = Math.max(0, Math.ceil((Number(one.dataset.until) - Date.now() - ahead) / 1000));
      const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
      const two = (count) => String(count).padStart(2, "0");
      const time = hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
      const text = said.left.replace("{time}", time);
      if (one.textContent !== text) one.textContent = text;
      one.closest(".deadline").classList.toggle("hurry", seconds <= 60);
    }
  };

  // Whoever has paid goes back by themselves, once: the way back to this page is no trap.
  let returning = 0;
  const isFirstTime = () => {
    const mark = `tillgate returned ${said.path}`;
    try {
      if (sessionStorage.getItem(mark)) return false;
      sessionStorage.setItem(mark, "yes");
      return true;
    } catch {
      return false; // where nothing can be noted, nobody is sent away
    }
  };
  const goOn = () => (framed ? tell("done") : location.assign(said.back));
  const goBack = () => {
    const line = at("returning");
    if (phase !== "paid" || !said.back || !line || returning || !(framed || isFirstTime())) return;
    let seconds = RETURN_SECONDS;
    const count = () => {
      line.firstElementChild.textContent = said.returning.replace("{seconds}", seconds);
      if (seconds > 0) return void (seconds -= 1);
      stay();
      goOn();
    };
    const stay = () => {
      clearInterval(returning);
      line.hidden = true;
    };
    at("stay").onclick = stay;
    line.hidden = false;
    returning = setInterval(count, 1000);
    count();
  };

  // ---- What happens meanwhile.

  let doubt = null; // what was sent when the connection was lost: how often the payment had been tried then
  const hear = (screen) => {
    update(screen);
    if (!doubt || phase === "asking") return;
    const wasTaken = screen.tried !== doubt.tried || phase !== "open";
    say(wasTaken ? "" : said.unsent);
    doubt.free();
    doubt = null;
  };
  // Before the stream listens again: whoever comes back by the back button may press what they had pressed.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) form.removeAttribute("aria-busy");
    busy = false;
  });
  const { listen, leave, retry } = live({
    path: `${said.path}/events?${said.proof}`,
    hear,
    show: (isUp) => (at("cut-off").hidden = isUp),
    wanted: () => doubt || !OVER.includes(phase),
  });

  // ---- Forms.

  let busy = false;
  const mark = (sent, mistakes) => {
    const form = sent.isConnected ? sent : document.querySelector(`form[data-way="${sent.dataset.way}"]`);
    let first = null;
    for (const [name, text] of Object.entries(mistakes)) {
      if (form && complain(form, name, text)) first ??= form.querySelector(`[name=${name}]`);
      else say(text);
    }
    if (first) first.focus();
    return first;
  };
  const isWritten = (form) => {
    if (form.dataset.way !== "card") return true;
    for (const name of ["number", "expiry", "cvc"]) touched.add(name);
    const state = fields.state();
    check(form, state);
    if (state.complete) return true;
    fields.focus();
    return false;
  };
  const send = async (form) => {
    if (busy || !isWritten(form)) return;
    busy = true;
    form.setAttribute("aria-busy", "true");
    say("");
    const free = () => {
      busy = false;
      form.removeAttribute("aria-busy");
    };
    const body = new URLSearchParams(new FormData(form));
    const before = Number(said.tried); // the stream may tell of this try before the answer does
    let answer = null;
    try {
      answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      const { screen, mistakes, goes_to: goesTo } = await answer.json();
      if (goesTo && (!framed || isOurs(goesTo))) return location.assign(inside(goesTo));
      const sheet = form.closest("[popover]");
      if (sheet && sheet.matches(":popover-open")) sheet.hidePopover();
      const wasTried = screen.tried !== before;
      update(screen);
      if (!mark(form, mistakes) && wasTried && phase === "open") at("state").querySelector("h2")?.focus();
      free();
    } catch {
      // What was sent may have arrived, or may not: the server knows, and until it says so nothing is sent again.
      say(answer ? said.failed : said.lost, "wait");
      doubt = { tried: Number(body.get("tried")), free };
      leave();
      retry(SOON_MILLISECONDS);
    }
  };
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target);
  });
  document.addEventListener("click", async (event) => {
    const { target } = event;
    if (around && target.closest("#back")) {
      event.preventDefault();
      goOn();
    }
    const button = target.closest(".copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    at("news").textContent = said.copied;
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });

  furnish();
  setInterval(tick, 500);
  tick();
  listen();
  goBack();
})();
