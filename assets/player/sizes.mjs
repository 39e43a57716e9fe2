// Sizes and theme. Reads the page's layout, so never per frame.

import { inkOn, readPalette } from "./palette.mjs";
import { requestFrame } from "./clock.mjs";
import { stageHeight } from "./layout.mjs";
import { writeTicks } from "./words.mjs";

const WIDE_PX = 720;

export function takeSizes(player) {
  const { el } = player;
  const present = new URLSearchParams(location.search).get("present") === "1";
  el.root.classList.toggle("present", present);
  player.type = present ? 1.35 : 1;
  const palette = readPalette(el.root);
  const width = el.frame.clientWidth;
  const dpr = Math.min(2, window.devicePixelRatio || 1);
  const size = [width, window.innerHeight, dpr, palette.key, player.type].join();
  if (!width || size === player.size) return;
  const wide = width >= WIDE_PX;
  Object.assign(player, { size, palette, dpr, width, wide, hover: null, pin: null });
  el.root.classList.toggle("dark", palette.dark);
  el.root.classList.toggle("narrow", !wide);
  el.root.style.setProperty("--on-accent", inkOn(palette.primary));
  const below = el.legend.offsetHeight;
  const height = stageHeight({ ...player, pictures: player.panes.length, below, screen: window.innerHeight });
  for (const pane of player.panes) {
    pane.el.stage.style.height = `${height}px`;
    pane.textures = null;
    pane.sizes = { base: fit(pane.el.base, dpr), over: fit(pane.el.over, dpr) };
  }
  if (player.several) player.sizes.curve = fit(el.curve, dpr);
  if (player.several) writeTicks(player);
  Object.assign(player.stale, { base: true, run: true });
  requestFrame(player);
}

function fit(canvas, dpr) {
  const size = { width: canvas.clientWidth, height: canvas.clientHeight };
  canvas.width = Math.round(size.width * dpr);
  canvas.height = Math.round(size.height * dpr);
  return size;
}
