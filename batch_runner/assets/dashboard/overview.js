// All sheets of the folder.

import { h } from "./dom.js";
import { bar, button, counts, lostLine, rehearsalMark, spending, standing } from "./parts.js";
import { state } from "./state.js";
import { span, t } from "./words.js";

export function overview() {
  const sheets = [...state.sheets.values()];
  return [
    lostLine(),
    state.home.no_key && h("section", { class: "notice", "data-key": "no_key" },
      h("h2", {}, t("no_key")), h("p", {}, t("no_key_text"))),
    sheets.length
      ? h("ul", { class: "cards", "data-key": "cards" }, sheets.map(card))
      : state.ready && h("section", { class: "empty", "data-key": "empty" }, h("h2", {}, t("none")), h("p", {}, t("none_text")),
          state.home.folders.length > 0 && button("add", t("add"), { class: "main" })),
  ];
}

function card(sheet) {
  const [mood, words] = standing(sheet);
  return h("li", { class: "card", "data-key": sheet.id },
    h("h2", {}, h("a", { href: `#/s/${sheet.id}` }, sheet.name), " ", rehearsalMark(sheet)),
    h("p", { class: `standing ${mood}` }, words, remaining(sheet)),
    sheet.trouble && h("p", { class: "aside" }, sheet.trouble),
    sheet.rows > 0 && [bar(sheet), counts(sheet), h("p", { class: "money" }, t("spent"), " ", spending(sheet))],
  );
}

function remaining(sheet) {
  if (!sheet.finish) return null;
  const seconds = (new Date(sheet.finish) - Date.now()) / 1000;
  return h("span", { class: "aside" }, " · ", t("in_time", { span: span(seconds) }));
}
