"use strict";
// Filters, keys and folds. The page has all its content without this script.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const input = one("[data-filter]");
  const choice = one("[data-choice]");
  const count = one("[data-count]");
  const items = all("[data-item]");
  const texts = new Map();

  const textOf = (item) => {
    if (!texts.has(item)) {
      const titles = all("[title]", item).map((each) => each.title).join(" ");
      texts.set(item, `${item.textContent} ${titles}`.toLowerCase());
    }
    return texts.get(item);
  };
  const isOf = (item, kind) => (item.dataset.kind || "").split(",").includes(kind);
  const apply = () => {
    if (!input) return;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = choice ? choice.value : "";
    let shown = 0;
    for (const item of items) {
      const fits = (!kind || isOf(item, kind))
        && (!words.length || words.every((word) => textOf(item).includes(word)));
      item.hidden = !fits;
      shown += fits;
    }
    count.textContent = words.length || kind ? `${shown} of ${items.length}` : "";
  };

  // A filter is part of the address: #q=words&only=kind. Other fragments are anchors on the page.
  const address = () => {
    const parts = [];
    if (input.value) parts.push(`q=${encodeURIComponent(input.value)}`);
    if (choice && choice.value) parts.push(`only=${encodeURIComponent(choice.value)}`);
    return parts.join("&");
  };
  const decoded = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };
  const changed = () => {
    apply();
    const wanted = address();
    if (wanted !== location.hash.slice(1)) location.replace(`#${wanted}`);
  };
  const arrive = () => {
    const hash = location.hash.slice(1);
    const isFilter = /^(q|only)=/.test(hash);
    if (input && (isFilter || !hash)) {
      const parts = Object.fromEntries(hash.split("&").map((part) => part.split("=").map(decoded)));
      if (input.value !== (parts.q || "")) input.value = parts.q || "";
      if (choice) choice.value = parts.only || "";
      apply();
    }
    const target = hash && !isFilter && document.getElementById(decoded(hash));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      if (node.hidden) node.hidden = false;
    }
    target.scrollIntoView();
  };
  if (input) {
    input.addEventListener("input", changed);
    if (choice) choice.addEventListener("change", changed);
  }
  addEventListener("hashchange", arrive);
  arrive();

  const step = (by) => {
    const visible = items.filter((item) => !item.hidden);
    if (!visible.length) return;
    const at = visible.indexOf(document.activeElement && document.activeElement.closest("[data-item]"));
    const next = visible[Math.min(Math.max(at + by, 0), visible.length - 1)];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };
  const fold = () => {
    const found = all("main details");
    const open = found.some((each) => !each.open);
    for (const each of found) each.open = open;
  };
  // Scrolling parts must be reachable by keyboard, which not every browser ensures.
  const reach = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      if (scrolls) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const each of all("pre, .wide, .gaps ul")) reach.observe(each);

  for (const command of all("pre.command")) {
    const copy = document.createElement("button");
    const say = (text) => { copy.textContent = text; };
    say("Copy");
    copy.setAttribute("aria-live", "polite");
    copy.addEventListener("click", () => {
      getSelection().selectAllChildren(command);
      const done = navigator.clipboard && navigator.clipboard.writeText(command.textContent);
      if (done) done.then(() => say("Copied"), () => say("Selected"));
      else say("Selected");
    });
    command.after(copy);
  }

  const keys = one("[data-keys]");
  const act = one("[data-keys-on]");
  const store = (change) => {
    try { return change(localStorage); } catch { return null; }
  };
  act.checked = store((kept) => kept.getItem("repro-keys")) !== "off";
  act.addEventListener("change", () => store((kept) => kept.setItem("repro-keys", act.checked ? "on" : "off")));
  const help = () => (keys.open ? keys.close() : keys.showModal());
  const button = one("[data-help]");
  button.hidden = false;
  button.addEventListener("click", help);

  const move = (link, key) => {
    const row = link.closest("tr");
    const rows = all("tbody tr", row.closest("table")).filter((each) => !each.hidden);
    const column = link.closest("td, th").cellIndex;
    let [r, c] = [rows.indexOf(row), column];
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
    while (rows[r += down] && rows[r].cells[c += right]) {
      const next = rows[r].cells[c].querySelector("a");
      if (next) { next.focus(); return; }
    }
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (at === input && event.key === "Escape") {
      input.value = "";
      changed();
      input.blur();
      return;
    }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName) || (keys.open && event.key !== "?")) return;
    const link = at.closest && at.closest("[data-grid] a");
    const view = one(`[data-key="${CSS.escape(event.key)}"]`);
    if (link && event.key.startsWith("Arrow")) move(link, event.key);
    else if (!act.checked) return;
    else if (event.key === "/" && input) { input.focus(); input.select(); }
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "o") fold();
    else if (event.key === "?") help();
    else if (view) view.click();
    else return;
    event.preventDefault();
  });
})();
