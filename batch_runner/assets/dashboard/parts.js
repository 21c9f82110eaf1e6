// Small pieces that several views are made of.

import { h } from "./dom.js";
import { state as now, needed } from "./state.js";
import { count, money, stateSign, stateWord, t } from "./words.js";

export const ORDER = ["succeeded", "running", "queued", "failed", "unknown", "invalid", "skipped"];

export const button = (act, text, attributes = {}) =>
  h("button", { type: "button", "data-act": act, ...attributes }, text);

// A state by its sign and word; the colour only helps.
export const badge = (state, n = null) =>
  h("span", { class: `badge ${state}` },
    h("span", { class: "sign", "aria-hidden": "true" }, stateSign(state)), " ",
    n === null ? "" : `${count(n)} `, stateWord(state));

export function bar(sheet) {
  const done = sheet.states.succeeded ?? 0;
  return h("div", { class: "bar", role: "img", "aria-label": t("progress", { done, rows: sheet.rows }) },
    ORDER.filter((state) => sheet.states[state]).map((state) =>
      h("span", { class: state, "data-key": state, vars: { "--share": String(sheet.states[state]) } })));
}

export const counts = (sheet) =>
  h("ul", { class: "counts" },
    ORDER.filter((state) => sheet.states[state]).map((state) =>
      h("li", { "data-key": state }, badge(state, sheet.states[state]))));

// How a sheet stands, in a few words; and whether that is good, bad or in between.
export function standing(sheet) {
  if (sheet.trouble) return ["bad", t("trouble")];
  if (sheet.at_work) {
    const live = sheet.live;
    if (live?.stopping) return ["wait", t("ending")];
    if (live?.provider_down) return ["wait", t("provider_down")];
    if (live?.paused) return ["wait", t("paused")];
    return ["work", t("at_work")];
  }
  if (sheet.starting) return ["work", sheet.run ? t("at_work") : t("starting")];
  if (sheet.ended?.code === 2) return ["bad", t("unusable")];
  if (!sheet.run) return ["calm", t("never_run")];
  if (sheet.run.ended_at === null) return ["bad", t("cut_off")];
  if (sheet.run.exit === 0 || sheet.run.exit === 1) {
    const n = needed(sheet);
    return n ? ["wait", t("done_but", { n })] : ["good", t("done")];
  }
  if (sheet.run.exit === 130 || sheet.run.exit === 143) return ["wait", t("interrupted")];
  return ["bad", t("stopped")];
}

export function spending(sheet) {
  const more = sheet.held - sheet.cost;
  return [
    money(sheet.cost),
    sheet.budget !== null && [" ", h("small", {}, t("of_budget", { money: money(sheet.budget) }))],
    more > 0.000001 && h("div", { class: "aside" }, t("open_money", { money: money(more) })),
  ];
}

export const rehearsalMark = (sheet) => sheet.rehearsal && h("span", { class: "mark" }, t("rehearsal"));

export function lostLine() {
  return !now.line && h("p", { class: "notice bad", role: "alert", "data-key": "line" }, t("lost_line"));
}
