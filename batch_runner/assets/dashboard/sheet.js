// One sheet: what can be done, how it goes, its rows and what happens to them.

import { h } from "./dom.js";
import { bar, button, lostLine, ORDER, rehearsalMark, spending, standing, badge } from "./parts.js";
import { state } from "./state.js";
import { clock, count, money, span, t, when } from "./words.js";

export function sheetPage(sheet) {
  const [mood, words] = standing(sheet);
  return [
    lostLine(),
    h("header", { class: "sheet", "data-key": "head" },
      h("h1", {}, sheet.name, " ", rehearsalMark(sheet)),
      h("p", { class: `standing ${mood}`, role: "status" }, words)),
    h("div", { class: "actions", "data-key": "actions" }, actions(sheet)),
    sheet.trouble && h("p", { class: "notice bad", "data-key": "trouble" }, sheet.trouble),
    sheet.ended?.code > 1 && sheet.ended.said && h("section", { class: "notice", "data-key": "said" },
      h("h2", {}, t("said")), h("pre", {}, sheet.ended.said)),
    sheet.rows > 0 && h("div", { "data-key": "bar" }, bar(sheet)),
    sheet.rows > 0 && h("dl", { class: "figures", "data-key": "figures" }, figures(sheet)),
    h("div", { class: "two", "data-key": "two" },
      rows(sheet),
      sheet.happenings.length > 0 && activity(sheet)),
  ];
}

function actions(sheet) {
  const on = sheet.at_work || sheet.starting;
  const { failed = 0, unknown = 0, succeeded = 0 } = sheet.states;
  return [
    !on && button("run", t("run"), { class: "main", "data-key": "run" }),
    !on && !sheet.rehearsal && button("rehearse", t("rehearse"), { title: t("rehearse_hint"), "data-key": "rehearse" }),
    sheet.live && !sheet.live.stopping && [
      sheet.live.paused
        ? button("resume", t("resume"), { class: "main", "data-key": "resume" })
        : button("pause", t("pause"), { class: "main", "data-key": "pause" }),
      button("drain", t("drain"), { title: t("drain_hint"), "data-key": "drain" }),
      button("stop", t("stop"), { title: t("stop_hint"), "data-key": "stop" }),
    ],
    h("a", { class: "button", href: `#/s/${sheet.id}/check`, "data-key": "check" }, t("check")),
    !on && failed > 0 && button("retry", t("retry", { n: failed }), { "data-key": "retry" }),
    !on && unknown > 0 && h("a", { class: "button", href: `#/s/${sheet.id}/unknown`, "data-key": "unknown" }, t("resolve", { n: unknown })),
    succeeded > 0 && h("a", { class: "button", href: state.gallery(sheet.id), target: "_blank", rel: "noopener", "data-key": "gallery" }, t("gallery")),
  ];
}

function figures(sheet) {
  const live = sheet.live;
  const tile = (key, name, ...value) => h("div", { "data-key": key }, h("dt", {}, name), h("dd", {}, value));
  const small = (text) => h("small", {}, text);
  return [
    tile("videos", t("videos_done"), count(sheet.states.succeeded ?? 0), " ", small(t("of_rows", { n: sheet.rows }))),
    tile("spent", t("spent"), spending(sheet)),
    live && tile("flight", t("in_flight"), count(live.in_flight), " ", small(t("of_slots", { n: live.slots }))),
    live && tile("rate", t("rate"), count(sheet.tempo.accepted), " ", small(t("of_rate", { n: Math.round(live.rate) }))),
    sheet.finish && tile("finish", t("expected"), when(sheet.finish), " ",
      small(t("in_time", { span: span((new Date(sheet.finish) - Date.now()) / 1000) }))),
    live && tile("limited", t("limited"), count(live.limited), " ",
      small(sheet.tempo.limited ? t("last_minute", { n: sheet.tempo.limited }) : t("this_run"))),
    !live && sheet.estimated > 0 && tile("estimated", t("estimate"), h("small", {}, t("to_come", { money: money(sheet.estimated) }))),
  ];
}

function rows(sheet) {
  const shown = state.rows?.id === sheet.id ? state.rows : null;
  return h("section", { class: "rows", "data-key": "rows" },
    h("h2", {}, t("rows")),
    sheet.rows > 0 && h("div", { class: "chips", role: "group", "aria-label": t("state") },
      chip("", h("span", {}, t("all")), shown),
      ORDER.filter((one) => sheet.states[one]).map((one) => chip(one, badge(one, sheet.states[one]), shown))),
    sheet.rows === 0
      ? h("p", { class: "aside" }, t("not_read"))
      : shown && (shown.list.length ? table(shown) : h("p", { class: "aside" }, t("no_rows"))));
}

const chip = (value, content, shown) =>
  h("button", { type: "button", class: "chip", "data-act": "filter", "data-value": value, "data-key": `chip-${value}`,
    "aria-pressed": String((shown?.filter ?? "") === value) }, content);

function table(shown) {
  const several = new Set(shown.list.map((row) => row.worksheet)).size > 1;
  return [
    h("table", {},
      h("thead", {}, h("tr", {},
        ["row", "state", "prompt", "model", "cost"].map((name) => h("th", { scope: "col", class: name }, t(name))))),
      h("tbody", {}, shown.list.map((row) => line(row, several)))),
    shown.after && button("more", t("load_more")),
  ];
}

const line = (row, several) =>
  h("tr", { "data-key": String(row.job) },
    h("th", { scope: "row", class: "row" },
      h("button", { type: "button", class: "plain", "data-act": "details", "data-job": String(row.job) },
        several && row.worksheet ? `${row.worksheet} ` : "", row.key ?? row.row, row.variant > 1 && ` / ${row.variant}`)),
    h("td", { class: "state" }, badge(row.state)),
    h("td", { class: "prompt" }, h("span", { class: "clamp", dir: "auto" }, row.prompt),
      row.error && h("span", { class: "error", dir: "auto" }, row.error)),
    h("td", { class: "model" }, row.model),
    h("td", { class: "cost" }, row.cost === null ? "" : money(row.cost)));

function activity(sheet) {
  return h("section", { class: "activity", "data-key": "activity" },
    h("h2", {}, t("activity")),
    h("ol", {}, sheet.happenings.map((one) =>
      h("li", { "data-key": String(one.id) },
        h("time", { datetime: one.at }, clock(one.at)), " ",
        h("button", { type: "button", class: "plain", "data-act": "details", "data-job": String(one.job) }, `${t("row")} ${one.name}`), " ",
        t(`e_${one.event}`)))));
}

