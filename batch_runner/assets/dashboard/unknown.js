// Rows of which nobody knows whether they were accepted: what is known, and what to say of them.

import { h } from "./dom.js";
import { button, lostLine } from "./parts.js";
import { state } from "./state.js";
import { t, when } from "./words.js";

export function unknownPage(sheet) {
  const found = state.unknown?.id === sheet.id ? state.unknown.found : null;
  return [
    lostLine(),
    h("header", { class: "sheet", "data-key": "head" }, h("h1", {}, t("unknown_title")), h("p", {}, t("unknown_text"))),
    found?.no_evidence && h("p", { class: "notice", "data-key": "none" }, found.no_evidence),
    found?.evidence.map((one, index) => h("p", { class: "notice", "data-key": `e${index}` }, `${one.model}: ${one.sentence}`)),
    found && h("ul", { class: "cards wide", "data-key": "list" }, found.rows.map(one)),
  ];
}

function one(row) {
  const last = row.attempts.at(-1);
  const name = row.key ?? row.row ?? row.job;
  return h("li", { class: "card", "data-key": String(row.id) },
    h("h2", {}, `${t("row")} ${name}`),
    h("p", { class: "prompt", dir: "auto" }, row.prompt.slice(0, 300)),
    last && h("p", { class: "aside" }, t("sent_at", { when: when(last.first_sent_at) }), last.request_id && ` · ${last.request_id}`),
    h("p", { class: "aside", dir: "auto" }, row.error),
    h("div", { class: "actions" },
      button("resend", t("was_not"), { "data-job": String(row.id), "data-name": String(name) }),
      button("give_up", t("give_up"), { "data-job": String(row.id) })),
    h("form", { class: "inline", "data-act": "its_task", "data-job": String(row.id) },
      h("label", {}, t("was"), h("input", { name: "task", required: true, maxlength: "200", autocomplete: "off", "data-own": "" })),
      h("button", { type: "submit" }, t("save"))));
}
