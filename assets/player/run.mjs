// One run as the picture needs it, made from the spans of one rank once, when it is first shown.

import { GPU_LANE, HOST, MAIN_LANE, PIN_LANE, isOfWorker } from "./activities.mjs";
import { emptyLane, firstAbove, push, readSpans } from "./spans.mjs";

// float32 keeps about seven digits, so shorter gaps of a run are rounding.
const ROUNDING = 1e-6;

// A batch that the loop took and left untrained, by a break, keeps nobody waiting; after the last step nobody knows.
function releaseUntrained(order) {
  const last = order.findLastIndex((one) => !Number.isNaN(one.stepStart));
  order.forEach((one, at) => {
    if (at < last && Number.isNaN(one.stepStart)) one.free = one.received;
  });
}

// A stall lasts from the end of a step, of all ranks, until next(iterator) returns the next batch: as `metrics` counts
// it. From then until the step starts the GPU idles beside its batch. A run that broke off ends in the one or the other.
function findIdle(order, { total, failure }) {
  const [stalls, gaps] = [emptyLane(), emptyLane()];
  const least = total * ROUNDING;
  let free = 0;
  for (const one of order) {
    if (one.received - free > least) push(stalls, free, one.received, one.batch);
    const from = Math.max(free, one.received);
    const to = Number.isNaN(one.free) ? total : Number.isNaN(one.stepStart) ? from : one.stepStart;
    if (to - from > least) push(gaps, from, to, one.batch, HOST);
    free = Number.isNaN(one.free) ? total : Math.max(free, one.free);
  }
  if (failure && total - free > least) push(stalls, free, total, null);
  return { stalls, gaps };
}

// The training process waits inside next(iterator), which it enters when it has launched the step of the batch before:
// when that step has ended, or with synchronize=False when a place for it was free, two steps earlier.
function findWaits(order, { total, failure, synchronize }) {
  const waits = emptyLane();
  const entered = (at) => {
    const stepped = order[at - (synchronize ? 1 : 3)];
    const done = stepped && Number.isNaN(stepped.free) ? total : stepped?.free;
    const before = order[at - 1];
    return Math.max(0, ...[done, before?.received, before?.left].filter((time) => time >= 0));
  };
  order.forEach((one, at) => {
    const from = entered(at);
    if (one.received - from > total * ROUNDING) push(waits, from, one.received, one.batch);
  });
  const from = entered(order.length);
  if (failure && total - from > total * ROUNDING) push(waits, from, total, null);
  return waits;
}

// From each time on, how many batches are loaded and not handed over yet.
function countReady(batches) {
  const changes = [];
  for (const one of batches) {
    if (Number.isNaN(one.loaded) || one.lost) continue;
    changes.push([one.loaded, 1]);
    if (!Number.isNaN(one.received)) changes.push([one.received, -1]);
  }
  changes.sort((a, b) => a[0] - b[0]);
  const ready = { time: [0], count: [0] };
  let now = 0;
  for (const [time, change] of changes) {
    now += change;
    const last = ready.time.length - 1;
    if (ready.time[last] === time) ready.count[last] = now;
    else {
      ready.time.push(time);
      ready.count.push(now);
    }
  }
  return ready;
}

function findEvents(batches, sides, total) {
  const times = [0, total];
  for (const one of batches) times.push(one.loadStart, one.loaded, one.received, one.stepStart, one.stepEnd);
  for (const side of sides) {
    side.kind.forEach((activity, at) => {
      if (isOfWorker(activity)) times.push(side.start[at], side.end[at]);
    });
  }
  const sorted = Float64Array.from(times.filter((time) => time <= total)).sort();
  return sorted.filter((time, at) => at === 0 || time - sorted[at - 1] > total * ROUNDING);
}

// The moments at which next(iterator) returned, in the form of a lane.
function handoversOf(order) {
  const moments = Float64Array.from(order, (one) => one.received);
  return { start: moments, end: moments, batch: order.map((one) => one.batch), kind: [] };
}

