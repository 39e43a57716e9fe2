// What changes per frame: the veil over the future, the clock line, the ready tokens, the chosen batch.

import { hueOf, numberOf } from "./run.mjs";
import { chosenIn } from "./pair.mjs";
import { isMissing, momentOf } from "./moment.mjs";
import { firstAbove } from "./spans.mjs";
import { isOfWorker } from "./activities.mjs";
import { paintBatch } from "./lanes.mjs";
import { paintPiece } from "./plumbing.mjs";
import { scaleOf } from "./layout.mjs";

export function paintOver(player) {
  const { run, layout, palette, dpr } = player;
  const ctx = player.el.over.getContext("2d");
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.clearRect(0, 0, layout.width, layout.height);
  const pen = { ctx, run, layout, palette, view: player.view, scale: scaleOf(layout, player.view) };
  const { plot } = layout;
  const now = Math.min(Math.max(pen.scale.x(player.time), plot.x), plot.x + plot.w);
  const chosen = chosenIn(player);
  if (player.time < player.total) {
    ctx.fillStyle = palette.veil;
    ctx.fillRect(now, 0, layout.width - now + 1, layout.bottom + 2);
  }
  if (chosen !== null) paintChosen(pen, run.batches.get(chosen));
  paintClock(pen, now);
  paintTokens(pen, player.time);
}

function paintClock({ ctx, layout, palette }, now) {
  const x = Math.round(now);
  ctx.fillStyle = palette.ground;
  ctx.fillRect(x - 2, 0, 4, layout.bottom + 4);
  ctx.fillStyle = palette.text;
  ctx.fillRect(x - 1, 0, 2, layout.bottom + 4);
  ctx.beginPath();
  ctx.moveTo(x - 5, layout.bottom + 10);
  ctx.lineTo(x + 5, layout.bottom + 10);
  ctx.lineTo(x, layout.bottom + 3);
  ctx.fill();
}

// One batch in every lane, the rest dimmed.
function paintChosen(pen, one) {
  if (!one) return;
  const { ctx, layout, palette, run, scale } = pen;
  ctx.save();
  ctx.beginPath();
  ctx.rect(layout.plot.x, 0, layout.plot.w, layout.bottom + 2);
  ctx.clip();
  ctx.fillStyle = palette.dim;
  ctx.fillRect(layout.plot.x, 0, layout.plot.w, layout.bottom);
  const box = (from, to, lane) => {
    if (Number.isNaN(from) || Number.isNaN(to)) return;
    const left = scale.x(from);
    const wide = Math.max(2, scale.x(to) - left);
    paintBatch(pen, left, wide, one.batch, lane);
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(left - 0.75, lane.y - 0.75, wide + 0.5, lane.h + 1.5);
  };
  const lane = one.worker < 0 ? layout.main : layout.lanes[one.worker];
  paintPieces(pen, one, run.sides[one.worker], lane);
  paintPieces(pen, one, run.pinSide, layout.pin);
  paintPieces(pen, one, run.mainSide, layout.main);
  paintPieces(pen, one, run.gpuSide, layout.gpu);
  box(one.loadStart, one.loadEnd, lane);
  if (run.workers) {
    const thin = { y: layout.queue.y + layout.queue.h - 8, h: 8 };
    if (one.received > one.loaded) box(one.loaded, one.received, thin);
    box(one.received, one.received, layout.main);
  }
  box(one.stepStart, one.stepEnd, layout.gpu);
  ctx.restore();
}

// The chosen batch's plumbing in one row lies between its load and its step.
function paintPieces(pen, one, side, box) {
  if (!side || !box) return;
  const end = Number.isNaN(one.stepStart) ? pen.run.total : one.stepStart;
  for (let at = firstAbove(side.start, one.loadStart); side.start[at] < end; at += 1) {
    const activity = side.kind[at];
    if (side.batch[at] !== one.batch || isOfWorker(activity)) continue;
    const left = pen.scale.x(side.start[at]);
    const wide = Math.max(1.5, pen.scale.x(side.end[at]) - left);
    paintPiece(pen, { left, wide, batch: one.batch, activity }, box);
  }
}

// Ready batches are tokens; a dashed box stands for the one that has to come first and is not there.
function paintTokens(pen, at) {
  const { ctx, run, layout, palette } = pen;
  const { type } = layout;
  const high = 24 * type;
  const y = layout.tokens;
  const moment = momentOf(run, at);
  ctx.textBaseline = "middle";
  ctx.font = `${layout.font(13)} ${palette.font}`;
  ctx.fillStyle = palette.text;
  ctx.textAlign = "right";
  ctx.fillText(layout.wide ? "ready now" : "ready", layout.gutter - 10, y + high / 2 + 0.5);
  ctx.textAlign = "center";
  ctx.font = `${layout.font(12.5, 600)} ${palette.font}`;
  const end = layout.plot.x + layout.plot.w;
  const digits = String(run.mostNumber).length;
  const wide = Math.max(26, 12 + digits * 8) * type;
  let x = layout.plot.x;
  if (isMissing(run, moment)) {
    paintMissing(pen, moment, { x: x + 0.75, y: y + 0.75, w: wide - 1.5, h: high - 1.5 });
    x += wide + 5;
  }
  const after = 74 * type;
  moment.ready.every((batch, index) => {
    if (x + wide > end - after && index < moment.ready.length - 1) {
      note(`+ ${moment.ready.length - index} more`);
      return false;
    }
    const hue = hueOf(run, batch);
    ctx.fillStyle = palette.batches[hue];
    ctx.beginPath();
    ctx.roundRect(x, y, wide, high, 4);
    ctx.fill();
    ctx.fillStyle = palette.inks[hue];
    ctx.fillText(String(numberOf(run, batch)), x + wide / 2, y + high / 2 + 0.5);
    x += wide + 5;
    return true;
  });
  if (run.workers === 0) note("nothing: no worker loads ahead");
  else if (moment.done) note("nothing left to load");
  ctx.textAlign = "left";

  function note(words) {
    ctx.textAlign = "left";
    ctx.fillStyle = palette.quiet;
    ctx.font = `${layout.font(12.5)} ${palette.font}`;
    ctx.fillText(words, x + 3, y + high / 2 + 0.5);
  }
}

function paintMissing({ ctx, palette, run }, { training, next }, box) {
  const ink = training ? palette.quiet : palette.stall;
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.roundRect(box.x, box.y, box.w, box.h, 4);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = training ? palette.quiet : palette.text;
  ctx.fillText(String(numberOf(run, next.batch)), box.x + box.w / 2, box.y + box.h / 2 + 0.5);
}
