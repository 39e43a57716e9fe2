// The pointer on the timeline: hover tells, a click pins, a drag moves the clock, Ctrl with the wheel zooms.

import { requestFrame, setTime, zoom } from "./clock.mjs";
import { count, time } from "./format.mjs";
import { firstAbove } from "./run.mjs";
import { momentOf } from "./moment.mjs";
import { put } from "./words.mjs";
import { scaleOf } from "./layout.mjs";

const DRAG_PX = 5;
const NEAR_PX = 4;

function within(box, y, slack = 0) {
  return y >= box.y - slack && y < box.y + box.h + slack;
}

// The span of a lane under one moment, or the nearest within `slack` seconds.
function spanAt(lane, seconds, slack) {
  const at = firstAbove(lane.end, seconds - slack);
  if (at >= lane.start.length || lane.start[at] > seconds + slack) return null;
  return { batch: lane.batch[at], start: lane.start[at], end: lane.end[at] };
}

function hit(player, x, y) {
  const { layout, run } = player;
  if (x < layout.plot.x || x > layout.plot.x + layout.plot.w) return null;
  const scale = scaleOf(layout, player.view);
  const seconds = scale.seconds(x);
  const slack = NEAR_PX / 2 / scale.perSecond;
  const found = (kind, lane, more = slack) => {
    const span = spanAt(lane, seconds, more);
    return span && { kind, ...span, at: seconds, y };
  };
  const worker = layout.lanes.findIndex((box) => within(box, y, 1));
  if (worker >= 0) return found("load", run.lanes[worker]);
  if (within(layout.gpu, y, 2)) return found("step", run.gpu, 0) ?? found("stall", run.stalls) ?? found("step", run.gpu);
  if (within(layout.main, y, 3)) {
    if (run.workers === 0) return found("load", run.main);
    return found("handover", run.handovers, slack * 3) ?? found("wait", run.stalls);
  }
  if (within(layout.queue, y, 2) && run.workers && seconds <= run.total) return { kind: "queue", at: seconds, batch: null, y };
  return null;
}

function named(run, batch) {
  const epoch = Math.floor(batch / run.per_epoch);
  return epoch === 0 ? `batch ${batch}` : `batch ${batch % run.per_epoch} of epoch ${epoch}`;
}

// The first line names the thing, the second its start, end and duration, the third the batch's whole way.
function tipLines(run, found) {
  if (found.kind === "queue") {
    const { ready } = momentOf(run, found.at);
    const listed = ready.length ? `: ${ready.slice(0, 8).join(", ")}${ready.length > 8 ? ", …" : ""}` : "";
    return [`${count(ready.length, "batch")} ready${listed}`, `at ${time(found.at, run.total)}, room for ${run.capacity}`];
  }
  const one = run.batches.get(found.batch);
  const owner = one.worker < 0 ? "training process" : `worker ${one.worker}`;
  const batch = named(run, found.batch);
  const title = {
    load: `B${batch.slice(1)} loads in the ${owner}`,
    step: `GPU trains ${batch}, loaded by the ${owner}`,
    stall: `GPU stalled, waiting for ${batch} from the ${owner}`,
    wait: `Training process waits for ${batch} from the ${owner}`,
    handover: `Hand-over of ${batch} from the ${owner}`,
  }[found.kind].replace("the worker", "worker");
  const lasting = found.end - found.start;
  const range = `${time(found.start, run.total, 1)} to ${time(found.end, run.total, 1)}`;
  const lines = [title, lasting > 0 ? `${time(lasting, run.total, 1)}, from ${range}` : `at ${time(found.start, run.total, 1)}`];
  const queued = one.received - one.loaded;
  if (run.workers) lines.push(queued > run.total * 1e-6 ? `ready for ${time(queued, run.total, 1)} before its hand-over` : "handed over at once");
  return lines;
}

export function showTip(player) {
  const { tip } = player.el;
  const found = player.hover ?? player.pin;
  tip.hidden = !found;
  if (!found) return;
  const lines = tipLines(player.run, found);
  while (tip.children.length < lines.length) tip.append(document.createElement("p"));
  [...tip.children].forEach((line, index) => {
    line.hidden = index >= lines.length;
    put(line, lines[index] ?? "");
  });
  const x = scaleOf(player.layout, player.view).x(found.at);
  const left = Math.max(0, Math.min(x + 14, player.layout.width - tip.offsetWidth - 4));
  const above = found.y - tip.offsetHeight - 12;
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(above >= 0 ? above : found.y + 18)}px)`;
}

export function listenPointer(player, listen) {
  const { over } = player.el;
  let down = null;
  const place = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const scrub = (x) => {
    player.playing = false;
    setTime(player, scaleOf(player.layout, player.view).seconds(x));
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
    } else if (event.pointerType === "mouse") player.hover = hit(player, x, y);
    over.style.cursor = player.hover ? "pointer" : "ew-resize";
    requestFrame(player);
  });
  listen(over, "pointerup", (event) => {
    const [x, y] = place(event);
    if (down && !down.dragging) {
      const found = hit(player, x, y);
      const again = found && player.pin && player.pin.batch === found.batch && player.pin.kind === found.kind;
      if (!found && y > player.layout.bottom && y < player.layout.tokens) scrub(x);
      player.pin = again ? null : found;
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
    zoom(player, Math.exp(event.deltaY / 200), scaleOf(player.layout, player.view).seconds(place(event)[0]));
  }, { passive: false });
}
