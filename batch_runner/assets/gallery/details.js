// All of one row, and the place to decide about it.
import { badge, filmOf } from "./card.js";
import { DECISIONS, choices, readSeed } from "./decisions.js";
import { el, foreign, icon, outward, webLink } from "./dom.js";
import { nameOf, range, valueText } from "./format.js";
import { money, span, t, time } from "./language.js";
import { stop } from "./player.js";

export async function copy(text, button) {
  let said = "copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    said = "copy_failed";
  }
  if (!button) return;
  button.textContent = t(said);
  setTimeout(() => { button.textContent = t("copy"); }, 1500);
}

function pair(name, ...value) {
  return [el("dt", {}, name), el("dd", {}, ...value)];
}

function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

function film(row) {
  const address = filmOf(row);
  if (!address) return el("div", { class: "film blank" }, icon(row.shownState), t(row.shownState === "succeeded" ? "video_gone" : "no_video"));
  if (row.video?.endsWith(".gif")) return el("img", { class: "film", src: row.video, alt: "" });
  const video = el("video", { class: "film", controls: true, loop: true, playsinline: true, preload: row.video ? "metadata" : "none" });
  if (row.poster) video.poster = row.poster;
  video.src = address;
  return video;
}

function copied(text) {
  const button = el("button", { type: "button", class: "quiet small", on: { click: () => copy(text, button) } }, t("copy"));
  return [foreign("code", text), button];
}

function results(row) {
  const link = row.link && webLink(row.link);
  const dies = row.until ? ` (${t("until", { time: time(row.until) })})` : "";
  return el("dl", {},
    ...(row.cost !== undefined ? pair(t("cost"), money(row.cost)) : []),
    ...(row.high !== undefined ? pair(t("estimated"), range(row.low ?? row.high, row.high)) : []),
    ...(row.seconds !== undefined ? pair(t("time"), span(row.seconds)) : []),
    ...(row.finished ? pair(t("finished"), time(row.finished)) : []),
    ...(row.attempt > 1 ? pair(t("attempt"), String(row.attempt)) : []),
    ...(row.video && !row.video.startsWith("data:") ? pair(t("file"), foreign("a", decodeURI(row.video), { href: row.video, target: "_blank", rel: "noopener" })) : []),
    ...(link ? pair(t(row.lasting ? "lasting" : "link"), outward(link, t("open")), dies) : []),
    ...(row.task ? pair(t("task"), ...copied(row.task)) : []),
    ...pair(t("job"), el("code", {}, row.job)));
}

function table(values) {
  return el("dl", {}, ...values.flatMap(([name, value]) => [foreign("dt", name), foreign("dd", valueText(value))]));
}

function pictures(images, load) {
  return el("ol", { class: "pictures" }, ...images.map((image) => {
    const href = webLink(image);
    const item = el("li", {}, href ? outward(href, image) : foreign("span", image));
    const shown = load && webLink(image, ["https:"]);
    if (shown) item.prepend(el("img", { src: shown, alt: "", loading: "lazy", referrerpolicy: "no-referrer" }));
    return item;
  }));
}

function takes(row) {
  return el("ol", { class: "takes" }, ...row.takes.map((take) => {
    const item = el("li", {}, el("strong", {}, t("take", { n: take.n })), take.cost !== undefined ? ` ${money(take.cost)}` : "");
    if (take.error) item.append(foreign("p", take.error, { class: "error" }));
    if (take.video) item.append(film({ ...take, shownState: "succeeded" }));
    return item;
  }));
}

export class Details {
  constructor(dialog, { head, decisions, load, step }) {
    Object.assign(this, { dialog, head, decisions, load, step, row: null });
    dialog.addEventListener("close", () => dialog.replaceChildren());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside it
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(row) {
    stop();
    this.row = row;
    this.dialog.replaceChildren(this.#top(), this.#body());
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    this.dialog.querySelector("h2").focus();
  }

  #top() {
    const arrow = (name, by) => el("button", {
      type: "button", class: "quiet arrow", title: t(name), "aria-label": t(name), on: { click: () => this.step(by) },
    }, icon(name));
    return el("div", { class: "details-top" },
      foreign("h2", nameOf(this.row, this.head), { id: "details-title", tabindex: "-1", autofocus: true }),
      badge(this.row.shownState),
      el("span", { class: "room" }),
      arrow("previous", -1), arrow("next", 1),
      el("button", { type: "button", class: "quiet", on: { click: () => this.dialog.close() } }, t("close")));
  }

  #body() {
    const { row } = this;
    const parameters = Object.entries(row.parameters ?? {});
    const cells = Object.entries(row.cells ?? {}).map(([place, text]) => [this.head.columns[place], text]);
    return el("div", { class: "details-body" },
      el("div", { class: "details-left" }, film(row), choices(row).length ? this.#decide() : null),
      el("div", { class: "details-right" },
        row.error ? foreign("p", row.error, { class: "error" }) : null,
        row.prompt ? section(t("prompt"), foreign("p", row.prompt, { class: "whole-prompt" })) : null,
        section(t("result"), results(row)),
        row.images?.length ? section(t("reference"), pictures(row.images, this.load())) : null,
        parameters.length ? section(t("parameters"), table([["model", row.model], ...parameters])) : null,
        cells.length ? section(t("cells"), table(cells)) : null,
        row.takes?.length ? section(t("earlier"), takes(row)) : null));
  }

  #decide() {
    const { row, decisions } = this;
    const { note, seed, prompt } = decisions.of(row);
    const again = el("div", { class: "again" },
      this.#field("seed", t("new_seed"), el("input", { type: "text", inputmode: "numeric", placeholder: t("seed_hint"), value: seed ?? "" })),
      this.#field("prompt", t("changed_prompt"), el("textarea", { rows: "4", dir: "auto", placeholder: t("prompt_hint") }, prompt ?? "")));
    const buttons = DECISIONS.map((word) => el("button", {
      type: "button", class: `decide decide-${word}`, disabled: !choices(row).includes(word), data: { word },
      on: { click: () => decisions.toggle(row, word) },
    }, icon(word), t(word)));
    const made = section(t("decide"),
      el("div", { class: "decisions", role: "group", "aria-label": t("decision") }, ...buttons),
      this.#field("note", t("note"), el("textarea", { rows: "2", dir: "auto" }, note)), again);
    this.refresh = () => {
      const now = decisions.word(row);
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.word === now));
      again.hidden = now !== "redo";
    };
    this.refresh();
    return made;
  }

  #field(name, label, input) {
    const wrong = el("span", { class: "wrong", role: "alert" });
    input.addEventListener("change", () => {
      const value = name === "seed" ? readSeed(input.value) : input.value.trim();
      wrong.textContent = Number.isNaN(value) ? t("seed_wrong") : "";
      input.setAttribute("aria-invalid", String(Number.isNaN(value)));
      if (!Number.isNaN(value)) this.decisions.set(this.row, { [name]: name === "prompt" ? value || null : value });
    });
    return el("label", { class: "field" }, label, input, wrong);
  }
}
