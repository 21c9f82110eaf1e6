// How a row is said in words.
import { money, span, t } from "./language.js";

export function nameOf(row, head) {
  const which = row.variant ? `/${row.variant}` : ""; // one of several videos of a row
  if (row.key !== undefined) return row.key + which;
  if (row.line === undefined) return t("former_row");
  const sheet = head.worksheets[row.scope];
  const n = `${row.line}${which}`;
  return sheet ? t("page_row", { sheet, n }) : t("row", { n });
}

export function metaOf(row) {
  const parameters = row.parameters ?? {};
  const parts = [row.model];
  if (parameters.duration !== undefined) parts.push(t("seconds", { n: parameters.duration }));
  if (parameters.resolution !== undefined) parts.push(String(parameters.resolution));
  if (row.cost !== undefined) parts.push(money(row.cost));
  if (row.seconds !== undefined) parts.push(span(row.seconds));
  if (row.attempt > 1) parts.push(t("tries", { n: row.attempt }));
  return parts.filter(Boolean).join(" · ");
}

export function range(low, high) {
  return low === high ? money(low) : `${money(low)}–${money(high)}`;
}

export function valueText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
