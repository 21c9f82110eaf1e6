// Thousands of rows, of which only those in sight are in the page.
import { el } from "./dom.js";
import { stop } from "./player.js";

const AHEAD = 1; // rows of cards beyond either edge of the window
const TALLEST = 16_000_000; // pixels that every browser can scroll

export class Grid {
  constructor(list, render) {
    this.list = list;
    this.render = render;
    this.rows = [];
    this.shown = new Map(); // index -> element
    this.current = 0;
    this.whole = false; // all cards at once, for paper
    const later = () => requestAnimationFrame(() => this.draw());
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => this.measure()).observe(list);
    list.addEventListener("focusin", (event) => this.#focused(event));
  }

  show(rows) {
    stop();
    this.rows = rows;
    this.current = Math.min(this.current, Math.max(0, rows.length - 1));
    this.#clear();
    this.measure();
  }

  // How many rows fit into a page at all.
  get capacity() {
    return Math.max(1, Math.floor(TALLEST / this.step)) * this.columns;
  }

  measure() {
    const style = getComputedStyle(this.list);
    const width = this.list.clientWidth;
    const least = parseFloat(style.getPropertyValue("--card-width"));
    this.gap = parseFloat(style.getPropertyValue("--between"));
    this.columns = Math.max(1, Math.floor((width + this.gap) / (least + this.gap)));
    this.width = (width - this.gap * (this.columns - 1)) / this.columns;
    this.list.style.setProperty("--width", `${this.width}px`);
    this.step = this.width / parseFloat(style.getPropertyValue("--ratio")) + parseFloat(style.getPropertyValue("--text-height")) + this.gap;
    this.list.style.setProperty("--height", `${this.step - this.gap}px`);
    const lines = Math.ceil(this.#count / this.columns);
    this.list.style.height = this.whole ? "" : `${Math.max(0, lines * this.step - this.gap)}px`;
    for (const [index, card] of this.shown) this.#place(card, index);
    this.draw();
  }

  get #count() {
    return Math.min(this.rows.length, this.capacity);
  }

  draw() {
    const [from, to] = this.whole ? [0, this.#count] : this.#range();
    for (const [index, card] of this.shown) {
      const held = card.contains(document.activeElement) && index < this.#count;
      if ((index < from || index >= to) && !held) this.#remove(index, card);
    }
    for (let index = from; index < to; index += 1) if (!this.shown.has(index)) this.#add(index);
  }

  #range() {
    const top = -this.list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.step) - AHEAD);
    const last = Math.max(0, Math.ceil((top + innerHeight) / this.step) + AHEAD);
    return [first * this.columns, Math.min(this.#count, last * this.columns)];
  }

  #add(index) {
    const card = el("li", { "aria-setsize": this.rows.length, "aria-posinset": index + 1, tabindex: index === this.current ? "0" : "-1" });
    card.dataset.index = index;
    this.render(card, this.rows[index]);
    this.#place(card, index);
    this.shown.set(index, card);
    // In the order of the rows, for those who hear the page.
    let next = null;
    for (const [other, element] of this.shown) if (other > index && (next === null || other < Number(next.dataset.index))) next = element;
    this.list.insertBefore(card, next);
  }

  #place(card, index) {
    const line = Math.floor(index / this.columns);
    const column = index % this.columns;
    card.style.transform = `translate(${column * (this.width + this.gap)}px, ${line * this.step}px)`;
  }

  #remove(index, card) {
    if (card.querySelector(".playing")) stop();
    card.remove();
    this.shown.delete(index);
  }

  #clear() {
    for (const [index, card] of this.shown) this.#remove(index, card);
  }

  // Something changed about a row, or (null) about all of them.
  refresh(row, change = this.render) {
    for (const [index, card] of this.shown) {
      if (row === null || this.rows[index] === row) change(card, this.rows[index]);
    }
  }

  get row() {
    return this.rows[this.current];
  }

  get card() {
    return this.shown.get(this.current);
  }

  // Only one card can be reached by Tab; the arrows go from there. Within it, Tab goes on.
  #focused(event) {
    const card = event.target.closest("[data-index]");
    if (card) this.#choose(Number(card.dataset.index));
  }

  #choose(index) {
    this.shown.get(this.current)?.setAttribute("tabindex", "-1");
    this.#reach(this.card, "-1");
    this.current = index;
    this.card?.setAttribute("tabindex", "0");
    this.#reach(this.card, "0");
  }

  #reach(card, tabindex) {
    for (const one of card?.querySelectorAll("button, a") ?? []) one.setAttribute("tabindex", tabindex);
  }

  go(index) {
    if (!this.rows.length) return;
    const to = Math.max(0, Math.min(this.#count - 1, index));
    const top = this.list.getBoundingClientRect().top + scrollY + Math.floor(to / this.columns) * this.step;
    const head = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    const foot = 80;
    if (top - head < scrollY) scrollTo({ top: top - head });
    else if (top + this.step + foot > scrollY + innerHeight) scrollTo({ top: top + this.step + foot - innerHeight });
    this.draw();
    this.#choose(to);
    this.card?.focus({ preventScroll: true });
  }

  paper(whole) {
    this.whole = whole;
    this.list.classList.toggle("whole", whole);
    this.measure();
  }
}
