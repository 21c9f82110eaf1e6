// Questions and details, in the one dialog of the page.

import { get, url } from "./api.js";
import { draw, h } from "./dom.js";
import { badge, button } from "./parts.js";
import { clock, money, t } from "./words.js";

const dialog = document.getElementById("dialog");
let answer = null;

dialog.addEventListener("close", () => {
  draw(dialog); // a video that plays ends with it
  answer?.(dialog.returnValue || null);
  answer = null;
});

// Ask; gives the value of the button that was pressed, or null.
function ask(title, content, choices, wide = false) {
  dialog.className = wide ? "wide" : "";
  dialog.setAttribute("aria-labelledby", "dialog-title");
  fill(title, content, choices);
  dialog.returnValue = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => { answer = resolve; });
}

function fill(title, content, choices) {
  draw(dialog, h("form", { method: "dialog" },
    h("h2", { id: "dialog-title" }, title),
    h("div", { class: "content" }, content),
    h("div", { class: "actions" }, choices)));
}

const choice = (value, text, attributes = {}) => h("button", { value, ...attributes }, text);
const no = (text = t("cancel")) => choice("", text, { formnovalidate: true });

export const confirmed = async (title, text, yes, danger = false) =>
  (await ask(title, h("p", {}, text), [choice("yes", yes, { class: danger ? "danger" : "main" }), no()])) === "yes";

// The plan of a run, its price, and what to do: {first, most}, "check", or null.
export async function askRun(sheet) {
  const title = t("plan_title", { name: sheet.name });
  const waiting = ask(title, h("p", { role: "status" }, t("planning")), [no()]);
  const offer = await get(`sheets/${sheet.id}/plan`).catch((error) => { dialog.close(); throw error; });
  const plan = offer.plan;
  const few = Math.min(5, plan.submits);
  const more = plan.submits > few;
  const usable = !offer.no_key || sheet.rehearsal;
  if (dialog.open) {
    fill(title, planContent(offer, sheet), [
      usable && choice("all", plan.submits ? t("make_n", { n: plan.submits }) : t("go_on"), { class: "main" }),
      usable && more && choice("few", t("first_n", { n: few })),
      offer.errors > 0 && choice("check", t("see_them")),
      no(),
    ]);
    dialog.querySelector("button.main, button")?.focus();
  }
  const said = await waiting;
  const most = plan.unpriced.length || !plan.high_micros ? null : plan.high_micros;
  if (said === "check") return "check";
  return said === "all" ? { first: null, most } : said === "few" ? { first: few, most } : null;
}

function planContent(offer, sheet) {
  const { plan, balance } = offer;
  const cost = plan.low === plan.high ? money(plan.high) : `${money(plan.low)} – ${money(plan.high)}`;
  return [
    h("ul", { class: "plan" }, plan.lines.map((line) => h("li", {}, line))),
    plan.submits === 0 && h("p", {}, t("nothing_to_do")),
    plan.submits > 0 && h("dl", { class: "figures" },
      h("div", {}, h("dt", {}, t("estimate")), h("dd", {}, cost)),
      balance?.remaining !== null && balance !== null && h("div", {}, h("dt", {}, t("balance")), h("dd", {}, money(balance.remaining)))),
    plan.unpriced.length > 0 && h("p", { class: "notice" }, t("no_price", { models: plan.unpriced.join(", ") })),
    plan.submits > 0 && plan.unpriced.length === 0 && h("p", { class: "aside" }, t("not_over", { money: money(plan.high) })),
    plan.invalid > 0 && h("p", {}, t("invalid_out", { n: plan.invalid })),
    balance?.refused && h("p", { class: "notice bad" }, t("key_refused")),
    balance && !balance.reachable && h("p", { class: "notice" }, t("provider_silent")),
    balance?.remaining !== null && balance && balance.remaining < plan.high && h("p", { class: "notice" }, t("balance_low")),
    offer.no_key && !sheet.rehearsal && h("div", { class: "notice bad" }, h("strong", {}, t("no_key")), h("p", {}, t("no_key_text")), h("p", { class: "aside" }, offer.no_key)),
  ];
}

// New content of a cell, or null.
export async function askCell(fault, place) {
  const field = h("textarea", { id: "new-value", rows: "4", dir: "auto", maxlength: "20000", "data-own": "" });
  field.value = fault.value;
  const said = ask(t("new_value", { cell: place }),
    [h("label", { for: "new-value" }, fault.header), field, h("p", { class: "aside" }, fault.message, " ", fault.hint)],
    [choice("save", t("save"), { class: "main" }), no()]);
  field.focus();
  let text = fault.value;
  field.addEventListener("input", () => { text = field.value; });
  return (await said) === "save" ? text : null;
}

export const showLink = (link) =>
  ask(t("invite"), [h("p", {}, t("invite_text")), h("p", {}, h("code", { class: "link" }, link))],
    [button("copy", t("copy"), { "data-text": link, class: "main" }), no(t("close"))]);

export const askFolder = async (folders) => {
  const said = await ask(t("folder"), h("p", {}, t("add")),
    [folders.map((folder, index) => choice(`f${index}`, folder)), no()]);
  return said ? Number(said.slice(1)) : null;
};

// The whole story of a row; "cancel" if it is not to be sent.
export async function showRow(sheet, job) {
  const row = await get(`sheets/${sheet.id}/rows/${job}`);
  const name = `${row.key ?? row.row ?? row.job}${row.variant > 1 ? ` / ${row.variant}` : ""}`;
  return ask(t("details", { name }), story(sheet, row), [
    row.shown === "queued" && sheet.live && choice("cancel", t("cancel_row")),
    no(t("close")),
  ], true);
}

function story(sheet, row) {
  return [
    h("p", {}, badge(row.shown), " ", row.model, row.cost_usd ? ` · ${money(row.cost_usd)}` : ""),
    row.video && h("video", { src: url(`sheets/${sheet.id}/rows/${row.id}/video`), controls: true, preload: "metadata", "data-own": "" }),
    /^https?:/.test(row.published ?? "") &&
      h("p", {}, h("a", { class: "link", href: row.published, target: "_blank", rel: "noopener noreferrer" }, row.published)),
    h("p", { class: "whole", dir: "auto" }, row.prompt),
    row.error && h("p", { class: "notice", dir: "auto" }, row.error),
    h("h3", {}, t("history")),
    h("ol", { class: "timeline" }, row.history.map((entry) =>
      h("li", { class: entry.state }, h("time", { datetime: entry.at }, clock(entry.at)), " ", t(`e_${entry.event}`),
        entry.attempt > 1 && h("small", {}, " · ", t("attempt", { n: entry.attempt })),
        entry.detail?.http_status >= 300 && h("small", {}, ` · HTTP ${entry.detail.http_status}`)))),
    row.attempts.map((attempt) => h("details", {},
      h("summary", {}, t("attempt", { n: attempt.n }), attempt.task_id ? ` · ${attempt.task_id}` : ""),
      h("h4", {}, t("request")), h("pre", {}, pretty(attempt.request)),
      attempt.raw && [h("h4", {}, t("answered")), h("pre", {}, pretty(attempt.raw))])),
  ];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

