"use strict";

// Everything works without this; it adds searching, copying and, on a phone, the folding of the contents.
const search = document.getElementById("searched");
const found = document.getElementById("found");
const nothing = document.getElementById("nothing");
const menu = document.getElementById("menu");
const contents = document.getElementById("contents");
const parts = [...document.querySelectorAll("main section, main tbody tr[id]")].map((node) => ({
  node,
  title: (node.querySelector("h1, h2, h3, code")?.textContent || "").toLowerCase(),
  text: node.textContent.toLowerCase(),
}));
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));

search.closest("label").hidden = false;
if (contents) menu.hidden = false;

// The first part whose heading has all the words that are searched for.
let best = null;

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  best = null;
  for (const { node, title, text } of parts) {
    const fits = words.every((word) => text.includes(word));
    node.hidden = !fits;
    count += fits;
    if (words.length && !best && words.every((word) => title.includes(word))) best = node;
    const link = links.get(node.id);
    if (link) (link.closest("li") || link).hidden = !fits;
  }
  document.body.classList.toggle("searching", words.length > 0);
  nothing.hidden = count > 0;
  found.textContent = words.length ? `${count} found` : "";
  if (words.length) (best || document.body).scrollIntoView({ block: "start" });
}

function shown() {
  return [...links.values()].filter((link) => link.offsetParent !== null);
}

search.addEventListener("input", filter);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && parts.length) {
    const first = best || parts.find(({ node }) => !node.hidden)?.node;
    if (first) location.hash = first.id;
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && search.value) {
    search.value = "";
    filter();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (event.target === search || event.target.closest("nav"))) {
    const all = shown();
    const at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (at < 0 ? search : all[Math.min(at, all.length - 1)] || search).focus();
  }
});

for (const button of document.querySelectorAll("button.copy")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

if (contents) {
  menu.addEventListener("click", () => {
    const open = contents.classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  });
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a")) {
      contents.classList.remove("open");
      menu.setAttribute("aria-expanded", "false");
    }
  });
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        if (!link || !isIntersecting) continue;
        document.querySelector("nav a[aria-current]")?.removeAttribute("aria-current");
        link.setAttribute("aria-current", "true");
        if (!contents.matches(":hover, :focus-within")) link.scrollIntoView({ block: "nearest" });
      }
    },
    { rootMargin: "-15% 0px -75% 0px" },
  );
  for (const { node } of parts) watcher.observe(node);
}
