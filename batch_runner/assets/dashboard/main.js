// From the link that was printed to the page: come in, listen, draw.

import { acts, gallery, here, loadCheck, loadUnknown, refreshRows, take, trouble } from "./actions.js";
import { enter, home, listen, Refused, waysIn } from "./api.js";
import { checkPage } from "./check.js";
import { draw, h } from "./dom.js";
import { overview } from "./overview.js";
import { button } from "./parts.js";
import { sheetPage } from "./sheet.js";
import { onPaint, repaint, state } from "./state.js";
import { unknownPage } from "./unknown.js";
import { loadWords, t } from "./words.js";

const page = document.getElementById("page");
let loaded = ""; // the view whose data was asked for
let refreshing = 0;

function paint() {
  if (state.finished !== undefined) return farewell();
  if (state.open && state.sheets.has(state.open.split("/")[2])) {
    location.hash = state.open;
    state.open = null;
  }
  const { sheet, view } = here();
  document.title = sheet ? `${sheet.name} · batch-runner` : "batch-runner";
  draw(page,
    h("a", { class: "skip", href: "#main", "data-act": "skip" }, t("skip")),
    h("nav", { class: "top", "data-key": "top" },
      sheet ? h("a", { href: view ? `#/s/${sheet.id}` : "#/", class: "back" }, "← ", view ? sheet.name : t("back")) : h("h1", {}, "batch-runner"),
      h("span", { class: "grow" }),
      !sheet && state.home.folders.length > 0 && button("add", t("add"), { "data-key": "add" }),
      h("details", { class: "menu", "data-keep-open": "", "data-key": "menu" }, h("summary", { "aria-label": t("more") }, "⋯"),
        h("div", {}, button("invite", t("invite")), button("finish", t("finish"))))),
    h("main", { id: "main", tabindex: "-1", "data-key": "main" }, sheet ? content(sheet, view) : overview()));
  load(sheet, view);
  return undefined;
}

function content(sheet, view) {
  return { check: checkPage, unknown: unknownPage }[view]?.(sheet) ?? sheetPage(sheet);
}

// What a view needs beyond what is told to all: once when it is opened.
function load(sheet, view) {
  const wanted = sheet ? `${sheet.id}/${view}` : "";
  if (wanted === loaded) return;
  loaded = wanted;
  if (!sheet) return;
  const work = { check: loadCheck, unknown: loadUnknown }[view] ?? refreshRows;
  work(sheet).catch(trouble);
  window.scrollTo(0, 0);
}

function refreshSoon(id) {
  const { sheet, view } = here();
  if (sheet?.id !== id || view || refreshing) return;
  refreshing = setTimeout(() => {
    refreshing = 0;
    const now = here();
    if (now.sheet?.id === id && !now.view) refreshRows(now.sheet).catch(() => {});
  }, 1000);
}

function alone(title, ...content) {
  draw(page, h("main", { class: "alone" }, h("h1", {}, title), content));
}

function farewell() {
  const n = state.finished;
  alone(t("finished"), h("p", {}, n ? t("finished_text", { n }) : t("finished_none")));
}

async function atTheDoor() {
  const { password } = await waysIn();
  alone(t("locked_out"), h("p", {}, t("locked_out_text")),
    password && h("form", { class: "inline", id: "door" },
      h("label", {}, t("password"), h("input", { type: "password", name: "password", autocomplete: "current-password", required: true })),
      h("button", { class: "main" }, t("come_in"))));
}

async function act(name, target) {
  try {
    await acts[name]?.(here().sheet, target);
  } catch (error) {
    trouble(error);
  }
  repaint();
}

function hear() {
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-act]");
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || target) menu.open = false;
    if (!target || target.tagName === "FORM") return;
    if (target.dataset.act === "skip") {
      event.preventDefault();
      document.getElementById("main").focus();
      return;
    }
    act(target.dataset.act, target);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    event.preventDefault();
    if (form.id === "door") enter({ password: form.elements.password.value }).then(begin, trouble);
    else if (form.dataset.act) act(form.dataset.act, form);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (state.home?.folders.length) take(0, [...event.dataTransfer.files]).catch(trouble);
  });
  window.addEventListener("hashchange", () => state.home && repaint());
}

async function begin() {
  state.home = await home();
  state.gallery = gallery;
  onPaint(paint);
  listen({
    sheet(sheet) {
      state.sheets.set(sheet.id, sheet);
      refreshSoon(sheet.id);
      repaint();
    },
    order(ids) {
      state.ready = true;
      state.sheets = new Map(ids.filter((id) => state.sheets.has(id)).map((id) => [id, state.sheets.get(id)]));
      repaint();
    },
    line(whole) {
      state.line = whole;
      repaint();
    },
  });
  repaint();
}

async function come() {
  await loadWords();
  hear();
  const token = location.hash.startsWith("#enter=") ? location.hash.slice(7) : "";
  if (token) history.replaceState(null, "", "#/");
  try {
    await home(); // who was let in before needs no link
  } catch {
    if (!token) return atTheDoor();
    try {
      await enter({ token });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return atTheDoor();
    }
  }
  return begin();
}

come().catch(trouble);
