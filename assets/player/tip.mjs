// What the thing under the pointer, or the pinned one, is.

import { HOST, MAIN_LANE, PIN_LANE, PLUMBING } from "./activities.mjs";
import { capital, clauseOf } from "./caption.mjs";
import { count, time } from "./format.mjs";
import { momentOf } from "./moment.mjs";
import { named, numberOf } from "./run.mjs";
import { put } from "./words.mjs";
import { scaleOf } from "./layout.mjs";

function queueLines(run, at) {
  const { ready } = momentOf(run, at);
  const numbers = ready.slice(0, 8).map((batch) => numberOf(run, batch));
  const listed = ready.length ? `: ${numbers.join(", ")}${ready.length > 8 ? ", …" : ""}` : "";
  return [`${count(ready.length, "batch")} ready${listed}`, `at ${time(at, run.total)}, room for ${run.capacity}`];
}

function placeOf(lane) {
  if (lane === MAIN_LANE) return "the training process";
  return lane === PIN_LANE ? "the pinning thread" : lane >= 0 ? `worker ${lane}` : "the GPU";
}

function lasting(run, { start, end }) {
  if (!(end > start)) return `at ${time(start, run.total, 1)}`;
  return `${time(end - start, run.total, 1)}, from ${time(start, run.total, 1)} to ${time(end, run.total, 1)}`;
}

function pieceLines(run, found) {
  const clause = capital(clauseOf(run, found, placeOf(found.lane)));
  const { word, means } = PLUMBING[found.activity];
  return [`${clause}: ${time(found.end - found.start, run.total, 1)}`, lasting(run, found), `${word}: ${means}`];
}

function faultLine(run, batch) {
  if (batch === run.hung) return "it hangs: it never ends";
  if (run.fault?.batch !== batch) return null;
  return { killed: "its worker is killed", raises: "it raises an error", lost: "it is lost on its way" }[run.fault.kind];
}

function batchTitle(run, { kind, batch }) {
  const one = run.batches.get(batch);
  const owner = placeOf(one.worker);
  const name = named(run, batch);
  return {
    load: `${capital(name)} loads in ${owner}`,
    step: `GPU trains ${name}, loaded by ${owner}`,
    stall: `GPU stalled, waiting for ${name} from ${owner}`,
    wait: `Training process waits for ${name} from ${owner}`,
    handover: `Hand-over of ${name} from ${owner}`,
    gap: `GPU idle, not stalled: ${name} is there, its step is not`,
  }[kind];
}

function queueWords(run, queued) {
  if (Number.isNaN(queued)) return "not handed over";
  return queued > run.total * 1e-6 ? `ready for ${time(queued, run.total, 1)} before its hand-over` : "handed over at once";
}

// What waits until a run breaks off, for no batch in particular.
const IN_VAIN = { wait: "Training process waits in vain", stall: "GPU stalled: nothing arrives" };

// The first line names the thing, the second its start, end and duration, the third the batch's whole way.
function tipLines(run, found) {
  if (found.kind === "queue") return queueLines(run, found.at);
  if (found.kind === "piece") return pieceLines(run, found);
  if (found.batch === null) return [IN_VAIN[found.kind], lasting(run, found)];
  const lines = [batchTitle(run, found), lasting(run, found)];
  const one = run.batches.get(found.batch);
  const fault = faultLine(run, found.batch);
  const queued = one.received - one.loaded;
  if (fault) lines.push(fault);
  else if (found.activity === HOST) lines.push("the training process touches, copies or launches it");
  else if (run.workers) lines.push(queueWords(run, queued));
  return lines;
}

export function showTip(player) {
  const { tip } = player.el;
  const found = player.hover ?? player.pin;
  tip.hidden = !found || (found.place ?? 0) !== player.place;
  if (tip.hidden) return;
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
