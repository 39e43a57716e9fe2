// What is going on at one moment.

import { firstAbove, spanAt } from "./spans.mjs";

// What the GPU does at `at` seconds, the batch that comes next, and the batches that are ready.
export function momentOf(run, at) {
  const handedOver = firstAbove(run.handovers.start, at);
  const step = spanAt(run.gpu, at);
  const next = run.upcoming[handedOver] ?? null;
  const training = step ? run.batches.get(step.batch) : null;
  const broken = Boolean(run.failure) && at >= run.total;
  return {
    at,
    training,
    next,
    ready: readyAt(run, handedOver, at),
    stall: training ? null : spanAt(run.stalls, at),
    gap: training ? null : spanAt(run.gaps, at),
    broken,
    done: !run.failure && !training && handedOver === run.order.length && !spanAt(run.gaps, at),
  };
}

// They are the next ones to be handed over, or nearly so: the search ends when as many are found as there are.
function readyAt(run, handedOver, at) {
  if (run.workers === 0) return [];
  let left = run.ready.count[firstAbove(run.ready.time, at) - 1] ?? 0;
  const ready = [];
  for (let place = handedOver; left > 0 && place < run.upcoming.length; place += 1) {
    const one = run.upcoming[place];
    if (!(one.loaded <= at) || one.lost) continue;
    ready.push(one.batch);
    left -= 1;
  }
  return ready;
}

// In order, batches that are ready are held until a slower one before them is handed over.
export function isMissing(run, moment) {
  return run.in_order && run.workers > 0 && Boolean(moment.next) && !moment.ready.includes(moment.next.batch);
}
