// A draw on a big screen: winners one at a time, as this browser itself works them out of the published bundle.

import { count, countDown, download, draw, element, money, nameOf, say } from "./draw-page.js";
import { verifyBundle } from "./draw-verify.js";

const AUTOPLAY_MS = 4000;
const stage = document.querySelector("[data-stage]");
const status = document.querySelector("[data-stage-status]");
const auto = document.querySelector("[data-stage-auto]");
const onward = document.querySelector("[data-stage-next]");
const back = document.querySelector("[data-stage-back]");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

document.documentElement.classList.add("modules");
countDown();

document.querySelector("[data-stage-full]")?.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});

if (stage) start();

async function start() {
  let found;
  try {
    const bundle = await download(draw.bundle);
    found = await verifyBundle(bundle.buffer, ({ stage: at }) => { status.textContent = say(`stage_${at}`); });
  } catch {
    found = { ok: false, part: "bundle", reason: say("not_loaded") };
  }
  if (!found.ok) {
    const text = found.part === "browser" ? say("no_crypto") : say("differs_in", { part: found.part, reason: found.reason });
    stage.replaceChildren(element("p", say(found.part === "browser" ? "cannot_verify" : "differs"), "stage-title"), element("p", text));
    status.textContent = "";
    return;
  }
  document.querySelector("[data-stage-seed]").textContent = found.seed;
  status.textContent = say("recomputed_here");
  play(scenes(found));
}

// Smaller prizes come last in a bundle and first on a stage: the last winner shown has the first prize.
function scenes(found) {
  const { prizes } = found.account;
  const winners = found.winners.map((index, number) => ({ index, leaf: found.leaves.get(index), prize: prizes[number], number }));
  return winners.reverse();
}

function play(winners) {
  let at = -1;
  let timer = null;
  const show = (next) => {
    at = Math.max(-1, Math.min(next, winners.length));
    stage.replaceChildren(...scene(winners, at));
    stage.classList.remove("stage-arrives");
    if (!still.matches) {
      void stage.offsetWidth; // begins the animation anew
      stage.classList.add("stage-arrives");
    }
    showWays();
    if (at === winners.length) pause();
  };
  const nextWinner = onward.textContent;
  const showWays = () => {
    const focused = document.activeElement;
    onward.textContent = at === winners.length - 1 && at >= 0 ? say("stage_over") : nextWinner;
    onward.disabled = !winners.length || at === winners.length;
    back.disabled = at === -1;
    // Whoever works it from the keyboard stays among the buttons.
    if (focused === onward && onward.disabled) back.focus();
    if (focused === back && back.disabled) onward.focus();
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    auto.setAttribute("aria-pressed", "false");
  };
  const keys = { ArrowRight: 1, PageDown: 1, " ": 1, Enter: 1, ArrowLeft: -1, PageUp: -1 };
  document.addEventListener("keydown", (event) => {
    const onControl = event.target.closest("button, a") && (event.key === " " || event.key === "Enter");
    if (!keys[event.key] || onControl || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(at + keys[event.key]);
  });
  stage.addEventListener("click", () => show(at + 1));
  onward.addEventListener("click", () => show(at + 1));
  back.addEventListener("click", () => show(at - 1));
  auto.addEventListener("click", () => {
    if (timer) { pause(); return; }
    auto.setAttribute("aria-pressed", "true");
    show(at === winners.length ? 0 : at + 1);
    timer = setInterval(() => show(at + 1), AUTOPLAY_MS);
  });
  for (const button of document.querySelectorAll(".stage-controls button")) button.disabled = false;
  show(-1);
}

function scene(winners, at) {
  if (!winners.length) return [element("p", say("nobody_drawn"), "stage-title")];
  if (at < 0) {
    return [element("p", say("stage_ready"), "stage-title"), element("p", say("stage_how"), "muted")];
  }
  if (at === winners.length) {
    const list = element("ol", "", "stage-all");
    for (const { index, prize } of winners.toReversed()) {
      const row = element("li");
      row.append(element("span", nameOf(prize)), element("strong", count(index)));
      list.append(row);
    }
    return [element("p", say("stage_over"), "stage-title"), list];
  }
  const { index, leaf, prize, number } = winners[at];
  const leafShown = element("p", "", "stage-leaf code");
  // In groups of eight, so that a holder in the hall can compare.
  leafShown.append(...leaf.match(/.{8}/g).map((group) => element("span", group)));
  return [
    element("p", say("stage_prize", { number: count(number + 1), total: count(winners.length) }), "stage-count"),
    element("p", nameOf(prize), "stage-title"),
    element("p", money(prize.amount_minor, draw.currency), "stage-amount"),
    element("p", say("stage_index"), "stage-label"),
    element("p", count(index), "stage-index"),
    leafShown,
  ];
}
