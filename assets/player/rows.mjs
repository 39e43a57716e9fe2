// The rows of the picture: a worker, the pinning thread, the training process, the GPU.

import { coverage, each, isCrowded, paintCoverage, paintSpans } from "./lanes.mjs";
import { paintCrowd, paintPlumbing, paintTint } from "./plumbing.mjs";
import { hueOf } from "./run.mjs";
import { inkOn } from "./palette.mjs";

const CLOSE_PX = 6;

// What lies on a lane has its own ground, so that no hatch shows through.
function clearUnder(pen, lane, box, ground) {
  if (isCrowded(pen, lane)) return;
  pen.ctx.fillStyle = ground;
  each(pen, lane, (left, wide) => pen.ctx.fillRect(left, box.y, wide, box.h));
}

// A worker: solid while it loads, a thin grey hatch while it waits for the next index.
export function paintWorker(pen, id, box) {
  const { ctx, run, scale } = pen;
  const [lane, side] = [run.lanes[id], run.sides[id]];
  const thin = Math.max(2, Math.min(7, box.h * 0.3));
  ctx.fillStyle = pen.waiting;
  for (const [from, to] of run.lives[id]) {
    const left = scale.x(from);
    ctx.fillRect(left, box.y + (box.h - thin) / 2, scale.x(to) - left, thin);
  }
  clearUnder(pen, lane, box, pen.palette.track);
  clearUnder(pen, side, box, pen.palette.track);
  if (isCrowded(pen, lane)) paintCrowd(pen, lane, side, box);
  else paintPlumbing(pen, side, box);
  paintSpans(pen, lane, box);
}

// A row without a ground of its own: the thin line on which a process goes on.
function paintThread({ ctx, run, layout, palette, scale }, box) {
  ctx.fillStyle = palette.line;
  const from = Math.max(layout.plot.x, scale.x(0));
  ctx.fillRect(from, Math.round(box.y + box.h / 2), scale.x(run.total) - from, 1);
}

export function paintPinning(pen) {
  paintThread(pen, pen.layout.pin);
  paintTint(pen, pen.run.pinSide, pen.layout.pin);
  paintPlumbing(pen, pen.run.pinSide, pen.layout.pin);
}

// The training process: hatch while it waits in next(iterator), a thin line while the step runs, a mark at hand-over.
export function paintMain(pen) {
  const { ctx, run, layout, palette } = pen;
  const box = layout.main;
  paintThread(pen, box);
  if (run.workers === 0) {
    paintPlumbing(pen, run.mainSide, box);
    paintSpans(pen, run.main, box);
    return;
  }
  const thin = Math.max(5, Math.min(9, box.h * 0.4));
  const low = { y: box.y + (box.h - thin) / 2, h: thin };
  clearUnder(pen, run.waits, low, palette.ground);
  ctx.fillStyle = pen.waiting;
  each(pen, run.waits, (left, wide) => ctx.fillRect(left, low.y, wide, low.h));
  clearUnder(pen, run.mainSide, low, palette.ground);
  paintTint(pen, run.mainSide, box);
  paintPlumbing(pen, run.mainSide, box);
  paintHandovers(pen, box);
}

// Marks two pixels wide, one where they come close to each other; closer still they would hide the row.
function paintHandovers(pen, box) {
  const { ctx, run, palette } = pen;
  if (isCrowded(pen, run.handovers)) return;
  const wide = isCrowded(pen, run.handovers, CLOSE_PX) ? 1 : 2;
  each(pen, run.handovers, (left, _wide, batch) => {
    ctx.fillStyle = palette.batches[hueOf(run, batch)];
    ctx.fillRect(Math.round(left) - wide / 2, box.y, wide, box.h);
  });
}

// The GPU: steps solid, stalls in the reserved colour, full height, hatched, with the word. Dots where it idles beside
// its batch.
export function paintGpu(pen) {
  const { ctx, run, layout, palette } = pen;
  const box = layout.gpu;
  if (isCrowded(pen, run.gpu)) {
    paintCoverage(pen, coverage(pen, run.gpu), box, palette.busy, true);
    paintCoverage(pen, coverage(pen, run.stalls), box, palette.stall, false);
    return;
  }
  paintGaps(pen, box);
  paintPlumbing(pen, run.gpuSide, box);
  paintSpans(pen, run.gpu, box);
  ctx.fillStyle = pen.stalled;
  each(pen, run.stalls, (left, wide) => ctx.fillRect(left, box.y, wide, box.h));
  paintStallWord(pen, box);
}

function paintGaps(pen, box) {
  const { ctx, run, palette } = pen;
  if (isCrowded(pen, run.gaps)) return;
  ctx.strokeStyle = palette.quiet;
  ctx.lineWidth = 2;
  ctx.setLineDash([2, 3]);
  ctx.beginPath();
  const y = Math.round(box.y + box.h / 2);
  each(pen, run.gaps, (left, wide) => {
    if (wide < 3) return;
    ctx.moveTo(left + 1, y);
    ctx.lineTo(left + wide - 1, y);
  });
  ctx.stroke();
  ctx.setLineDash([]);
}

// The word STALL on the stalls that have room for it, lying or standing, not closer than it can be read.
function paintStallWord(pen, box) {
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
