// The buttons, the sliders and the curve.

import { requestFrame, setPlaying, setSpeed, setTime, stepEvent } from "./clock.mjs";
import { curveLayout, nearestRun } from "./curve.mjs";
import { toggleHelp } from "./keys.mjs";

export function listenControls(player, listen) {
  const { el } = player;
  listen(el.play, "click", () => setPlaying(player, !player.playing));
  listen(el.restart, "click", () => setTime(player, 0));
  listen(el.back, "click", () => stepEvent(player, -1));
  listen(el.forward, "click", () => stepEvent(player, 1));
  listen(el.ask, "click", () => toggleHelp(player));
  listen(el.speed, "change", () => setSpeed(player, Number(el.speed.value)));
  listen(el.scrub, "input", () => {
    player.playing = false;
    player.scrubbing = true;
    setTime(player, (Number(el.scrub.value) / 1000) * player.total);
  });
  listen(el.scrub, "change", () => {
    player.scrubbing = false;
    requestFrame(player);
  });
  listen(el.knob, "input", () => player.choose(Number(el.knob.value)));
  listen(el.knob, "change", () => player.commit());
  listen(el.rankChoice, "change", () => player.chooseRank(Number(el.rankChoice.value)));
  listenCurve(player, listen);
}

function listenCurve(player, listen) {
  const { curve } = player.el;
  let from = null;
  const choose = (event) => {
    const place = curveLayout(player);
    player.choose(nearestRun(place, player.payload.header.runs, event.clientX - curve.getBoundingClientRect().left));
  };
  listen(curve, "pointerdown", (event) => {
    from = player.index;
    curve.setPointerCapture(event.pointerId);
    choose(event);
  });
  listen(curve, "pointermove", (event) => {
    if (from !== null) choose(event);
  });
  listen(curve, "pointerup", () => {
    if (from !== null && from !== player.index) player.commit();
    from = null;
  });
  listen(curve, "pointercancel", () => {
    from = null;
  });
}
