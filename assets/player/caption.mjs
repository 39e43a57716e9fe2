// The sentences above and about the picture.

import { COPY, MAIN_LANE, OTHERS, PLUMBING, isOfWorker } from "./activities.mjs";
import { count, share, time } from "./format.mjs";
import { isMissing, momentOf } from "./moment.mjs";
import { named } from "./run.mjs";
import { spanAt } from "./spans.mjs";

const BROKE = { killed: "was killed", raised: "raised", "timed out": "timed out", hangs: "hung" };

export function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}

// What a span of plumbing is, as a clause: "worker 2 boots". `place` is the lane's name.
export function clauseOf(run, span, place) {
  const own = isOfWorker(span.activity);
  const batch = own || span.batch === null ? "" : named(run, span.batch);
  return PLUMBING[span.activity].says({ worker: span.worker ?? span.batch, batch, who: place });
}

export function captionOf(run, at) {
  const moment = momentOf(run, at);
  const { training, next, ready, stall, gap } = moment;
  const { failure, total } = run;
  if (moment.broken) return `${capital(failure.kind)} after ${time(total, total)}: ${failure.message}`;
  if (training) {
    if (run.workers === 0) return `GPU is training ${named(run, training.batch)}; nothing loads meanwhile.`;
    const queue = ready.length === 0 ? "none ready" : `${count(ready.length, "batch")} ready`;
    return `GPU is training ${named(run, training.batch)}; ${queue}.`;
  }
  if (stall) return `GPU stalled: ${reason(run, next, at)}${heldBehind(run, moment)}.`;
  if (gap) return `GPU idle, not stalled: ${preparation(run, gap, at)}.`;
  const side = mainClause(run, at);
  if (moment.done && side && at < total) return `All trained; ${side}.`;
  if (moment.done) return `All ${count(run.order.length, "batch")} trained in ${time(total, total)}.`;
  const waits = spanAt(run.gpuSide, at);
  if (waits?.activity === OTHERS) return `${capital(clauseOf(run, waits, "GPU"))}.`;
  return side ? `${capital(side)}.` : "The next step is about to start.";
}

function mainClause(run, at) {
  const span = spanAt(run.mainSide, at);
  return span && clauseOf(run, span, "the training process");
}

function preparation(run, gap, at) {
  const copy = spanAt(run.gpuSide, at);
  if (copy?.activity === COPY) return clauseOf(run, copy, "GPU");
  return mainClause(run, at) ?? `${named(run, gap.batch)} is there, its step not launched yet`;
}

// Why the accelerator has nothing to do.
function reason(run, next, at) {
  const main = spanAt(run.mainSide, at);
  const other = main && (!next || isOfWorker(main.activity) || main.batch !== next.batch);
  if (other) return clauseOf(run, main, "the training process");
  if (!next) return "no batch is on its way";
  if (run.workers === 0) return mainClause(run, at) ?? `the training process itself loads ${named(run, next.batch)}`;
  return whereabouts(run, next, at);
}

function whereabouts(run, one, at) {
  const batch = named(run, one.batch);
  const where = `worker ${one.worker}`;
  const begun = one.loadStart <= at;
  if (begun && one.batch === run.hung) return `${batch} hangs in ${where}`;
  if (begun && run.fault?.kind === "raises" && run.fault.batch === one.batch) return `${batch} raised an error in ${where}`;
  if (begun && one.lost && one.loaded <= at) return `${batch} was loaded by ${where} and is lost on its way`;
  const sides = { [where]: run.sides[one.worker], "the pinning thread": run.pinSide, "the training process": run.mainSide };
  for (const [place, side] of Object.entries(sides)) {
    const span = side && spanAt(side, at);
    if (span && (isOfWorker(span.activity) || span.batch === one.batch)) return clauseOf(run, span, place);
  }
  if (one.loaded <= at) return `${batch} is being handed over`;
  if (begun) return `${batch} is still loading in ${where}`;
  return one.worker === MAIN_LANE ? `${batch} has not begun to load` : `${batch} waits for its turn in ${where}`;
}

function heldBehind(run, moment) {
  const held = isMissing(run, moment) ? moment.ready.length : 0;
  if (held === 0) return "";
  return held === 1 ? "; 1 later batch is held behind it" : `; ${held} later batches are held behind it`;
}

export function headlineOf(run) {
  const broke = run.failure ? `, then the run ${BROKE[run.failure.kind] ?? "broke off"}` : "";
  if (run.stall_share === null) return `No batch was trained${broke}`;
  return `GPU stalled ${share(run.stall_share)} of the time${broke}`;
}

export function pictureWords(run, source) {
  const lanes = run.workers === 0 ? "no workers" : count(run.workers, "worker");
  const rank = run.of_ranks > 1 ? `rank ${run.rank} of ${run.of_ranks}, ` : "";
  const epochs = run.first.length > 1 ? ` in ${count(run.first.length, "epoch")}` : "";
  const picture = `Timeline, ${source}: ${rank}${lanes}, ${count(run.order.length, "batch")}${epochs}`;
  return `${picture}. ${headlineOf(run)}. ${run.finding} ${run.advice}`;
}
