// What the keys do, and the page that tells of it.
import { el } from "./dom.js";
import { t } from "./language.js";

const KEYS = [
  ["← → ↑ ↓", "key_arrows"], ["Space", "key_space"], ["K", "key_k"], ["R", "key_r"], ["X", "key_x"], ["U", "key_u"],
  ["Enter", "key_enter"], ["C", "key_c"], ["/", "key_slash"], ["?", "key_help"], ["Esc", "key_escape"],
];

export function fillHelp(dialog) {
  const lines = KEYS.flatMap(([key, text]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, t(text))]);
  dialog.replaceChildren(
    el("div", { class: "details-top" }, el("h2", { id: "help-title" }, t("help_title")), el("span", { class: "room" }),
      el("button", { type: "button", class: "quiet", on: { click: () => dialog.close() } }, t("close"))),
    el("dl", { class: "keys" }, ...lines),
    el("p", {}, t("help_save")));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

// acts: a function for each of the keys; gives whether it did something.
export function listen(acts) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.id === "search") {
      event.target.blur();
      return;
    }
    if (isTyping(event.target)) return;
    // A button does by space and enter what it is for.
    const pressed = [" ", "Enter"].includes(event.key) && event.target.closest?.("button, a, video, summary, input");
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || pressed) return;
    if (act() !== false) event.preventDefault();
  });
}
