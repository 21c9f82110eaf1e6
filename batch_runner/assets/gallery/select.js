// Which rows are shown, and in which order; pure.
import { searchable } from "./data.js";

export const STATES = ["succeeded", "failed", "invalid", "unknown", "running", "queued", "skipped", "gone"];
const WORST_FIRST = ["unknown", "failed", "invalid", "running", "queued", "succeeded", "skipped", "gone"];

export function noFilter() {
  return { text: "", states: new Set(), model: "", decision: "", column: "", value: "", sort: "sheet" };
}

export function isFiltered(filter) {
  return Boolean(filter.text || filter.states.size || filter.model || filter.decision || filter.column);
}

export function matches(row, filter, decisionOf) {
  if (filter.states.size ? !filter.states.has(row.shownState) : row.gone) return false;
  if (filter.model && row.model !== filter.model) return false;
  if (filter.decision && (decisionOf(row) || "undecided") !== filter.decision) return false;
  if (filter.column !== "" && filter.value !== "" && (row.cells?.[filter.column] ?? "") !== filter.value) return false;
  const words = filter.text.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => searchable(row).includes(word));
}

const ORDERS = {
  sheet: (a, b) => a.place - b.place,
  cost: (a, b) => (b.cost ?? -1) - (a.cost ?? -1),
  time: (a, b) => (b.seconds ?? -1) - (a.seconds ?? -1),
  finished: (a, b) => (Date.parse(b.finished) || 0) - (Date.parse(a.finished) || 0),
  state: (a, b) => WORST_FIRST.indexOf(a.shownState) - WORST_FIRST.indexOf(b.shownState),
  tries: (a, b) => b.attempt - a.attempt,
};
export const SORTS = Object.keys(ORDERS);

export function select(rows, filter, decisionOf) {
  const order = ORDERS[filter.sort];
  return rows
    .filter((row) => matches(row, filter, decisionOf))
    .sort((a, b) => order(a, b) || a.place - b.place);
}

const MOST_VALUES = 200;

// Column -> its values, of those columns by which filtering makes sense.
export function facets(rows, columns) {
  const found = columns.map(() => new Map());
  for (const row of rows) {
    for (const [place, text] of Object.entries(row.cells ?? {})) {
      const counts = found[place];
      if (counts.size <= MOST_VALUES) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return found
    .map((counts, place) => ({ place, name: columns[place], counts }))
    .filter(({ counts }) => counts.size > 0 && counts.size <= MOST_VALUES);
}

export function tally(rows, by) {
  const counts = new Map();
  for (const row of rows) counts.set(by(row), (counts.get(by(row)) ?? 0) + 1);
  return counts;
}
