// Spans of one lane: culled by binary search, and drawn as coverage where they are narrower than a pixel.

import { firstAbove, hueOf } from "./run.mjs";
import { inkOn } from "./palette.mjs";

const CROWDED = 1.6;

function inView(lane, view) {
  return [firstAbove(lane.end, view.from), firstAbove(lane.start, view.to)];
}

// Walk the spans in view with their pixel edges; a span never gets thinner than one pixel.
function each(pen, lane, draw) {
  const [from, to] = inView(lane, pen.view);
  for (let at = from; at < to; at += 1) {
    const left = pen.scale.x(lane.start[at]);
    draw(left, Math.max(1, pen.scale.x(lane.end[at]) - left), lane.batch[at], at);
  }
}

function isCrowded(pen, lane) {
  const [from, to] = inView(lane, pen.view);
  return to - from > 40 && (pen.scale.x(lane.end[to - 1]) - pen.scale.x(lane.start[from])) / (to - from) < CROWDED;
}

// The part of each pixel column that the spans cover.
function coverage(pen, lane) {
  const { plot } = pen.layout;
  const covered = new Float32Array(Math.ceil(plot.w));
  const [from, to] = inView(lane, pen.view);
  for (let at = from; at < to; at += 1) {
    const left = Math.max(0, pen.scale.x(lane.start[at]) - plot.x);
    const right = Math.min(covered.length, pen.scale.x(lane.end[at]) - plot.x);
    for (let column = Math.floor(left); column < right; column += 1) {
      covered[column] += Math.min(column + 1, right) - Math.max(column, left);
    }
  }
  return covered;
}

function paintCoverage(pen, covered, box, fill, fromTop) {
  const { ctx, layout } = pen;
  ctx.fillStyle = fill;
  for (let column = 0; column < covered.length; column += 1) {
    if (covered[column] <= 0) continue;
    const high = Math.max(1.5, Math.min(1, covered[column]) * box.h);
    ctx.fillRect(layout.plot.x + column, fromTop ? box.y : box.y + box.h - high, 1.05, high);
  }
}

export function paintBatch(pen, left, wide, batch, box) {
  const { ctx, run, palette, layout } = pen;
  const hue = hueOf(batch, run.workers);
  ctx.fillStyle = palette.batches[hue];
  const gap = wide > 3 ? 1 : 0;
  if (wide > 7 && box.h > 7) {
    ctx.beginPath();
    ctx.roundRect(left, box.y, wide - gap, box.h, 2);
    ctx.fill();
  } else ctx.fillRect(left, box.y, wide - gap, box.h);
  const size = Math.min(12 * layout.type, box.h - 1);
  const digits = String(batch);
  if (size < 9 || wide < digits.length * size * 0.58 + 6) return;
  ctx.fillStyle = palette.inks[hue];
  ctx.font = `${palette.inks[hue] === "#ffffff" ? 500 : 400} ${size}px ${palette.font}`;
  ctx.textBaseline = "middle";
  const seen = Math.max(left, layout.plot.x);
  ctx.fillText(digits, seen + Math.min(6, (wide - digits.length * size * 0.56) / 2), box.y + box.h / 2 + 0.5);
}

function paintSpans(pen, lane, box) {
  if (isCrowded(pen, lane)) paintCoverage(pen, coverage(pen, lane), box, pen.palette.busy, false);
  else each(pen, lane, (left, wide, batch) => paintBatch(pen, left, wide, batch, box));
}

// A worker: solid while it loads, a thin grey hatch while it waits for the next index.
export function paintLane(pen, lane, box) {
  const { ctx, scale } = pen;
  if (lane.start.length) {
    const from = scale.x(lane.start[0]);
    const thin = Math.max(2, Math.min(7, box.h * 0.3));
    ctx.fillStyle = pen.waiting;
    ctx.fillRect(from, box.y + (box.h - thin) / 2, scale.x(lane.end[lane.end.length - 1]) - from, thin);
    clearUnder(pen, lane, box);
  }
  paintSpans(pen, lane, box);
}

function clearUnder(pen, lane, box) {
  if (isCrowded(pen, lane)) return;
  pen.ctx.fillStyle = pen.palette.track;
  each(pen, lane, (left, wide) => pen.ctx.fillRect(left, box.y, wide, box.h));
}

// The training process: hatch while it waits in next(iterator), a thin line while the step runs, a mark at hand-over.
export function paintMain(pen) {
  const { ctx, run, layout, palette } = pen;
  const box = layout.main;
  const middle = box.y + box.h / 2;
  ctx.fillStyle = palette.line;
  ctx.fillRect(pen.scale.x(0), Math.round(middle), pen.scale.x(run.total) - pen.scale.x(0), 1);
  if (run.workers === 0) {
    paintSpans(pen, run.main, box);
    return;
  }
  const thin = Math.max(5, Math.min(9, box.h * 0.4));
  each(pen, run.stalls, (left, wide) => {
    ctx.fillStyle = palette.ground;
    ctx.fillRect(left, middle - thin / 2, wide, thin);
    ctx.fillStyle = pen.waiting;
    ctx.fillRect(left, middle - thin / 2, wide, thin);
  });
  each(pen, run.handovers, (left, _wide, batch) => {
    ctx.fillStyle = palette.batches[hueOf(batch, run.workers)];
    ctx.fillRect(Math.round(left) - 1, box.y, 2, box.h);
  });
}

// The GPU: steps solid, stalls in the reserved colour, full height, hatched, with the word.
export function paintGpu(pen) {
  const { ctx, run, layout, palette } = pen;
  const box = layout.gpu;
  if (isCrowded(pen, run.gpu)) {
    paintCoverage(pen, coverage(pen, run.gpu), box, palette.busy, true);
    paintCoverage(pen, coverage(pen, run.stalls), box, palette.stall, false);
    return;
  }
  paintSpans(pen, run.gpu, box);
  ctx.fillStyle = pen.stalled;
  each(pen, run.stalls, (left, wide) => ctx.fillRect(left, box.y, wide, box.h));
  paintWord(pen, box);
}

// The word STALL on the stalls that have room for it, lying or standing, not closer than it can be read.
function paintWord(pen, box) {
  const { ctx, run, layout, palette } = pen;
  ctx.font = `${layout.font(11.5, 700)} ${palette.font}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  const [long, high] = [ctx.measureText("STALL").width + 9, 17 * layout.type];
  let free = -Infinity;
  each(pen, run.stalls, (from, whole) => {
    const left = Math.max(from, layout.plot.x);
    const wide = from + whole - left;
    const lying = wide >= long + 6;
    if (left < free || (!lying && (wide < high - 1 || box.h < long + 4))) return;
    free = left + 64 * layout.type;
    ctx.save();
    ctx.translate(lying ? left + 4 + long / 2 : left + wide / 2, box.y + box.h / 2);
    if (!lying) ctx.rotate(-Math.PI / 2);
    ctx.fillStyle = palette.stall;
    ctx.beginPath();
    ctx.roundRect(-long / 2, -high / 2, long, high, 2);
    ctx.fill();
    ctx.fillStyle = inkOn(palette.stall);
    ctx.fillText("STALL", 0, 0.5);
    ctx.restore();
  });
  ctx.textAlign = "left";
}
