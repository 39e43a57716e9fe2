// Where everything lies on the canvas. One lane order everywhere: workers, ready queue, pinning thread, training
// process, GPU.

const LEAST = { queue: 36, pin: 16, main: 20, gpu: 38 };
const MOST = { queue: 70, pin: 24, main: 30, gpu: 88, lane: 48, tall: 76 };
const MOST_WITHOUT_WORKERS = { queue: 46, pin: 0, main: 150, gpu: 150 };
// Each takes its part of what those before it left over.
const PARTS_OF_REST = [["main", 0.4], ["pin", 0.2], ["queue", 0.5], ["gpu", 1], ["main", 1]];
const GAP = 9;
const HEAD = 16;
const TAIL = 30;

// What all runs of a payload need, so that nothing moves between them: names of epochs above the lanes, a place behind
// the end for a run that broke off, a legend below.
export function needsOf({ runs }) {
  return {
    mostWorkers: Math.max(...runs.map((run) => run.workers)),
    pins: runs.some((run) => run.pinned && run.workers),
    head: runs.some((run) => run.ranks[0].first.length > 1) ? HEAD : 0,
    tail: runs.some((run) => run.failure) ? TAIL : 0,
  };
}

// Height in CSS pixels of the canvas, equal for all runs of a payload so that nothing below it moves. On a wide page
// 190 are taken above the player and 214 by its other rows, so that it ends with the screen.
export function stageHeight({ wide, screen, needs, type, below, pictures }) {
  const { mostWorkers } = needs;
  const more = needs.head * type + (needs.pins ? LEAST.pin + GAP : 0);
  const most = wide && pictures > 1 ? Math.max(215, (screen - 230) / pictures) : Math.min(560, Math.max(300, screen - 190 - 214 * type));
  const room = wide ? most : Math.min(380, 270 + 8 * mostWorkers) + more;
  const lanes = mostWorkers * (wide ? MOST.lane : 30) * type;
  const natural = 62 * type + GAP * 3 + lanes + (wide ? 230 : 190) + more;
  const least = 62 * type + GAP * 3 + mostWorkers * 6 + LEAST.queue + LEAST.main + LEAST.gpu + more;
  return Math.round(Math.max(least, Math.min(room, natural) - (wide ? below : 0)));
}

// Extra height goes to the lanes first, up to a comfortable size, then to the other rows, then to
// the lanes again, and what is left to the queue and the GPU.
function shareOut(free, workers, pins) {
  const most = { ...(workers ? MOST : MOST_WITHOUT_WORKERS) };
  const heights = { ...LEAST };
  if (!pins) most.pin = heights.pin = 0;
  let rest = free - heights.queue - heights.pin - heights.main - heights.gpu;
  const pitch = workers ? Math.min(MOST.lane, rest / workers) : 0;
  rest -= pitch * workers;
  for (const [name, part] of PARTS_OF_REST) {
    const more = Math.min(rest * part, most[name] - heights[name]);
    heights[name] += more;
    rest -= more;
  }
  if (!workers) return { ...heights, pitch: 0, rest };
  const taller = Math.min(rest / workers, MOST.tall - MOST.lane);
  const left = Math.max(0, rest - taller * workers);
  heights.queue += left / 2;
  heights.gpu += left / 2;
  return { ...heights, pitch: pitch + Math.max(0, taller), rest: 0 };
}

export function layoutOf({ width, height, workers, pins, needs, wide, type }) {
  const gutter = Math.round((wide ? 112 : 58) * type);
  const axis = 24 * type;
  const tokens = 38 * type;
  const head = needs.head * type;
  const top = 4 + head;
  const gap = workers ? GAP : GAP * 1.5;
  const free = height - top - axis - tokens - gap * (2 + (workers ? 1 : 0) + (pins ? 1 : 0));
  const part = shareOut(free, workers, pins);
  const lanes = [];
  const between = part.pitch > 9 ? 2 : part.pitch > 5 ? 1 : 0;
  let y = top + part.rest / 2;
  for (let id = 0; id < workers; id += 1) {
    const from = Math.round(y + part.pitch * id);
    lanes.push({ y: from, h: Math.round(y + part.pitch * (id + 1)) - from - between });
  }
  y = Math.round(y + part.pitch * workers + (workers ? gap : 0));
  const rows = {};
  for (const name of pins ? ["queue", "pin", "main", "gpu"] : ["queue", "main", "gpu"]) {
    rows[name] = { y, h: Math.round(part[name]) };
    y += rows[name].h + gap;
  }
  const bottom = rows.gpu.y + rows.gpu.h;
  return {
    width, height, gutter, lanes, ...rows, wide, type, head, top, bottom,
    tail: needs.tail,
    plot: { x: gutter, w: Math.max(40, width - gutter - 1 - needs.tail) },
    axis: bottom + 4,
    tokens: height - tokens + 8 * type,
    font: (size, weight = 400) => `${weight} ${Math.round(size * type * 10) / 10}px`,
  };
}

// Seconds to pixels for the part of the run that is in view.
export function scaleOf(layout, view) {
  const perSecond = layout.plot.w / (view.to - view.from);
  return {
    perSecond,
    x: (seconds) => layout.plot.x + (seconds - view.from) * perSecond,
    seconds: (x) => view.from + (x - layout.plot.x) / perSecond,
  };
}
