// The page: its parts, and what each tells the others.
import { fill, mark } from "./card.js";
import { costs, failures, times } from "./charts.js";
import { meta, readHead, readRows } from "./data.js";
import { Decisions } from "./decisions.js";
import { Details, copy } from "./details.js";
import { Grid } from "./grid.js";
import { fillHelp, listen } from "./keys.js";
import { t, translate } from "./language.js";
import { stop, toggle } from "./player.js";
import { select, tally } from "./select.js";
import { Toolbar } from "./toolbar.js";

const at = (id) => document.getElementById(id);
const head = readHead();
const rows = readRows();
const decisions = new Decisions(head, rows);
const load = () => at("pictures").checked;

translate(document.body);
at("title").textContent = head.sheet;

// Cards take the shape that most of the videos have.
function shape() {
  const counts = tally(rows, (row) => row.parameters?.aspect_ratio ?? row.parameters?.ratio ?? "16:9");
  const [most] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? ["16:9"];
  const [wide, high] = String(most).split(":").map(Number);
  const ratio = wide > 0 && high > 0 ? wide / high : 16 / 9;
  return Math.min(16 / 9, Math.max(3 / 4, ratio));
}

const details = new Details(at("details"), { head, decisions, load, step });
const grid = new Grid(at("cards"), (card, row) => fill(card, row, { head, decisions, load: load(), open: (one) => details.open(one) }));
grid.list.style.setProperty("--ratio", String(shape()));
const toolbar = new Toolbar(head, rows, show);

function show() {
  const shown = select(rows, toolbar.filter, (row) => decisions.word(row));
  grid.show(shown);
  at("empty").hidden = shown.length > 0;
  toolbar.sum(shown, grid.capacity);
  if (!at("figures").hidden) drawFigures();
}

function drawFigures() {
  at("figures").replaceChildren(costs(grid.rows), times(grid.rows), failures(grid.rows));
}

// To the row before or after, in the order that is shown.
function step(by) {
  const index = grid.rows.indexOf(details.row) + by;
  if (index < 0 || index >= grid.rows.length) return;
  grid.go(index);
  details.open(grid.rows[index]);
}

function showDecided(said = "") {
  const unsaved = decisions.changed.size;
  at("bar").hidden = !unsaved && !said;
  at("save").hidden = at("forget").hidden = !unsaved;
  at("decided").textContent = said || `${t("decided", decisions.counts())} · ${t("unsaved", { n: unsaved })}`;
}

decisions.addEventListener("change", (event) => {
  grid.refresh(event.detail, (card, row) => mark(card, row, decisions));
  if (details.isOpen) details.refresh?.();
  showDecided();
});

async function save() {
  try {
    const file = await decisions.save();
    // Only a name that no shell reads anything into becomes a command to be copied.
    const plain = /^[\w][\w. ()-]*$/.test(head.sheet);
    const command = plain ? `batch-runner apply "${head.sheet}" "${file}"` : "batch-runner apply SHEET FILE";
    showDecided(file ? t("saved_file", { file, command }) : t("saved_served"));
  } catch (error) {
    showDecided(t("save_failed", { why: error.message }));
    at("bar").hidden = at("save").hidden = false;
  }
}

function decide(word) {
  const row = details.isOpen ? details.row : grid.card?.contains(document.activeElement) ? grid.row : null;
  return row ? decisions.set(row, { decision: word }) : false;
}

// The arrows begin where the reader is: at the first card, if at none yet.
function move(by) {
  if (details.isOpen) return step(by);
  const inside = grid.card?.contains(document.activeElement);
  return grid.go(inside ? grid.current + by : grid.current);
}

function playOrPause() {
  if (details.isOpen) {
    const video = at("details").querySelector("video");
    return video ? void (video.paused ? video.play() : video.pause()) : false;
  }
  const media = grid.card?.contains(document.activeElement) && grid.card.querySelector("[data-video]");
  return media ? toggle(media) : false;
}

function copyTask() {
  const row = details.isOpen ? details.row : grid.row;
  return row?.task ? void copy(row.task) : false;
}

const closed = (act) => () => (document.querySelector("dialog[open]") && !details.isOpen ? false : act());

listen({
  ArrowLeft: closed(() => move(-1)),
  ArrowRight: closed(() => move(1)),
  ArrowUp: closed(() => (details.isOpen ? false : move(-grid.columns))),
  ArrowDown: closed(() => (details.isOpen ? false : move(grid.columns))),
  Home: closed(() => (details.isOpen ? false : grid.go(0))),
  End: closed(() => (details.isOpen ? false : grid.go(grid.rows.length - 1))),
  " ": closed(playOrPause),
  Enter: closed(() => (grid.card === document.activeElement ? details.open(grid.row) : false)),
  k: closed(() => decide("keep")),
  x: closed(() => decide("reject")),
  r: closed(() => decide("redo")),
  u: closed(() => decide("")),
  c: closed(copyTask),
  "/": closed(() => (details.isOpen ? false : at("search").focus())),
  "?": closed(() => at("help").showModal()),
});

fillHelp(at("help"));
at("help-button").addEventListener("click", () => at("help").showModal());
at("figures-button").addEventListener("click", () => {
  const hidden = !at("figures").toggleAttribute("hidden");
  at("figures-button").setAttribute("aria-expanded", String(hidden));
  if (hidden) drawFigures();
});
at("pictures").addEventListener("change", () => grid.refresh(null));
at("save").addEventListener("click", save);
at("forget").addEventListener("click", () => {
  if (confirm(t("forget_sure"))) decisions.forget();
});
addEventListener("beforeunload", (event) => {
  if (decisions.changed.size && !meta("decisions")) event.preventDefault();
});
addEventListener("beforeprint", () => { stop(); grid.paper(true); });
addEventListener("afterprint", () => grid.paper(false));

show();
showDecided();
document.documentElement.dataset.ready = "true";
