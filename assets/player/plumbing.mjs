// Plumbing: what is neither load nor step. A batch's is a low bar in its hue, pale between two edges; a worker's own,
// which belongs to no batch, is dotted grey. Narrower than a pixel it is left out: it would hide the batches.

import { OTHERS, PLUMBING, isOfWorker } from "./activities.mjs";
import { coverage, each, isCrowded, paintCoverage } from "./lanes.mjs";
import { hueOf } from "./run.mjs";

const LEAST_PX = 0.75;
const HIGHEST_PX = 15;

// The low bar in the middle of a lane, `part` of its height.
export function slim(box, type, part = 0.62) {
  const h = Math.max(3, Math.min(HIGHEST_PX * type, Math.round(box.h * part)));
  return { y: Math.round(box.y + (box.h - h) / 2), h };
}

export function paintPiece(pen, { left, wide, batch, activity }, box) {
  const { ctx, palette, run } = pen;
  const { y, h } = slim(box, pen.layout.type);
  const whole = wide > 3 ? wide - 0.5 : wide;
  const own = isOfWorker(activity);
  if (activity === OTHERS) {
    ctx.fillStyle = pen.waiting;
    ctx.fillRect(left, y, whole, h);
    return;
  }
  const hue = own ? null : hueOf(run, batch);
  ctx.fillStyle = own ? pen.dotted : palette.softs[hue];
  ctx.fillRect(left, y, whole, h);
  ctx.fillStyle = own ? palette.wait : palette.batches[hue];
  const edge = h > 5 ? 1.5 : 1;
  ctx.fillRect(left, y, whole, edge);
  ctx.fillRect(left, y + h - edge, whole, edge);
  paintName(pen, { left, wide: whole, name: PLUMBING[activity].word, own }, { y, h });
}

function paintName({ ctx, palette, layout }, { left, wide, name, own }, { y, h }) {
  const size = Math.min(10.5 * layout.type, h - 3);
  const from = Math.max(left, layout.plot.x);
  const room = left + wide - from;
  if (size < 8 || room < name.length * size * 0.56 + 4) return;
  ctx.font = `${size}px ${palette.font}`;
  ctx.textBaseline = "middle";
  const long = ctx.measureText(name).width;
  if (long + 4 > room) return;
  const x = from + (room - long) / 2;
  if (own) {
    ctx.fillStyle = palette.plain;
    ctx.fillRect(x - 2, y + 1.5, long + 4, h - 3);
  }
  ctx.fillStyle = palette.text;
  ctx.fillText(name, x, y + h / 2 + 0.5);
}

export function paintPlumbing(pen, side, box) {
  if (!side.start.length || isCrowded(pen, side)) return;
  each(pen, side, (left, _wide, batch, at) => {
    const wide = pen.scale.x(side.end[at]) - left;
    if (wide >= LEAST_PX) paintPiece(pen, { left, wide, batch, activity: side.kind[at] }, box);
  });
}

// In a row without loads, what is too narrow to be drawn tints its columns: as high as the part that it fills.
export function paintTint(pen, side, box) {
  if (!side.start.length) return;
  const { y, h } = slim(box, pen.layout.type);
  const covered = coverage(pen, side);
  pen.ctx.fillStyle = pen.palette.crowd;
  for (let column = 0; column < covered.length; column += 1) {
    const high = Math.min(1, covered[column]) * h;
    if (high >= 1) pen.ctx.fillRect(pen.layout.plot.x + column, y + (h - high) / 2, 1.05, high);
  }
}

// Where loads are narrower than a pixel, how much of each column they and the plumbing fill together, paler.
export function paintCrowd(pen, lane, side, box) {
  if (side.start.length) paintCoverage(pen, coverage(pen, side, coverage(pen, lane)), box, pen.palette.crowd, false);
}
