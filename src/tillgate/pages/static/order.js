// Keeps the order's page up to date. Without this script the page works by reloading.
(() => {
  "use strict";
  const page = document.getElementById("order");
  if (!page) return;
  const at = (id) => document.getElementById(id);
  const said = page.dataset;

  // Only what this server says becomes HTML, here and nowhere else; it escapes what it was told by others.
  const asGiven = { createHTML: (html) => html };
  const trusted = globalThis.trustedTypes ? trustedTypes.createPolicy("tillgate", asGiven) : asGiven;

  // What has not changed stays as it is: where the focus is, and what is being pressed.
  const shown = new Map();
  const parsed = (html) => {
    const template = document.createElement("template");
    template.innerHTML = trusted.createHTML(html);
    return template;
  };
  for (const id of ["summary", "state", "answers", "history"]) shown.set(id, at(id).innerHTML);
  const replace = (id, html) => {
    const template = parsed(html);
    if (shown.get(id) === template.innerHTML) return;
    shown.set(id, template.innerHTML);
    const hadFocus = at(id).contains(document.activeElement);
    at(id).replaceChildren(template.content);
    if (hadFocus) at("state").querySelector("h2").focus();
  };
  const update = (screen) => {
    document.title = screen.title;
    for (const [id, html] of Object.entries(screen.parts)) replace(id, html);
    if (screen.stands === said.stands) return;
    said.stands = screen.stands;
    at("told").replaceChildren();
    at("news").textContent = at("state").querySelector("h2").textContent;
  };
  live({
    path: `${said.path}/events?${said.proof}`,
    hear: update,
    show: (isUp) => (at("cut-off").hidden = isUp),
  }).listen();
})();
