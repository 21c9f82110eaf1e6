// A sheet's check: each mistake beside what stands in the cell, which can be corrected here.

import { h } from "./dom.js";
import { button, lostLine } from "./parts.js";
import { state } from "./state.js";
import { t } from "./words.js";

export function checkPage(sheet) {
  const found = state.check?.id === sheet.id ? state.check.found : null;
  return [
    lostLine(),
    h("header", { class: "sheet", "data-key": "head" }, h("h1", {}, t("check_title", { name: sheet.name })),
      found && h("p", { class: `standing ${found.errors ? "bad" : "good"}`, role: "status" },
        found.errors ? t("check_found", { n: found.errors }) : t("check_fine"))),
    h("div", { class: "actions", "data-key": "actions" },
      button("check", t("check_again"), { disabled: found === null }),
      found && button("run", t("run"), { class: "main" }),
      found && !sheet.rehearsal && button("rehearse", t("rehearse"), { title: t("rehearse_hint") })),
    found === null
      ? h("p", { class: "aside", "data-key": "wait", role: "status" }, t("checking"))
      : h("div", { "data-key": "found" },
          h("ul", { class: "plan" }, found.plan.lines.map((line) => h("li", {}, line))),
          found.faults.length > 0 && faults(found),
          found.more && h("p", { class: "aside" }, t("check_more"))),
  ];
}

const faults = (found) =>
  h("table", { class: "faults" },
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, t("cell")), h("th", { scope: "col" }, t("stands")), h("th", { scope: "col" }, t("wrong")))),
    h("tbody", {}, found.faults.map((fault, index) => {
      const place = [fault.worksheet, fault.place].filter(Boolean).join("!");
      return h("tr", { class: `is-${fault.severity}`, "data-key": `${place}-${index}` },
        h("th", { scope: "row" }, h("span", { class: "place" }, place || "–"), fault.header && h("small", {}, fault.header)),
        h("td", { class: "stands" }, fault.value !== null && [
          h("span", { class: fault.value ? "value" : "value aside", dir: "auto" }, fault.value || t("blank")),
          fault.mendable && button("correct", t("correct"), { "data-fault": String(index), "aria-label": `${t("correct")} ${place}` }),
        ]),
        h("td", {}, h("span", { class: "severity" }, t(`severity_${fault.severity}`)), " ",
          h("span", { dir: "auto" }, fault.message), fault.hint && h("span", { class: "aside", dir: "auto" }, " ", fault.hint)));
    })));
