// Where everything lies on the canvas. One lane order everywhere: workers, ready queue, training process, GPU.

const LEAST = { queue: 36, main: 20, gpu: 38 };
const MOST = { queue: 70, main: 30, gpu: 88, lane: 48, tall: 76 };
const MOST_WITHOUT_WORKERS = { queue: 46, main: 150, gpu: 150 };
// Each takes its part of what those before it left over.
const PARTS_OF_REST = [["main", 0.4], ["queue", 0.5], ["gpu", 1], ["main", 1]];
const GAP = 9;

// Height in CSS pixels of the canvas, equal for all runs of a payload so that nothing below it moves. On a wide page
// 190 are taken above the player and 214 by its other rows, so that it ends with the screen.
export function stageHeight({ wide, screen, mostWorkers, type }) {
  const room = wide ? Math.min(560, Math.max(300, screen - 190 - 214 * type)) : Math.min(380, 270 + 8 * mostWorkers);
  const lanes = mostWorkers * (wide ? MOST.lane : 30) * type;
  const natural = 62 * type + GAP * 3 + lanes + (wide ? 230 : 190);
  const least = 62 * type + GAP * 3 + mostWorkers * 6 + LEAST.queue + LEAST.main + LEAST.gpu;
  return Math.round(Math.max(least, Math.min(room, natural)));
}

// Extra height goes to the lanes first, up to a comfortable size, then to the other rows, then to
// the lanes again, and what is left to the queue and the GPU.
function shareOut(free, workers) {
  const most = workers ? MOST : MOST_WITHOUT_WORKERS;
  const heights = { ...LEAST };
  let rest = free - LEAST.queue - LEAST.main - LEAST.gpu;
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

export function layoutOf({ width, height, workers, wide, type }) {
  const gutter = Math.round((wide ? 112 : 58) * type);
  const axis = 24 * type;
  const tokens = 38 * type;
  const top = 4;
  const gap = workers ? GAP : GAP * 1.5;
  const free = height - top - axis - tokens - gap * (workers ? 3 : 2);
  const part = shareOut(free, workers);
  const lanes = [];
  const between = part.pitch > 9 ? 2 : part.pitch > 5 ? 1 : 0;
  let y = top + part.rest / 2;
  for (let id = 0; id < workers; id += 1) {
    const from = Math.round(y + part.pitch * id);
    lanes.push({ y: from, h: Math.round(y + part.pitch * (id + 1)) - from - between });
  }
  y = Math.round(y + part.pitch * workers + (workers ? gap : 0));
  const queue = { y, h: Math.round(part.queue) };
  y += queue.h + gap;
  const main = { y, h: Math.round(part.main) };
  y += main.h + gap;
  const gpu = { y, h: Math.round(part.gpu) };
  const bottom = gpu.y + gpu.h;
  return {
    width, height, gutter, lanes, queue, main, gpu, wide, type, top, bottom,
    plot: { x: gutter, w: Math.max(40, width - gutter - 1) },
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
