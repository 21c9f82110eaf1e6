// Search, filters, order, and what they leave.
import { el, icon } from "./dom.js";
import { money, number, span, t, time } from "./language.js";
import { medianTime } from "./charts.js";
import { DECISIONS } from "./decisions.js";
import { SORTS, STATES, facets, isFiltered, noFilter, tally } from "./select.js";

const $ = (id) => document.getElementById(id);

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => el("option", { value, dir: "auto" }, text)));
}

export class Toolbar {
  constructor(head, rows, changed) {
    this.head = head;
    this.rows = rows;
    this.filter = noFilter();
    this.changed = changed;
    this.#fill();
    this.#listen();
  }

  #fill() {
    $("search").placeholder = t("search");
    $("search").setAttribute("aria-label", t("search"));
    $("states").setAttribute("aria-label", t("sort_state"));
    const counts = tally(this.rows, (row) => row.shownState);
    const present = STATES.filter((state) => counts.has(state));
    $("states").replaceChildren(...present.map((state) => this.#chip(state, counts.get(state))));
    const models = [...tally(this.rows, (row) => row.model).keys()].filter(Boolean).sort();
    options($("model"), [["", t("all")], ...models.map((model) => [model, model])]);
    options($("decision"), [["", t("all")], ...[...DECISIONS, "undecided"].map((word) => [word, t(word)])]);
    options($("sort"), SORTS.map((name) => [name, t(`sort_${name}`)]));
    this.columns = facets(this.rows, this.head.columns);
    options($("column"), [["", t("all")], ...this.columns.map(({ place, name }) => [String(place), name])]);
    $("column-label").hidden = !this.columns.length;
    $("pictures-label").hidden = !this.rows.some((row) => row.remote || row.images?.some((image) => image.startsWith("https:")));
  }

  #chip(state, count) {
    const press = () => {
      const { states } = this.filter;
      if (!states.delete(state)) states.add(state);
      this.#tell();
    };
    return el("button", { type: "button", class: `chip state-${state}`, "aria-pressed": "false", data: { state }, on: { click: press } },
      icon(state), t(state), el("span", { class: "count" }, number(count)));
  }

  #listen() {
    let timer = 0;
    $("search").addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#take("text", $("search").value), 60);
    });
    for (const name of ["model", "decision", "sort", "value"]) {
      $(name).addEventListener("change", () => this.#take(name, $(name).value));
    }
    $("column").addEventListener("change", () => this.#column($("column").value));
    $("clear").addEventListener("click", () => this.clear());
  }

  #take(name, value) {
    this.filter[name] = value;
    this.#tell();
  }

  #column(place) {
    const found = this.columns.find((column) => String(column.place) === place);
    Object.assign(this.filter, { column: place, value: "" });
    $("value-label").hidden = !found;
    const values = found ? [...found.counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])) : [];
    options($("value"), [["", t("all")], ...values.map(([text, count]) => [text, `${text.slice(0, 60)} (${count})`])]);
    this.#tell();
  }

  clear() {
    const { sort } = this.filter;
    this.filter = { ...noFilter(), sort };
    for (const name of ["search", "model", "decision", "column"]) $(name).value = "";
    $("value-label").hidden = true;
    this.#tell();
  }

  #tell() {
    for (const chip of $("states").children) chip.setAttribute("aria-pressed", String(this.filter.states.has(chip.dataset.state)));
    $("clear").hidden = !isFiltered(this.filter);
    this.changed();
  }

  // What the rows in sight add up to.
  sum(shown, capacity) {
    const all = this.rows.filter((row) => !row.gone).length;
    const parts = [isFiltered(this.filter) ? t("shown_of", { n: shown.length, all }) : t("shown_all", { n: shown.length })];
    const paid = shown.filter((row) => row.cost !== undefined);
    if (paid.length) parts.push(t("spent", { cost: money(paid.reduce((sum, row) => sum + row.cost, 0)) }));
    const guessed = shown.filter((row) => row.high !== undefined);
    if (guessed.length) {
      const [low, high] = ["low", "high"].map((field) => money(guessed.reduce((sum, row) => sum + (row[field] ?? 0), 0)));
      parts.push(t("estimate", { low, high }));
    }
    const typical = medianTime(shown);
    if (typical !== undefined) parts.push(t("typical", { time: span(typical) }));
    const more = shown.length > capacity ? ` ${t("too_many", { n: capacity })}` : "";
    $("shown").textContent = parts.join(" · ") + more;
    const unknown = this.head.unknown ? ` · ${t("unknown_rows", { n: this.head.unknown })}` : "";
    $("summary").textContent = t("made", { time: time(this.head.made) }) + unknown;
  }
}
