// One run as the picture needs it, made from its spans once, when it is first shown.

const LOAD = 0;
const SEND = 1;
const RECEIVE = 2;
const STEP = 3;
const MAIN = -1;
// float32 keeps about seven digits, so shorter gaps of a run are rounding.
const ROUNDING = 1e-6;

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

function emptyLane() {
  return { start: [], end: [], batch: [] };
}

function push(lane, start, end, batch) {
  lane.start.push(start);
  lane.end.push(end);
  lane.batch.push(batch);
}

function readSpans(view, count) {
  const facts = { lanes: new Map(), gpu: emptyLane(), batches: new Map(), total: 0 };
  for (let row = 0; row < count; row += 1) {
    const at = row * 12;
    const start = view.getFloat32(at, true);
    const end = view.getFloat32(at + 4, true);
    const batch = view.getUint16(at + 8, true);
    const lane = view.getInt8(at + 10);
    record(facts, view.getUint8(at + 11), { start, end, batch, lane });
    facts.total = Math.max(facts.total, end);
  }
  return facts;
}

function record(facts, activity, { start, end, batch, lane }) {
  if (!facts.batches.has(batch)) {
    const unseen = { sent: NaN, loadStart: NaN, loaded: NaN, received: NaN, stepStart: NaN, stepEnd: NaN };
    facts.batches.set(batch, { batch, worker: MAIN, ...unseen });
  }
  const one = facts.batches.get(batch);
  if (activity === LOAD) {
    if (!facts.lanes.has(lane)) facts.lanes.set(lane, emptyLane());
    push(facts.lanes.get(lane), start, end, batch);
    Object.assign(one, { worker: lane, loadStart: start, loaded: end });
  } else if (activity === SEND) one.sent = start;
  else if (activity === RECEIVE) one.received = end;
  else if (activity === STEP) {
    push(facts.gpu, start, end, batch);
    Object.assign(one, { stepStart: start, stepEnd: end });
  }
}

// A stall lasts from the end of a step until next(iterator) returns the next batch: as `metrics` counts it.
function findStalls(order, total) {
  const stalls = emptyLane();
  let free = 0;
  for (const one of order) {
    if (one.received - free > total * ROUNDING) push(stalls, free, one.received, one.batch);
    if (one.stepEnd > free) free = one.stepEnd;
  }
  return stalls;
}

// From each time on, how many batches are loaded and not handed over yet.
function countReady(order) {
  const changes = [];
  for (const one of order) {
    if (Number.isNaN(one.loaded)) continue;
    changes.push([one.loaded, 1], [one.received, -1]);
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

function findEvents(order, total) {
  const times = [0, total];
  for (const one of order) times.push(one.loadStart, one.loaded, one.received, one.stepStart, one.stepEnd);
  const sorted = Float64Array.from(times.filter((time) => !Number.isNaN(time))).sort();
  return sorted.filter((time, at) => at === 0 || time - sorted[at - 1] > total * ROUNDING);
}

// The moments at which next(iterator) returned, in the form of a lane.
function handoversOf(order) {
  const moments = Float64Array.from(order, (one) => one.received);
  return { start: moments, end: moments, batch: order.map((one) => one.batch) };
}

// Build the run whose spans start at `offset` in the payload; `facts` are the header's words and numbers of it.
export function buildRun(bytes, offset, facts) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, facts.spans * 12);
  const { lanes, gpu, batches, total } = readSpans(view, facts.spans);
  const order = [...batches.values()].filter((one) => !Number.isNaN(one.received));
  order.sort((a, b) => a.received - b.received || a.batch - b.batch);
  const workers = [];
  for (let id = 0; id < facts.workers; id += 1) workers.push(lanes.get(id) ?? emptyLane());
  return {
    ...facts,
    total: total || Number.EPSILON,
    gpu,
    order,
    batches,
    lanes: workers,
    main: lanes.get(MAIN) ?? emptyLane(),
    handovers: handoversOf(order),
    stalls: findStalls(order, total),
    ready: countReady(order),
    events: findEvents(order, total),
  };
}

// Hue by batch modulo 5, turned by two per round when a lane would else be of one colour.
export function hueOf(batch, workers) {
  const turned = workers > 0 && workers % 5 === 0 ? 2 * Math.floor(batch / 5) : 0;
  return (batch + turned) % 5;
}
