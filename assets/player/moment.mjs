// What is going on at one moment, and the sentence that says it.

import { count, share, time } from "./format.mjs";
import { firstAbove } from "./run.mjs";

// Batches ready, the one that has to come next, and what the accelerator does at `at` seconds.
export function momentOf(run, at) {
  const handedOver = firstAbove(run.handovers.start, at);
  const last = run.order[handedOver - 1];
  const next = run.order[handedOver];
  const training = last && at < last.stepEnd ? last : null;
  const ready = [];
  const window = Math.max(run.capacity, 1) + 1;
  for (const one of run.order.slice(handedOver, handedOver + window)) {
    if (run.workers > 0 && one.loaded <= at) ready.push(one.batch);
  }
  return { training, next, ready, done: !training && !next };
}

// Held batches are ready, yet a slower one has to be handed over before them.
export function isMissing(moment) {
  return Boolean(moment.next) && !moment.ready.includes(moment.next.batch);
}

export function captionOf(run, at) {
  const moment = momentOf(run, at);
  const { training, next, ready } = moment;
  if (moment.done) return `All ${count(run.order.length, "batch")} trained in ${time(run.total, run.total)}.`;
  if (training) {
    if (run.workers === 0) return `GPU is training batch ${training.batch}; nothing loads meanwhile.`;
    const queue = ready.length === 0 ? "none ready" : `${count(ready.length, "batch")} ready`;
    return `GPU is training batch ${training.batch}; ${queue}.`;
  }
  if (run.workers === 0) return `GPU stalled: the training process itself loads batch ${next.batch}.`;
  return `GPU stalled: batch ${next.batch} ${whereabouts(next, at)}${heldBehind(moment)}.`;
}

function whereabouts(one, at) {
  if (one.loaded <= at) return "is being handed over";
  if (one.loadStart <= at) return `is still loading in worker ${one.worker}`;
  return `waits for its turn in worker ${one.worker}`;
}

function heldBehind(moment) {
  const held = isMissing(moment) ? moment.ready.length : 0;
  if (held === 0) return "";
  return held === 1 ? "; 1 later batch is held behind it" : `; ${held} later batches are held behind it`;
}

export function headlineOf(run) {
  return `GPU stalled ${share(run.stall_share)} of the time`;
}

export function pictureWords(run, source) {
  const lanes = run.workers === 0 ? "no workers" : count(run.workers, "worker");
  return `Timeline, ${source}: ${lanes}, ${count(run.order.length, "batch")}. ${headlineOf(run)}. ${run.finding} ${run.advice}`;
}
