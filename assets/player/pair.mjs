// Two runs on one clock and one scale, one above the other: the player itself shows the upper one.

import { counterpartOf } from "./run.mjs";

const LOWER_PARTS = {
  stage: ".stage", base: ".base", over: ".over", tip: ".tip",
  headline: ".headline-text", caption: ".caption", source: ".source",
};

// The lower run: its picture is its own, made like the upper one when it is first needed; all else is the player's.
export class Lower {
  constructor(player) {
    this.player = player;
    this.place = 1;
    const { root, lower } = player.el;
    lower.append(...[".say", ".stage"].map((css) => root.querySelector(css).cloneNode(true)));
    for (const extra of lower.querySelectorAll(".rank, .help")) extra.remove();
    this.el = Object.fromEntries(Object.entries(LOWER_PARTS).map(([name, css]) => [name, lower.querySelector(css)]));
  }
}

const SHARED = ["time", "total", "view", "palette", "dpr", "type", "wide", "needs", "hover", "pin", "panes"];
for (const name of SHARED) {
  Object.defineProperty(Lower.prototype, name, {
    get() {
      return this.player[name];
    },
  });
}

// How long the clock runs, and at which moments something happens: of one run, or of both.
export function panesOf(player) {
  const { panes, lower, payload, run } = player;
  if (panes.length === 1) return { total: run.total, events: run.events };
  lower.run = payload.run(1);
  const events = Float64Array.from([...run.events, ...lower.run.events]).sort();
  return { total: Math.max(run.total, lower.run.total), events };
}

// The batch to show in every lane of a picture: that under the pointer or the pinned one, in either picture.
export function chosenIn(pane) {
  const { hover, pin, panes, run } = pane;
  const found = [hover, pin].find((one) => one && one.batch !== null && one.batch !== undefined);
  if (!found) return null;
  const from = panes[found.place ?? 0];
  return from === pane || from.run === run ? found.batch : counterpartOf(found.batch, from.run, run);
}
