// The pointer on the timeline: hover tells, a click pins, a drag moves the clock, Ctrl with the wheel zooms.

import { GPU_LANE, MAIN_LANE, PIN_LANE, isOfWorker } from "./activities.mjs";
import { requestFrame, setTime, zoom } from "./clock.mjs";
import { scaleOf } from "./layout.mjs";
import { spanAt } from "./spans.mjs";

const DRAG_PX = 5;
const NEAR_PX = 4;

function within(box, y, slack = 0) {
  return Boolean(box) && y >= box.y - slack && y < box.y + box.h + slack;
}

// What may lie at a height: kind and lane, that on top first.
function layersAt({ layout, run }, y) {
  const worker = layout.lanes.findIndex((box) => within(box, y, 1));
  if (worker >= 0) return [["load", run.lanes[worker], worker], ["piece", run.sides[worker], worker]];
  if (within(layout.pin, y, 2)) return [["piece", run.pinSide, PIN_LANE]];
  if (within(layout.main, y, 3)) {
    const own = ["piece", run.mainSide, MAIN_LANE];
    if (run.workers === 0) return [["load", run.main, MAIN_LANE], own];
    return [["handover", run.handovers, MAIN_LANE], own, ["wait", run.waits, MAIN_LANE]];
  }
  if (!within(layout.gpu, y, 2)) return [];
  const lanes = [["step", run.gpu], ["stall", run.stalls], ["piece", run.gpuSide], ["gap", run.gaps]];
  return lanes.map(([kind, lane]) => [kind, lane, GPU_LANE]);
}

// How near a thing has to be, in multiples of NEAR_PX / 2: first what is under the pointer, then what is near it. A
// hand-over takes no time, so near is all it can be; a wait is what lies there when nothing else does.
const PASSES = [
  { handover: 0.5, wait: -1, other: 0 },
  { handover: 3, wait: 1, other: 1 },
];

// A worker's own piece must not light up the batch of the same number.
function found(kind, lane, span) {
  return kind === "piece" && isOfWorker(span.activity)
    ? { kind, lane, ...span, worker: span.batch, batch: null }
    : { kind, lane, ...span };
}

function hit(pane, x, y) {
  const { layout, run, place } = pane;
  if (x < layout.plot.x || x > layout.plot.x + layout.plot.w) return null;
  const scale = scaleOf(layout, pane.view);
  const seconds = scale.seconds(x);
  const layers = layersAt(pane, y);
  const slack = NEAR_PX / 2 / scale.perSecond;
  for (const pass of PASSES) {
    for (const [kind, lane, id] of layers) {
      const near = pass[kind] ?? pass.other;
      const span = near >= 0 && spanAt(lane, seconds, near * slack);
      if (span) return { ...found(kind, id, span), place, at: seconds, y };
    }
  }
  if (within(layout.queue, y, 2) && run.workers && seconds <= run.total) return { kind: "queue", place, at: seconds, batch: null, y };
  return null;
}

// `pane` is where the pointer is: the player itself, or the lower picture of two.
export function listenPointer(player, pane, listen) {
  const { over } = pane.el;
  let down = null;
  const place = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const scrub = (x) => {
    player.playing = false;
    setTime(player, scaleOf(pane.layout, player.view).seconds(x));
  };
  listen(over, "pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, y] = place(event);
    down = { x, y, dragging: false };
    over.setPointerCapture(event.pointerId);
  });
  listen(over, "pointermove", (event) => {
    const [x, y] = place(event);
    if (down && (down.dragging || Math.abs(x - down.x) > DRAG_PX)) {
      down.dragging = true;
      player.hover = null;
      scrub(x);
    } else if (event.pointerType === "mouse") player.hover = hit(pane, x, y);
    over.style.cursor = player.hover ? "pointer" : "ew-resize";
    requestFrame(player);
  });
  listen(over, "pointerup", (event) => {
    const [x, y] = place(event);
    if (down && !down.dragging) {
      const under = hit(pane, x, y);
      const again = under && player.pin?.kind === under.kind && player.pin.place === under.place && player.pin.start === under.start;
      if (!under && y > pane.layout.bottom && y < pane.layout.tokens) scrub(x);
      player.pin = again ? null : under;
      player.el.root.focus({ preventScroll: true });
    }
    down = null;
    requestFrame(player);
  });
  listen(over, "pointercancel", () => {
    down = null;
  });
  listen(over, "pointerleave", () => {
    player.hover = null;
    requestFrame(player);
  });
  listen(over, "dblclick", () => zoom(player, Infinity, player.time));
  listen(over, "wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(player, Math.exp(event.deltaY / 200), scaleOf(pane.layout, player.view).seconds(place(event)[0]));
  }, { passive: false });
}
