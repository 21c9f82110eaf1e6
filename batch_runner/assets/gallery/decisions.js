// What the reader decided: kept as a draft in the browser until it is saved.
import { meta } from "./data.js";

export const DECISIONS = ["keep", "reject", "redo"];
const MOST_SEED = 2147483647;

// Which decisions a row is open to: there must be a take to judge.
export function choices(row) {
  if (row.gone) return [];
  if (row.state === "succeeded") return DECISIONS;
  return row.state === "failed" ? ["redo"] : [];
}

export function readSeed(text) {
  if (text.trim() === "") return null;
  const seed = /^\d{1,10}$/.test(text.trim()) ? Number(text) : NaN;
  return seed <= MOST_SEED ? seed : NaN;
}

// What the sheet says of a row.
function saved(row) {
  return { decision: row.decision ?? "", note: row.note ?? "", seed: null, prompt: null };
}

function same(one, other) {
  return Object.keys(other).every((name) => one[name] === other[name]);
}

export class Decisions extends EventTarget {
  constructor(head, rows) {
    super();
    this.head = head;
    this.store = `batch-runner:${head.campaign}`;
    this.changed = new Map(); // place of a row -> what was decided and is not saved
    this.rows = rows;
    this.#recall();
  }

  // What holds for a row: {decision, note, seed, prompt}; decision is "" where there is none.
  of(row) {
    return this.changed.get(row.place) ?? saved(row);
  }

  word(row) {
    return this.of(row).decision;
  }

  set(row, change) {
    if (change.decision && !choices(row).includes(change.decision)) return false;
    const made = { ...this.of(row), ...change };
    if (same(made, saved(row))) this.changed.delete(row.place);
    else this.changed.set(row.place, made);
    this.#keep();
    this.#tell(row);
    return true;
  }

  // The same decision once more takes it back.
  toggle(row, decision) {
    return this.set(row, { decision: this.word(row) === decision ? "" : decision });
  }

  forget() {
    this.changed.clear();
    this.#keep();
    this.#tell(null);
  }

  counts() {
    const counts = { keep: 0, reject: 0, redo: 0 };
    for (const row of this.rows) {
      const word = this.word(row);
      if (word) counts[word] += 1;
    }
    return counts;
  }

  // What "batch-runner apply" reads.
  document() {
    const decisions = [...this.changed].map(([place, made]) => {
      const row = this.rows[place];
      const redo = made.decision === "redo";
      return {
        job: row.job, id: row.id, attempt: row.attempt, decision: made.decision || null, note: made.note,
        seed: redo ? made.seed : null, prompt: redo ? made.prompt : null,
      };
    });
    return { format: "batch-runner-decisions", version: 1, campaign: this.head.campaign, sheet: this.head.sheet, decisions };
  }

  // To the server that gave the page, else as a file. Gives the file's name, or "" if posted.
  async save() {
    const text = JSON.stringify(this.document(), null, 1);
    const address = meta("decisions");
    if (address) await post(address, text);
    const name = `${this.head.sheet}.decisions.json`;
    if (!address) download(name, text);
    for (const [place, made] of this.changed) Object.assign(this.rows[place], { decision: made.decision, note: made.note });
    this.changed.clear();
    this.#keep();
    this.#tell(null);
    return address ? "" : name;
  }

  #tell(row) {
    this.dispatchEvent(new CustomEvent("change", { detail: row }));
  }

  // A browser may forbid storage to files: then a draft lives as long as its tab.
  #keep() {
    const jobs = [...this.changed].map(([place, made]) => [this.rows[place].id, this.rows[place].attempt, made]);
    try {
      if (jobs.length) localStorage.setItem(this.store, JSON.stringify(jobs));
      else localStorage.removeItem(this.store);
    } catch { /* see above */ }
  }

  #recall() {
    try {
      const kept = new Map(JSON.parse(localStorage.getItem(this.store) ?? "[]").map(([id, attempt, made]) => [`${id} ${attempt}`, made]));
      for (const row of this.rows) {
        const made = kept.get(`${row.id} ${row.attempt}`);
        if (made && (made.decision === "" || choices(row).includes(made.decision))) this.changed.set(row.place, made);
      }
    } catch { /* see above */ }
  }
}

async function post(address, text) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": meta("csrf") ?? "" };
  const answer = await fetch(address, { method: "POST", headers, body: text, credentials: "same-origin" });
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 300) || String(answer.status));
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
