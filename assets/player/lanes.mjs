// Spans of one lane: culled by binary search, and drawn as coverage where they are too close to be told apart.

import { firstAbove } from "./spans.mjs";
import { hueOf, numberOf } from "./run.mjs";

const CROWDED_PX = 3.2;

function inView(lane, view) {
  return [firstAbove(lane.end, view.from), firstAbove(lane.start, view.to)];
}

// Walk the spans in view with their pixel edges; a span never gets thinner than one pixel.
export function each(pen, lane, draw) {
  const [from, to] = inView(lane, pen.view);
  for (let at = from; at < to; at += 1) {
    const left = pen.scale.x(lane.start[at]);
    draw(left, Math.max(1, pen.scale.x(lane.end[at]) - left), lane.batch[at], at);
  }
}

// Whether the spans in view follow each other at less than so many pixels on average.
export function isCrowded(pen, lane, pitch = CROWDED_PX) {
  const [from, to] = inView(lane, pen.view);
  return to - from > 40 && (pen.scale.x(lane.end[to - 1]) - pen.scale.x(lane.start[from])) / (to - from) < pitch;
}

// The part of each pixel column that the spans cover, added to what `covered` holds.
export function coverage(pen, lane, covered = new Float32Array(Math.ceil(pen.layout.plot.w))) {
  const { plot } = pen.layout;
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

export function paintCoverage(pen, covered, box, fill, fromTop) {
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
  const hue = hueOf(run, batch);
  ctx.fillStyle = palette.batches[hue];
  const gap = wide > 3 ? 1 : 0;
  if (wide > 7 && box.h > 7) {
    ctx.beginPath();
    ctx.roundRect(left, box.y, wide - gap, box.h, 2);
    ctx.fill();
  } else ctx.fillRect(left, box.y, wide - gap, box.h);
  const size = Math.min(12 * layout.type, box.h - 1);
  const digits = String(numberOf(run, batch));
  if (size < 9 || wide < digits.length * size * 0.58 + 6) return;
  ctx.fillStyle = palette.inks[hue];
  ctx.font = `${palette.inks[hue] === "#ffffff" ? 500 : 400} ${size}px ${palette.font}`;
  ctx.textBaseline = "middle";
  const seen = Math.max(left, layout.plot.x);
  ctx.fillText(digits, seen + Math.min(6, (wide - digits.length * size * 0.56) / 2), box.y + box.h / 2 + 0.5);
}

// Loads or steps: each one solid, or together the part of every pixel column that they fill.
export function paintSpans(pen, lane, box) {
  if (isCrowded(pen, lane)) paintCoverage(pen, coverage(pen, lane), box, pen.palette.busy, false);
  else each(pen, lane, (left, wide, batch) => paintBatch(pen, left, wide, batch, box));
}
