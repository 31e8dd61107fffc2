import { createHash } from "node:crypto";

/**
 * The page's script: times that count, changes without a reload, and the button. The page says the same without it. What it puts into the page is
 * made by the server as the page is, with everything escaped; the token that it asks for is in this page's memory alone.
 */
export const STATUS_SCRIPT = `"use strict";
(() => {
  const units = [["day", 86400000], ["hour", 3600000], ["minute", 60000], ["second", 1000]];
  const forms = { ago: (words) => words + " ago", for: (words) => "for " + words, in: (words) => "in " + words };
  const live = document.getElementById("live");
  const dialog = document.getElementById("token");
  if (!live || !dialog) return;
  let token;
  let source;

  function words(ms) {
    const [unit, length] = units.find(([, size]) => ms >= size) ?? units[3];
    const count = Math.max(0, Math.floor(ms / length));
    return count + " " + unit + (count === 1 ? "" : "s");
  }

  function countTimes() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-form]")) {
      const { form } = time.dataset;
      const ms = now - Date.parse(time.dateTime);
      const text = form === "in" && ms > 0 ? "now" : forms[form](words(form === "in" ? -ms : ms));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  function headers() {
    return token === undefined ? {} : { authorization: "Bearer " + token };
  }

  function askForToken() {
    const input = dialog.querySelector("input");
    input.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const given = dialog.returnValue === "send" && input.value !== "";
        if (given) token = input.value;
        input.value = "";
        resolve(given);
      }, { once: true });
    });
  }

  /* Whoever had the focus has it again. */
  function keepingFocus(change) {
    const had = document.activeElement;
    const id = had?.id;
    const href = had?.getAttribute?.("href");
    change();
    if (!had || had === document.body || had.isConnected) return;
    const again = id ? document.getElementById(id) : href ? document.querySelector('a[href="' + CSS.escape(href) + '"]') : undefined;
    again?.focus({ preventScroll: true });
  }

  let loading;
  let again = false;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /* The whole page anew, at most once in a second. */
  function load() {
    if (loading) {
      again = true;
      return loading;
    }
    loading = loadOnce().catch(() => {}).then(() => pause(1000)).then(() => {
      loading = undefined;
      if (!again) return undefined;
      again = false;
      return load();
    });
    return loading;
  }

  async function loadOnce() {
    const response = await fetch(location.href, { headers: { accept: "text/html", ...headers() } });
    if (!response.ok) return say("This is gone: load the page again");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const told = document.getElementById("outcome")?.textContent;
    keepingFocus(() => {
      for (const selector of ["main", "nav", "header", "footer"]) {
        const [here, there] = [document.querySelector(selector), page.querySelector(selector)];
        if (here && there) here.replaceWith(there);
        else if (there && selector === "nav") document.querySelector("main")?.before(there);
        else if (here && selector === "nav") here.remove();
      }
      const none = (of) => of.querySelector("body > .none");
      if (none(page) && !none(document)) document.querySelector("main")?.before(none(page));
      else if (!none(page)) none(document)?.remove();
    });
    if (told && document.getElementById("outcome")) document.getElementById("outcome").textContent = told;
    document.title = page.title;
    ready();
    countTimes();
  }

  function sectionOf(state) {
    return document.getElementById(state)?.querySelector("ul.rows");
  }

  /* A row in its place; false: its section is not on the page. */
  function put({ id, state, html }) {
    const list = sectionOf(state);
    if (!list) return false;
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const row = template.content.firstElementChild;
    const old = document.getElementById(id);
    if (old?.parentNode === list) old.replaceWith(row);
    else {
      old?.remove();
      const key = (item) => item.id.slice(item.id.indexOf("/", 2));
      const next = [...list.children].find((item) => key(item) > key(row));
      list.insertBefore(row, next ?? null);
    }
    row.classList.add("changed");
    return true;
  }

  function recount(counts) {
    for (const section of document.querySelectorAll("main > section")) {
      const count = section.querySelectorAll("li.row").length;
      const shown = section.querySelector("h2 .count");
      if (shown) shown.textContent = String(count);
      const link = document.querySelector("nav a." + section.id + " b");
      if (link) link.textContent = String(counts?.[section.id] ?? count);
      if (count === 0) return false;
    }
    const known = [...document.querySelectorAll("nav a")].map((link) => link.className);
    if (!counts) return true;
    for (const state of known) document.querySelector("nav a." + state + " b").textContent = String(counts[state] ?? 0);
    return Object.keys(counts).every((state) => known.includes(state)) && known.every((state) => counts[state] > 0);
  }

  /* Times must not count on from what was true when the page was made. */
  function onFacts({ facts, lastAt }) {
    const here = document.querySelector(".facts");
    if (here) here.outerHTML = facts;
    const last = document.querySelector("#last time");
    if (last && lastAt) last.dateTime = last.title = lastAt;
    if (document.querySelector("main.one")) load();
    countTimes();
  }

  function onChange({ stale, rows, gone, counts }) {
    if (!stale && !rows) return;
    const isList = document.querySelector("main.one") === null;
    if (stale || !isList) {
      load();
      /* What changed a tag is known two seconds after the pass. */
      if (!isList) setTimeout(load, 4000);
      return;
    }
    let isWhole = true;
    keepingFocus(() => {
      for (const id of gone) document.getElementById(id)?.remove();
      for (const row of rows) isWhole = put(row) && isWhole;
    });
    isWhole = recount(counts) && isWhole;
    const failing = counts?.failing ?? document.querySelectorAll("#failing li.row").length;
    document.title = document.title.replace(/^\\d+ failing · /, "");
    if (failing > 0) document.title = failing + " failing · " + document.title;
    countTimes();
    if (!isWhole) load();
  }

  function say(text) {
    if (live.textContent !== text) live.textContent = text;
    live.hidden = false;
  }

  function listen() {
    const path = document.querySelector("footer[data-events]")?.dataset.events;
    if (!path || !window.EventSource) return;
    source = new EventSource(path);
    source.onopen = () => say("Live");
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.facts) onFacts(event);
      else onChange(event);
    };
    source.onerror = () => say(source.readyState === EventSource.CLOSED ? "Not live: load the page again to see what is new" : "Not live: the operator is asked again");
  }

  async function reconcile(button) {
    const outcome = document.getElementById("outcome");
    const told = (text) => {
      const here = document.getElementById("outcome");
      if (here) here.textContent = text;
    };
    const path = button.dataset.path;
    button.setAttribute("aria-disabled", "true");
    outcome.textContent = "Asking …";
    try {
      let response = await fetch(path, { method: "POST", headers: headers() });
      for (let tries = 0; response.status === 401 && tries < 3; tries++) {
        if (!(await askForToken())) return told("Not asked: it needs the token");
        response = await fetch(path, { method: "POST", headers: headers() });
      }
      if (response.status === 401) token = undefined;
      const answer = await response.json();
      told(response.ok ? summary(answer) : answer.error);
      if (response.ok) load();
    } catch {
      told("The operator did not answer");
    } finally {
      document.getElementById("reconcile")?.removeAttribute("aria-disabled");
    }
  }

  function summary(results) {
    if (results.length === 1) return results[0].message;
    const counts = new Map();
    for (const { action } of results) counts.set(action, (counts.get(action) ?? 0) + 1);
    return [...counts].map(([action, count]) => count + " " + action.replaceAll("_", " ")).join(", ") || "Nothing to do";
  }

  function ready() {
    for (const hidden of document.querySelectorAll(".act[hidden], button[data-token][hidden]")) hidden.hidden = false;
  }

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("button");
    if (button?.id === "reconcile" && button.getAttribute("aria-disabled") !== "true") await reconcile(button);
    else if (button?.hasAttribute("data-token") && (await askForToken())) await load();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", ({ persisted }) => persisted && (listen(), load()));
  ready();
  countTimes();
  setInterval(countTimes, 1000);
  listen();
})();
`;

/** With another script another path, so that browsers may keep each. */
export const SCRIPT_PATH = `/status/script.js?${createHash("sha256").update(STATUS_SCRIPT).digest("hex").slice(0, 12)}`;
