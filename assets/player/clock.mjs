// One animation loop a player: it runs while something changes and stops when nothing does.

// One pass lasts so long on the wall at speed 1, whatever the length of the run.
const PASS_S = 12;
export const SPEEDS = [0.25, 0.5, 1, 2, 4];
// A frame that comes later than this was no frame: the tab was hidden or the machine asleep.
const LONGEST_FRAME_S = 0.25;

export function requestFrame(player) {
  if (player.frame || player.gone) return;
  player.frame = requestAnimationFrame((now) => {
    player.frame = 0;
    tick(player, now);
  });
}

function isRunning(player) {
  return player.playing && player.onScreen && !document.hidden;
}

function tick(player, now) {
  if (isRunning(player)) {
    const passed = player.lastFrame ? Math.min((now - player.lastFrame) / 1000, LONGEST_FRAME_S) : 0;
    player.lastFrame = now;
    advance(player, (passed * player.total * player.speed) / PASS_S);
  } else player.lastFrame = 0;
  player.draw();
  if (isRunning(player)) requestFrame(player);
  else player.lastFrame = 0;
}

function advance(player, seconds) {
  player.time = Math.min(player.total, player.time + seconds);
  if (player.time >= player.total) player.playing = false;
  follow(player);
}

// Keep the clock in view when the picture is zoomed.
function follow(player) {
  const { view, time } = player;
  const span = view.to - view.from;
  if (time >= view.from && time <= view.from + span * 0.85) return;
  const from = Math.max(0, Math.min(time - span * 0.25, player.total - span));
  if (Math.abs(from - view.from) < 1e-12) return;
  player.view = { from, to: from + span };
  player.stale.base = true;
}

export function setTime(player, seconds) {
  player.time = Math.max(0, Math.min(player.total, seconds));
  follow(player);
  requestFrame(player);
}

export function setPlaying(player, playing) {
  if (playing && player.time >= player.total) setTime(player, 0);
  player.playing = playing;
  player.lastFrame = 0;
  requestFrame(player);
}

// Go to the next (1) or the previous (-1) event: a batch starts to load, is loaded, handed over, or stepped.
export function stepEvent(player, direction) {
  const { events, total } = player;
  const least = total * 1e-6;
  const now = player.time;
  const to =
    direction > 0
      ? events.find((time) => time > now + least)
      : events.findLast((time) => time < now - least);
  player.playing = false;
  setTime(player, to ?? (direction > 0 ? total : 0));
}

export function setSpeed(player, speed) {
  player.speed = speed;
  requestFrame(player);
}

export function changeSpeed(player, places) {
  const at = SPEEDS.indexOf(player.speed) + places;
  setSpeed(player, SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]);
}

// Zoom around one moment; factor below 1 zooms in. At the widest the whole run is in view.
export function zoom(player, factor, around) {
  const { view, total } = player;
  const span = Math.max(total / 2000, Math.min(total, (view.to - view.from) * factor));
  const part = (around - view.from) / (view.to - view.from);
  const from = Math.max(0, Math.min(around - part * span, total - span));
  player.view = { from, to: from + span };
  player.stale.base = true;
  requestFrame(player);
}
