// Words in the reader's language, and numbers, money and times as people there write them.

let texts = {};
let states = {};
let signs = {};
export let language = "en";

export async function loadWords() {
  const [all, told] = await Promise.all(
    ["texts", "states"].map(async (name) => (await fetch(`/assets/${name}.json`)).json()),
  );
  const known = Object.keys(all);
  const wished = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  language = wished.find((tag) => known.includes(tag)) ?? "en";
  texts = { ...all.en, ...all[language] };
  states = told[language] ?? told.en;
  signs = told.signs;
  document.documentElement.lang = language;
}

// A sentence with its values: t("spent", {money: "$3"}); a list of two is [one, other] by n.
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (Array.isArray(text)) text = text[new Intl.PluralRules(language).select(values.n ?? 0) === "one" ? 0 : 1];
  return text.replaceAll(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? count(values[name]) : values[name] ?? ""));
}

export const stateWord = (state) => states[state] ?? state;
export const stateSign = (state) => signs[state] ?? "";
export const count = (n) => n.toLocaleString(language);

export const money = (dollars) =>
  (dollars ?? 0).toLocaleString(language, {
    style: "currency", currency: "USD", currencyDisplay: "narrowSymbol",
    maximumFractionDigits: dollars && Math.abs(dollars) < 1 ? 4 : 2, minimumFractionDigits: 2,
  });

const day = (date) => date.toDateString();

export function when(text) {
  if (!text) return "";
  const date = new Date(text);
  const style = day(date) === day(new Date()) ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return date.toLocaleString(language, style);
}

export const clock = (text) => new Date(text).toLocaleTimeString(language);

export function span(seconds) {
  if (seconds < 90) return t("seconds", { n: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return t("minutes", { n: minutes });
  return t("hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}
