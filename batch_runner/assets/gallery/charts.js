// Small figures, drawn by hand: each bar stands beside its number.
import { el, foreign, svg } from "./dom.js";
import { money, number, span, t } from "./language.js";

const WIDE = 300; // of the drawing; it is scaled with its place
const HIGH = 26; // of a line

function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

function figure(title, lines, draw, most) {
  const list = lines.map((line) => el("div", { class: "figure-line" },
    foreign("span", line.name, { class: "figure-name", title: line.name }),
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...draw(line, WIDE / (most || 1))),
    el("span", { class: "figure-value" }, line.value)));
  return el("figure", {}, el("figcaption", {}, title), ...(list.length ? list : [el("p", { class: "faint" }, t("chart_none"))]));
}

function bar(x, y, width, height, name) {
  return svg("rect", { x, y, width: Math.max(width, 1), height, rx: 2, class: name });
}

function byModel(rows) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row.model)) groups.set(row.model, []);
    groups.get(row.model).push(row);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length).slice(0, 12);
}

const add = (rows, name) => rows.reduce((sum, row) => sum + (row[name] ?? 0), 0);

export function costs(rows) {
  const lines = byModel(rows).map(([name, all]) => {
    // Only finished ones, so that the two can be compared.
    const done = all.filter((row) => row.cost !== undefined && row.high !== undefined);
    const [cost, low, high] = ["cost", "low", "high"].map((field) => add(done, field));
    const guess = low === high ? money(high) : `${money(low)}–${money(high)}`;
    return { name, cost, low, high, count: done.length, value: `${money(cost)} (${t("bar_estimate")} ${guess})` };
  }).filter((line) => line.count);
  const most = Math.max(...lines.map((line) => Math.max(line.cost, line.high)), 0);
  return figure(t("chart_cost"), lines, (line, unit) => [
    bar(line.low * unit, 3, (line.high - line.low) * unit, HIGH - 6, "band"),
    bar(0, 8, line.cost * unit, HIGH - 16, "bar"),
  ], most);
}

export function times(rows) {
  const lines = byModel(rows).map(([name, all]) => {
    const sorted = all.map((row) => row.seconds).filter((one) => one !== undefined).sort((a, b) => a - b);
    if (!sorted.length) return null;
    const [low, mid, high] = [0.1, 0.5, 0.9].map((part) => quantile(sorted, part));
    return { name, low, mid, high, value: t("time_range", { low: span(low), mid: span(mid), high: span(high) }) };
  }).filter(Boolean);
  const most = Math.max(...lines.map((line) => line.high), 0);
  return figure(t("chart_time"), lines, (line, unit) => [
    bar(line.low * unit, 9, (line.high - line.low) * unit, HIGH - 18, "band"),
    bar(Math.max(0, line.mid * unit - 3), 5, 4, HIGH - 10, "bar"),
  ], most);
}

function causeOf(row) {
  return row.cause ? row.cause.replaceAll("_", " ").slice(0, 40) : t(row.shownState);
}

export function failures(rows) {
  const counts = new Map();
  for (const row of rows) {
    if (!["failed", "invalid", "unknown"].includes(row.shownState)) continue;
    counts.set(causeOf(row), (counts.get(causeOf(row)) ?? 0) + 1);
  }
  const lines = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12).map(([name, count]) => ({ name, count, value: number(count) }));
  const most = Math.max(...lines.map((line) => line.count), 0);
  return figure(t("chart_failures"), lines, (line, unit) => [bar(0, 6, line.count * unit, HIGH - 12, "bar")], most);
}

export function medianTime(rows) {
  const sorted = rows.map((row) => row.seconds).filter((one) => one !== undefined).sort((a, b) => a - b);
  return sorted.length ? quantile(sorted, 0.5) : undefined;
}
