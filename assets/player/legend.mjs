// What the picture's quiet parts are: a line below it, as far as they occur, and each word's meaning in the help.

import { BATCHES, COPY, LAUNCH, PLUMBING, RANKS, TOUCH, WORKERS } from "./activities.mjs";

// The plumbing among the activities, in the order of PLUMBING.
function occurring(activities) {
  return Object.entries(PLUMBING).flatMap(([code, one]) => (activities.includes(Number(code)) ? [one] : []));
}

function entry(swatch, words) {
  const node = document.createElement("span");
  const mark = document.createElement("i");
  mark.className = swatch;
  node.append(mark, words);
  return node;
}

export function fillLegend({ el, payload }) {
  const { activities } = payload.header;
  const plumbing = occurring(activities);
  const words = (of) => plumbing.filter((one) => one.of === of).map((one) => one.word).join(", ");
  const entries = [];
  if (plumbing.length) entries.push(entry("solid", "batch: load, train"));
  if (words(BATCHES)) entries.push(entry("slim", `moving it: ${words(BATCHES)}`));
  if (words(WORKERS)) entries.push(entry("dotted", `workers: ${words(WORKERS)}`));
  if ([TOUCH, COPY, LAUNCH].some((code) => activities.includes(code))) entries.push(entry("gap", "GPU idle, batch there"));
  if (words(RANKS)) entries.push(entry("waits", "waits for other ranks"));
  el.legend.replaceChildren(...entries);
  el.legend.hidden = !entries.length;
}

export function glossaryOf(activities) {
  return occurring(activities).map(({ word, means }) => [word, means]);
}
