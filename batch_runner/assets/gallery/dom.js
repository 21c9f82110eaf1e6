// Elements are made here and nowhere else: whatever a sheet or a provider says is text.
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name === "data") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Text of a sheet: its direction is its own, and ends with it.
export function foreign(tag, text, properties = {}) {
  return el(tag, { dir: "auto", ...properties, class: `foreign ${properties.class ?? ""}`.trim() }, text);
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// One shape a meaning, so that no meaning hangs on a colour.
const SHAPES = {
  succeeded: "M3.5 8.5l3 3 6-7",
  failed: "M4 4l8 8M12 4l-8 8",
  running: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5M8 5v3l2 1.5",
  queued: "M8 2.5a5.5 5.5 0 1 0 .01 0z",
  invalid: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.2",
  unknown: "M5.6 6a2.4 2.4 0 1 1 3.6 2c-.8.5-1.2.9-1.2 1.9M8 12.4v.2",
  skipped: "M3.5 8h9",
  gone: "M3.5 8h9",
  keep: "M3.5 8.5l3 3 6-7",
  reject: "M4 4l8 8M12 4l-8 8",
  redo: "M12.8 6A5.2 5.2 0 1 0 13.2 9M13 2.6V6H9.6",
  undecided: "M8 2.5a5.5 5.5 0 1 0 .01 0z",
  play: "M5 3.2v9.6l7.6-4.8z",
  pause: "M5 3.5v9M11 3.5v9",
  picture: "M2.5 3.5h11v9h-11zM2.5 10.5l3-3 2.6 2.6 2-2 3.4 3.4",
  previous: "M10 3L5 8l5 5",
  next: "M6 3l5 5-5 5",
  warning: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.2",
};

const drawn = new Map();

export function icon(name) {
  if (!drawn.has(name)) {
    const path = svg("path", { d: SHAPES[name] ?? SHAPES.queued });
    drawn.set(name, svg("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" }, path));
  }
  return drawn.get(name).cloneNode(true);
}

// The address of something on the web; undefined for all else that a cell may hold.
export function webLink(text, only = ["https:", "http:"]) {
  try {
    const url = new URL(text);
    return only.includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

// A link out: it tells where we come from to nobody, and gets no hold of this page.
export function outward(href, text) {
  return foreign("a", text, { href, target: "_blank", rel: "noopener noreferrer" });
}
