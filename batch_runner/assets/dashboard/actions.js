// What each button does. A button says what by data-act; what it needs more stands beside it.

import { get, post, Refused, upload, url } from "./api.js";
import { askCell, askFolder, askRun, confirmed, showLink, showRow } from "./dialogs.js";
import { repaint, state } from "./state.js";
import { t } from "./words.js";

const said = document.getElementById("said");
let fading = 0;

export function say(text, bad = false) {
  said.textContent = text;
  said.className = bad ? "bad shown" : "shown";
  clearTimeout(fading);
  fading = setTimeout(() => { said.className = ""; }, bad ? 12_000 : 5000);
}

export const trouble = (error) => say(error.code === "gone" ? t("gone") : error.message || String(error), true);

export function here() {
  const [, , id, view = ""] = location.hash.split("/");
  return { sheet: state.sheets.get(id), view };
}

const at = (sheet, rest) => `sheets/${sheet.id}/${rest}`;

async function order(sheet, told) {
  const reply = await post(at(sheet, "order"), told);
  if (!reply.ok) throw new Refused(409, { code: "cannot", message: reply.say });
  const known = { pause: "paused", resume: "at_work", drain: "ending", stop: "ending" }[told.do];
  say(known ? t(known) : reply.say.charAt(0).toUpperCase() + reply.say.slice(1));
}

async function start(sheet, told) {
  await post(at(sheet, "start"), told);
  say(t("started"));
  if (here().view) location.hash = `#/s/${sheet.id}`;
}

async function settle(sheet, job, verdict) {
  await post(at(sheet, `rows/${job}/resolve`), verdict);
  say(t("settled"));
  await loadUnknown(sheet);
}

export const acts = {
  async run(sheet) {
    const wish = await askRun(sheet);
    if (wish === "check") location.hash = `#/s/${sheet.id}/check`;
    else if (wish) await start(sheet, wish);
  },
  rehearse: (sheet) => start(sheet, { rehearse: true }),
  async retry(sheet) {
    if (await confirmed(t("retry_title"), t("retry_text"), t("retry", { n: sheet.states.failed }))) await start(sheet, { again: true });
  },
  pause: (sheet) => order(sheet, { do: "pause" }),
  resume: (sheet) => order(sheet, { do: "resume" }),
  drain: (sheet) => order(sheet, { do: "drain" }),
  async stop(sheet) {
    if (await confirmed(t("stop_title"), t("stop_text"), t("stop"), true)) await order(sheet, { do: "stop" });
  },
  async details(sheet, target) {
    const job = target.dataset.job;
    if ((await showRow(sheet, job)) === "cancel") {
      const row = await get(at(sheet, `rows/${job}`));
      await order(sheet, { do: "cancel", row: `${row.key ?? row.row}/${row.variant}` });
    }
  },
  async filter(sheet, target) {
    await loadRows(sheet, target.dataset.value);
  },
  async more(sheet) {
    const { filter, after, list } = state.rows;
    const next = await get(at(sheet, `rows?${new URLSearchParams({ state: filter, after })}`));
    state.rows = { id: sheet.id, filter, list: [...list, ...next.rows], after: next.after };
  },
  check: (sheet) => loadCheck(sheet),
  async correct(sheet, target) {
    const fault = state.check.found.faults[Number(target.dataset.fault)];
    const after = await askCell(fault, fault.place);
    if (after === null || after === fault.value) return;
    const { worksheet, row, column, value: before } = fault;
    await post(at(sheet, "cell"), { worksheet, row, column, before, after });
    say(t("saved", { cell: fault.place }));
    await loadCheck(sheet);
  },
  async resend(sheet, target) {
    const { job, name } = target.dataset;
    if (await confirmed(t("was_not"), t("sure_resend", { name }), t("was_not"), true)) await settle(sheet, job, { resend: true });
  },
  give_up: (sheet, target) => settle(sheet, target.dataset.job, { give_up: true }),
  its_task: (sheet, form) => settle(sheet, form.dataset.job, { task_id: form.elements.task.value }),
  async add() {
    const folder = state.home.folders.length > 1 ? await askFolder(state.home.folders) : 0;
    if (folder === null) return;
    const input = Object.assign(document.createElement("input"), { type: "file" });
    input.addEventListener("change", () => take(folder, [...input.files]).catch(trouble));
    input.click();
  },
  async copy(_sheet, target) {
    await navigator.clipboard.writeText(target.dataset.text);
    say(t("copied"));
  },
  async invite() {
    await showLink((await post("invite")).link);
  },
  async finish() {
    if (!(await confirmed(t("finish_sure"), t("finish_text"), t("finish")))) return;
    state.finished = (await post("finish")).on;
  },
};

export async function take(folder, files) {
  for (const file of files) {
    say(t("adding", { name: file.name }));
    const { id, name } = await upload(folder, file);
    say(t("added", { name }));
    if (id) state.open = `#/s/${id}/check`;
  }
  repaint();
}

export async function loadRows(sheet, filter = "") {
  const page = await get(at(sheet, `rows?${new URLSearchParams({ state: filter })}`));
  state.rows = { id: sheet.id, filter, list: page.rows, after: page.after };
  repaint();
}

// The rows that are on the page already, as they are now.
export async function refreshRows(sheet) {
  const shown = state.rows;
  if (shown?.id !== sheet.id) return loadRows(sheet);
  const list = [];
  let after = "0.0.0";
  do {
    const page = await get(at(sheet, `rows?${new URLSearchParams({ state: shown.filter, after })}`));
    list.push(...page.rows);
    after = page.after;
  } while (after && list.length < shown.list.length);
  if (state.rows === shown) state.rows = { ...shown, list, after };
  return repaint();
}

export async function loadCheck(sheet) {
  if (state.check?.id !== sheet.id) state.check = null;
  repaint();
  const found = await get(at(sheet, "check"));
  state.check = { id: sheet.id, found };
  repaint();
}

export async function loadUnknown(sheet) {
  state.unknown = { id: sheet.id, found: await get(at(sheet, "unknown")) };
  repaint();
}

export const gallery = (id) => url(`sheets/${id}/gallery/`);
