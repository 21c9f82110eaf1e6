// The reader's language: texts, numbers, money and times.
import { WORDS } from "./words.js";

function choose(wanted) {
  for (const tag of wanted) {
    const short = String(tag).toLowerCase().split("-")[0];
    if (Object.hasOwn(WORDS, short)) return { short, tag };
  }
  return { short: "en", tag: "en" };
}

export const LANGUAGE = choose(navigator.languages ?? [navigator.language]);
const own = WORDS[LANGUAGE.short];

// A text by its name, its values filled in; numbers as the language writes them.
export function t(name, values = {}) {
  const text = own[name] ?? WORDS.en[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => {
    const value = values[key];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

const plain = new Intl.NumberFormat(LANGUAGE.tag, { maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(LANGUAGE.tag, { dateStyle: "medium", timeStyle: "short" });

export function number(value) {
  return plain.format(value);
}

// US dollars, with as many decimals as a cent's fractions need.
export function money(value) {
  const digits = value !== 0 && Math.abs(value) < 0.995 ? 3 : 2;
  const text = value.toFixed(digits);
  return "$" + (digits === 3 && text.endsWith("0") ? text.slice(0, -1) : text);
}

export function time(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.valueOf()) ? iso : moment.format(at);
}

export function span(seconds) {
  if (Math.round(seconds) < 60) return t("seconds", { n: seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds) });
  const whole = Math.round(seconds);
  const m = Math.floor(whole / 60);
  return whole % 60 ? t("minutes", { m, s: whole % 60 }) : t("minutes_only", { m });
}

// Put the page's fixed texts into the reader's language.
export function translate(root) {
  document.documentElement.lang = LANGUAGE.short === "zh" ? LANGUAGE.tag : LANGUAGE.short;
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
}
