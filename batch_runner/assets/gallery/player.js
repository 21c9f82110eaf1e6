// Videos exist in the page only while they play: one at a time, silent on the cards.
import { el } from "./dom.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const canHover = matchMedia("(hover: hover)");
let playing = null; // {media, video}

export function stop() {
  if (!playing) return;
  const { media, video } = playing;
  playing = null;
  video.pause();
  video.removeAttribute("src");
  video.load();
  video.remove();
  media.classList.remove("playing");
}

export function start(media) {
  if (playing?.media === media) return;
  stop();
  const video = el("video", { muted: true, loop: true, playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  video.muted = true;
  video.src = media.dataset.video;
  media.append(video);
  media.classList.add("playing");
  playing = { media, video };
  video.play().catch(() => {
    if (playing?.video === video) stop();
  });
}

export function toggle(media) {
  if (playing?.media === media) stop();
  else start(media);
}

// Play what the pointer rests on, or what is tapped.
export function watch(media) {
  media.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse" && canHover.matches && !calm.matches) start(media);
  });
  media.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && playing?.media === media && !media.dataset.held) stop();
  });
}
