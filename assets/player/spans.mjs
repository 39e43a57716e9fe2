// The spans of one rank, sorted into lanes and batches in one pass over the payload's bytes.

import { COPY, LAUNCH, LOAD, MAIN_LANE, OTHERS, PLUMBING, RECEIVE, SEND, STEP, TOUCH, isOfWorker } from "./activities.mjs";

// The first index whose value is above `limit`, in a sorted array.
export function firstAbove(values, limit) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function emptyLane() {
  return { start: [], end: [], batch: [], kind: [] };
}

export function push(lane, start, end, batch, kind = 0) {
  lane.start.push(start);
  lane.end.push(end);
  lane.batch.push(batch);
  lane.kind.push(kind);
}

// The span of a lane under one moment, or the nearest within `slack` seconds.
export function spanAt(lane, seconds, slack = 0) {
  const at = firstAbove(lane.end, seconds - slack);
  if (at >= lane.start.length || lane.start[at] > seconds + slack) return null;
  return { batch: lane.batch[at], start: lane.start[at], end: lane.end[at], activity: lane.kind[at] };
}

function laneOf(lanes, id) {
  if (!lanes.has(id)) lanes.set(id, emptyLane());
  return lanes.get(id);
}

// `left` is when the training process is done with a batch, `free` when all ranks are done with its step.
const TIMES = ["loadStart", "loadEnd", "loaded", "received", "left", "stepStart", "stepEnd", "free"];

function batchOf(facts, batch) {
  let one = facts.batches.get(batch);
  if (one) return one;
  one = { batch, worker: MAIN_LANE, lost: false };
  for (const time of TIMES) one[time] = NaN;
  facts.batches.set(batch, one);
  return one;
}

const RECORDS = {
  [LOAD](facts, { start, end, batch, lane }) {
    push(laneOf(facts.lanes, lane), start, end, batch);
    Object.assign(batchOf(facts, batch), { worker: lane, loadStart: start, loadEnd: end, loaded: end });
  },
  [SEND](facts, { batch }) {
    batchOf(facts, batch);
  },
  [RECEIVE](facts, { end, batch }) {
    const one = batchOf(facts, batch);
    one.received = end;
    facts.order.push(one);
  },
  [STEP](facts, { start, end, batch }) {
    push(facts.gpu, start, end, batch);
    Object.assign(batchOf(facts, batch), { stepStart: start, stepEnd: end, free: end });
  },
};

function recordPlumbing(facts, activity, { start, end, batch, lane }) {
  push(laneOf(facts.sides, lane), start, end, batch, activity);
  if (isOfWorker(activity)) return;
  const one = batchOf(facts, batch);
  if (lane >= 0) one.worker = lane;
  if (activity === OTHERS) one.free = end;
  const blocked = activity === TOUCH || activity === LAUNCH || (activity === COPY && !facts.pinned);
  if (blocked) one.left = end;
}

export function readSpans(bytes, offset, count, pinned) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, count * 12);
  const facts = { lanes: new Map(), sides: new Map(), batches: new Map(), gpu: emptyLane() };
  Object.assign(facts, { order: [], activities: new Set(), total: 0, pinned });
  for (let row = 0; row < count; row += 1) {
    const at = row * 12;
    const activity = view.getUint8(at + 11);
    const end = view.getFloat32(at + 4, true);
    const span = { start: view.getFloat32(at, true), end, batch: view.getUint16(at + 8, true), lane: view.getInt8(at + 10) };
    if (activity in PLUMBING) recordPlumbing(facts, activity, span);
    else RECORDS[activity](facts, span);
    facts.activities.add(activity);
    if (end > facts.total) facts.total = end;
  }
  return facts;
}
