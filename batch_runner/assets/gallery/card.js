// One row as a card.
import { el, foreign, icon, outward, webLink } from "./dom.js";
import { DECISIONS, choices } from "./decisions.js";
import { metaOf, nameOf } from "./format.js";
import { t } from "./language.js";
import { toggle, watch } from "./player.js";
import { still } from "./stills.js";

export function badge(word) {
  return el("span", { class: `badge state-${word}` }, icon(word), t(word));
}

// Where a row's video is: beside the page, or on the web. What is there is asked for only when the
// reader wants it, by a tap or for all of them: its host would know.
export const filmOf = (row) => row.video ?? webLink(row.remote, ["https:"]);

// The picture of a video; where there is none, the video's own first moment.
export function poster(row, load) {
  if (row.video?.endsWith(".gif")) return el("img", { src: row.video, alt: "", loading: "lazy" });
  if (row.poster) return el("img", { src: row.poster, alt: "", loading: "lazy", decoding: "async" });
  const film = row.video ?? (load ? filmOf(row) : undefined);
  return film ? still(film) : null;
}

function mediaOf(row, name, load) {
  const media = el("div", { class: "media" }, poster(row, load));
  const film = filmOf(row);
  if (!film) {
    const text = row.shownState === "succeeded" ? t("video_gone") : t("no_video");
    media.append(el("span", { class: "blank" }, icon(row.shownState), el("span", {}, text)));
    return media;
  }
  media.dataset.video = film;
  if (row.video || load) watch(media);
  media.append(
    el("button", { type: "button", class: "play", tabindex: "-1", "aria-label": t("play", { name }), on: { click: () => toggle(media) } }, icon("play")),
  );
  return media;
}

// Pictures from the web are asked for only when the reader wants them: their owners would know.
export function references(row, load) {
  const images = row.images ?? [];
  if (!images.length) return null;
  const shown = images.slice(0, 7).map((image, i) => {
    const href = webLink(image);
    const picture = load && webLink(image, ["https:"]);
    if (!href) return foreign("span", image, { class: "reference" });
    const link = outward(href, picture ? "" : String(i + 1));
    link.classList.add("reference");
    link.title = image;
    if (picture) link.append(el("img", { src: picture, alt: `${t("reference")} ${i + 1}`, loading: "lazy", referrerpolicy: "no-referrer" }));
    else link.setAttribute("aria-label", `${t("reference")} ${i + 1}`);
    return link;
  });
  const label = images.length === 1 ? t("picture") : t("pictures", { n: images.length });
  return el("div", { class: "references", role: "group", "aria-label": label }, icon("picture"), ...shown);
}

function buttons(row, decisions) {
  const open = choices(row);
  const made = DECISIONS.map((word) =>
    el("button", {
      type: "button", class: `decide decide-${word}`, tabindex: "-1", disabled: !open.includes(word),
      data: { word }, on: { click: () => decisions.toggle(row, word) },
    }, icon(word), t(word)),
  );
  return el("div", { class: "decisions", role: "group", "aria-label": t("decision") }, ...made);
}

// Fill a card's element anew.
export function fill(card, row, { head, decisions, load, open }) {
  const name = nameOf(row, head);
  const prompt = row.prompt ?? "";
  card.setAttribute("aria-label", t("card_label", { name, state: t(row.shownState), prompt: prompt.slice(0, 120) }));
  const title = foreign("button", name, { type: "button", class: "name", tabindex: "-1", title: t("open_details", { name }), on: { click: () => open(row) } });
  card.replaceChildren(
    mediaOf(row, name, load),
    el("div", { class: "text" },
      el("div", { class: "line" }, title, badge(row.shownState)),
      row.error ? foreign("p", row.error, { class: "error", title: row.error.slice(0, 500) }) : null,
      foreign("p", prompt.slice(0, 600), { class: "prompt" }),
      references(row, load),
      el("p", { class: "meta" }, metaOf(row)),
      buttons(row, decisions)),
  );
  mark(card, row, decisions);
}

// Show what was decided; a video that plays goes on, and what has the focus keeps it.
export function mark(card, row, decisions) {
  const now = decisions.word(row);
  card.className = `card is-${row.shownState} decided-${now || "none"}`;
  for (const button of card.querySelectorAll(".decide")) button.setAttribute("aria-pressed", String(button.dataset.word === now));
}
