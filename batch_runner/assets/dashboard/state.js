// What the page knows, and one way to have it drawn again.

export const state = {
  home: null, // version, folders, no_key
  sheets: new Map(), // id -> document, in order
  ready: false, // whether the sheets were told
  line: true, // whether the server is heard
  rows: null, // {id, filter, list, after}: the rows that are shown
  check: null, // {id, found}: the last check
  unknown: null, // {id, found}
};

let painter = () => {};
let asked = false;

export function onPaint(paint) {
  painter = paint;
}

export function repaint() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    painter();
  });
}

export const needed = (sheet) =>
  (sheet.states.failed ?? 0) + (sheet.states.invalid ?? 0) + (sheet.states.unknown ?? 0) +
  sheet.video_missing + sheet.unpublished;
