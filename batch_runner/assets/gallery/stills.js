// Pictures of videos that have no poster: a few at a time, since a browser holds few players.
import { el } from "./dom.js";

const AT_ONCE = 3;
const SETTLED = 150; // milliseconds after which a card that is still there is looked at
const PATIENCE = 5000;
const KEPT = 300;
const STILL_WIDTH = 480; // pixels
const kept = new Map(); // address -> the canvas that shows its picture
const waiting = []; // {address, place}
let busy = 0;

// A place for the picture; it appears there once the video's first moment is to be had.
export function still(address) {
  const place = el("span", { class: "still", "aria-hidden": "true" });
  if (kept.has(address)) place.append(kept.get(address));
  else setTimeout(() => ask(address, place), SETTLED);
  return place;
}

function ask(address, place) {
  waiting.push({ address, place });
  next();
}

function next() {
  while (busy < AT_ONCE && waiting.length) {
    const { address, place } = waiting.pop(); // what was asked for last is in sight
    if (!place.isConnected) continue;
    if (kept.has(address)) place.append(kept.get(address));
    else look(address, place);
  }
}

function look(address, place) {
  const video = document.createElement("video");
  let ended = false;
  const end = () => {
    if (ended) return; // letting go of a video makes some browsers tell of an error
    ended = true;
    clearTimeout(late);
    video.removeAttribute("src");
    video.load();
    busy -= 1;
    next();
  };
  const late = setTimeout(end, PATIENCE);
  busy += 1;
  video.muted = true;
  video.preload = "auto";
  video.addEventListener("error", end, { once: true });
  video.addEventListener("loadeddata", () => {
    if (video.videoWidth) place.append(keep(address, video));
    end();
  }, { once: true });
  video.src = address.startsWith("data:") ? address : `${address}#t=0.1`;
}

function keep(address, video) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(STILL_WIDTH, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  kept.set(address, canvas);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return canvas;
}