// From when to when a worker lives: with an epoch it ends, unless it persists; a broken run ends with all in place.
function livesOf(lanes, { at, persistent, failure }, total) {
  const edges = persistent ? [0] : at;
  return edges.flatMap((from, epoch) => {
    const to = edges[epoch + 1] ?? Infinity;
    const seen = lanes.flatMap(({ start, end }) => {
      const [first, after] = [firstAbove(start, from - total * ROUNDING), firstAbove(start, to - total * ROUNDING)];
      return first < after ? [[start[first], end[after - 1]]] : [];
    });
    if (!seen.length) return [];
    const end = failure && to === Infinity ? total : Math.max(...seen.map((one) => one[1]));
    return [[Math.min(...seen.map((one) => one[0])), end]];
  });
}

// What was under way when a run broke off, and not handed over: first what in-order delivery waits for.
function leaveBehind(facts, { failure, fault, iterable }, total) {
  if (!failure) return [];
  const rest = [...facts.batches.values()].filter((one) => Number.isNaN(one.received));
  for (const one of rest) {
    if (one.loaded >= total * (1 - ROUNDING)) one.loaded = NaN;
    const faulty = fault?.batch === one.batch;
    one.lost = faulty && fault.kind === "lost";
    if (faulty && fault.kind === "raises") Object.assign(one, { loadEnd: one.loadStart, loaded: NaN });
  }
  rest.sort((a, b) => a.batch - b.batch);
  return rest.filter((one) => (iterable ? !Number.isNaN(one.loadStart) : true));
}

// The batch that never ends to load: the fault's, or the awaited one of a measured run that broke off waiting.
function hungBatch({ failure, fault }, rest) {
  if (fault) return fault.kind === "hangs" ? fault.batch : null;
  const waited = failure && ["hangs", "timed out"].includes(failure.kind);
  return waited && rest.length && !Number.isNaN(rest[0].loadStart) && Number.isNaN(rest[0].loaded) ? rest[0].batch : null;
}

// Build one rank of a run, whose spans start at `offset` in the payload; `header` are the run's words and numbers.
export function buildRun(bytes, offset, header, rank) {
  const run = { ...header, ...header.ranks[rank], rank, fault: rank === 0 ? header.fault : null };
  const facts = readSpans(bytes, offset, run.spans, run.pinned);
  const { order, sides, lanes, batches } = facts;
  releaseUntrained(order);
  const total = run.failure?.at_s || run.until || facts.total || Number.EPSILON;
  const rest = leaveBehind(facts, run, total);
  const all = [...order, ...rest];
  const ids = Array.from({ length: run.workers }, (_none, id) => id);
  const lane = (id) => lanes.get(id) ?? emptyLane();
  const side = (id) => sides.get(id) ?? emptyLane();
  Object.assign(run, { total, order, batches, activities: facts.activities, gpu: facts.gpu, upcoming: all });
  const mostNumber = order.reduce((most, one) => Math.max(most, numberOf(run, one.batch)), 0);
  return Object.assign(run, findIdle(order, run), {
    mostNumber,
    lanes: ids.map(lane),
    sides: ids.map(side),
    lives: ids.map((id) => livesOf([lane(id), side(id)], run, total)),
    main: lane(MAIN_LANE),
    mainSide: side(MAIN_LANE),
    pinSide: side(PIN_LANE),
    gpuSide: side(GPU_LANE),
    hung: hungBatch(run, rest),
    handovers: handoversOf(order),
    waits: findWaits(order, run),
    ready: countReady(all),
    events: findEvents(all, sides.values(), total),
  });
}

// A batch's epoch, and its number within it, which is what a person reads.
function epochOf(run, batch) {
  return run.first.length === 1 ? 0 : firstAbove(run.first, batch) - 1;
}

export function numberOf(run, batch) {
  return batch - run.first[epochOf(run, batch)];
}

// The number under which another run of the same job has a batch.
export function counterpartOf(batch, from, to) {
  const epoch = epochOf(from, batch);
  return epoch < to.first.length ? to.first[epoch] + numberOf(from, batch) : null;
}

export function named(run, batch) {
  const epoch = run.first.length > 1 ? ` of epoch ${epochOf(run, batch) + 1}` : "";
  return `batch ${numberOf(run, batch)}${epoch}`;
}

// Hue by number modulo 5, turned by two per round when a lane would else be of one colour.
export function hueOf(run, batch) {
  const number = numberOf(run, batch);
  const turned = run.workers > 0 && run.workers % 5 === 0 ? 2 * Math.floor(number / 5) : 0;
  return (number + turned) % 5;
}
