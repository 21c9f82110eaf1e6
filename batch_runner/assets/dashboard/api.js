// Talking to the server: each answer is JSON, or the reason why not.

let path = localStorage.getItem("path");
let csrf = "";

export class Refused extends Error {
  constructor(status, told) {
    super([told.where && `${told.where}:`, told.message, told.hint].filter(Boolean).join(" "));
    this.status = status;
    this.code = told.code;
  }
}

async function answer(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new Refused(0, { code: "gone", message: "" });
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, told.error ?? { code: "http", message: response.statusText });
  return told;
}

const json = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
  body: JSON.stringify(body),
});

export const waysIn = () => answer("/enter");

export async function enter(body) {
  path = (await answer("/enter", json(body))).path;
  localStorage.setItem("path", path);
}

export async function home() {
  if (!path) throw new Refused(401, { code: "not_let_in", message: "" });
  const told = await answer(`${path}home`);
  csrf = told.csrf;
  return told;
}

export const get = (where) => answer(path + where);
export const post = (where, body = {}) => answer(path + where, json(body));
export const url = (where) => path + where;

export const upload = (folder, file) =>
  answer(`${path}upload?${new URLSearchParams({ folder, name: file.name })}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", "X-CSRF-Token": csrf },
    body: file,
  });

// What is new, for as long as somebody looks: a hidden page holds no line.
export function listen({ sheet, order, line }) {
  let source = null;
  const close = () => { source?.close(); source = null; };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(`${path}events`);
    source.addEventListener("open", () => line(true));
    source.addEventListener("sheet", (event) => sheet(JSON.parse(event.data)));
    source.addEventListener("order", (event) => order(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      line(false);
      if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, 5000); }
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
  return close;
}
