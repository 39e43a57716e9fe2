// The cached picture of a run: painted when the run, the size, the zoom or the theme changes, never per frame.

import { dots, hatch } from "./palette.mjs";
import { firstAbove } from "./spans.mjs";
import { paintBreak, paintEpochs } from "./marks.mjs";
import { paintGpu, paintMain, paintPinning, paintWorker } from "./rows.mjs";
import { scaleOf } from "./layout.mjs";
import { ticks, unitOf } from "./format.mjs";

export function paintBase(player) {
  const { run, layout, palette, dpr } = player;
  const ctx = player.el.base.getContext("2d", { alpha: false });
  ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, layout.width, layout.height);
  const pen = { ctx, run, layout, palette, view: player.view, total: player.total, scale: scaleOf(layout, player.view) };
  player.textures ??= texturesOf(ctx, palette, dpr);
  Object.assign(pen, player.textures);
  ctx.save();
  ctx.beginPath();
  ctx.rect(layout.plot.x, 0, layout.plot.w, layout.height);
  ctx.clip();
  paintTracks(pen);
  layout.lanes.forEach((box, id) => paintWorker(pen, id, box));
  paintQueue(pen);
  if (layout.pin) paintPinning(pen);
  paintMain(pen);
  paintGpu(pen);
  ctx.restore();
  paintEpochs(pen);
  paintBreak(pen);
  paintAxis(pen);
  paintLabels(pen);
}

function texturesOf(ctx, palette, dpr) {
  return {
    waiting: hatch(ctx, dpr, { ink: palette.wait, size: 6, weight: 1.1 }),
    stalled: hatch(ctx, dpr, { ground: palette.stall, ink: "rgba(255,255,255,0.5)", size: 9, weight: 1.8 }),
    dotted: dots(ctx, dpr, { ground: palette.plain, ink: palette.quiet, size: 4, radius: 0.75 }),
    nothing: hatch(ctx, dpr, { ink: palette.line, size: 8, weight: 1, crossed: true }),
  };
}

function paintTracks({ ctx, layout, palette }) {
  ctx.fillStyle = palette.track;
  for (const box of [...layout.lanes, layout.queue, layout.gpu]) ctx.fillRect(layout.plot.x, box.y, layout.plot.w, box.h);
}

function paintQueue(pen) {
  const { ctx, run, layout, palette } = pen;
  const { y, h } = layout.queue;
  if (run.workers === 0) {
    ctx.fillStyle = palette.quiet;
    ctx.font = `${layout.font(12)} ${palette.font}`;
    ctx.textBaseline = "middle";
    const words = layout.wide ? "no workers: each batch is loaded only when the training loop asks for it" : "no workers, so no queue";
    ctx.fillText(words, layout.plot.x + 10, y + h / 2);
    return;
  }
  const full = y + 5;
  const unit = (h - 5) / Math.max(1, run.capacity);
  paintArea(pen, y + h, unit);
  ctx.strokeStyle = palette.queueEdge;
  ctx.lineWidth = 1;
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  ctx.moveTo(layout.plot.x, full + 0.5);
  ctx.lineTo(layout.plot.x + layout.plot.w, full + 0.5);
  ctx.stroke();
  ctx.setLineDash([]);
}

function paintArea({ ctx, run, view, scale, palette }, ground, unit) {
  const { time, count } = run.ready;
  const from = Math.max(0, firstAbove(time, view.from) - 1);
  const to = firstAbove(time, view.to);
  const shape = new Path2D();
  shape.moveTo(scale.x(time[from]), ground);
  let height = ground;
  for (let at = from; at < to; at += 1) {
    const x = scale.x(time[at]);
    shape.lineTo(x, height);
    // Survivors of an iterable dataset may hold more than the capacity for a while.
    height = ground - Math.min(count[at], run.capacity) * unit;
    shape.lineTo(x, height);
  }
  const end = scale.x(to < time.length ? time[to] : run.total);
  shape.lineTo(end, height);
  shape.lineTo(end, ground);
  ctx.fillStyle = palette.queue;
  ctx.fill(shape);
  ctx.strokeStyle = palette.queueEdge;
  ctx.lineWidth = 1;
  ctx.stroke(shape);
}

function paintAxis({ ctx, layout, palette, view, total, scale }) {
  const y = layout.axis;
  const unit = unitOf(total);
  const [from, to] = [view.from * unit.scale, view.to * unit.scale];
  const { step, values } = ticks(from, to, layout.plot.w / (84 * layout.type));
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9)));
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(layout.plot.x, y + 0.5);
  ctx.lineTo(layout.plot.x + layout.plot.w, y + 0.5);
  ctx.fillStyle = palette.quiet;
  ctx.font = `${layout.font(11.5)} ${palette.font}`;
  ctx.textBaseline = "top";
  for (const value of values) {
    const x = Math.round(scale.x(value / unit.scale)) + 0.5;
    ctx.moveTo(x, y);
    ctx.lineTo(x, y + 5);
    const words = `${value.toFixed(digits)} ${unit.name}`;
    const wide = ctx.measureText(words).width;
    const most = layout.plot.x + layout.plot.w - wide;
    if (x + 4 <= most + 2) ctx.fillText(words, x + 4, y + 4);
  }
  ctx.stroke();
  const zoomed = total / (view.to - view.from);
  if (zoomed < 1.01) return;
  ctx.textAlign = "right";
  ctx.fillText(`zoom ${zoomed < 10 ? zoomed.toFixed(1) : zoomed.toFixed(0)}×`, layout.gutter - 10, y + 4);
  ctx.textAlign = "left";
}

function paintLabels({ ctx, run, layout, palette }) {
  const right = layout.gutter - 10;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  const pitch = layout.lanes.length > 1 ? layout.lanes[1].y - layout.lanes[0].y : 99;
  const size = Math.max(9.5, Math.min(13, pitch / layout.type - 2));
  const every = Math.max(1, Math.ceil((size * layout.type + 1) / pitch));
  ctx.fillStyle = palette.quiet;
  ctx.font = `${layout.font(size)} ${palette.font}`;
  layout.lanes.forEach((box, id) => {
    if (id % every === 0) ctx.fillText(layout.wide ? `worker ${id}` : `w${id}`, right, box.y + box.h / 2);
  });
  ctx.fillStyle = palette.text;
  ctx.font = `${layout.font(13)} ${palette.font}`;
  label(ctx, layout, layout.queue, layout.wide ? "ready queue" : "queue", run.workers ? `holds ${run.capacity}` : "");
  if (layout.pin) label(ctx, layout, layout.pin, layout.wide ? "pinning thread" : "pin", "");
  label(ctx, layout, layout.main, layout.wide ? "training process" : "main", "");
  ctx.font = `${layout.font(13, 600)} ${palette.font}`;
  label(ctx, layout, layout.gpu, "GPU", "");
  ctx.textAlign = "left";

  function label(pen, { type }, box, words, more) {
    const middle = box.y + box.h / 2;
    const lift = more ? 7 * type : 0;
    // A wide font is squeezed rather than cut off.
    pen.fillText(words, right, middle - lift, right - 2);
    if (!more) return;
    pen.save();
    pen.fillStyle = palette.quiet;
    pen.font = `${layout.font(11)} ${palette.font}`;
    pen.fillText(more, right, middle + 8 * type);
    pen.restore();
  }
}
