// What the public page and the stage page of a draw share: the page's facts, its texts, moments and the countdown.

const root = document.getElementById("draw");
const words = JSON.parse(document.getElementById("draw-words").textContent);
const language = document.documentElement.lang;

/** The facts that the server wrote on the page: id, state, and the addresses of the API, the pool and the bundle. */
export const draw = root.dataset;

const WAIT_MS = 5000;

/** A text in the reader's language, with its %(name)s filled in. */
export function say(name, values = {}) {
  return words[name].replace(/%\((\w+)\)s/g, (_, key) => values[key]);
}

/** A number with the separators of the reader's language. */
export function count(number) {
  return new Intl.NumberFormat(language).format(number);
}

/** An amount of minor units with its currency sign, as the server writes amounts. */
export function money(amountMinor, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(amountMinor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** A prize's name in the reader's language. */
export function nameOf(prize) {
  return (language === "zh-hans" && prize.name_zh) || prize.name;
}

/** An element with a text. Nothing that was fetched is ever read as HTML. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Beside each moment of the site's zone, the same one where the reader is. */
export function showTimesHere() {
  const form = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const here = new Intl.DateTimeFormat(language, form);
  const offset = (zone, moment) => new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" })
    .formatToParts(moment).find(({ type }) => type === "timeZoneName").value;
  for (const shown of document.querySelectorAll("time[data-here]")) {
    const moment = new Date(shown.dateTime);
    if (offset(words.zone, moment) === offset(undefined, moment)) continue;
    shown.append(element("span", ` · ${say("here", { at: here.format(moment) })}`, "muted"));
  }
}

/** Count down to what comes next; once it is due, look again until the draw has moved on, and show the page anew. */
export function countDown() {
  const shown = document.querySelector("[data-until]");
  if (!shown) {
    if (["revealed", "drawn", "verified"].includes(draw.state)) watch();
    return;
  }
  const until = new Date(shown.dataset.until).getTime();
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    shown.textContent = left ? inWords(left) : say("any_moment");
    if (left) return;
    clearInterval(timer);
    watch();
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function inWords(seconds) {
  const days = Math.floor(seconds / 86400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0")).join(":");
  return days ? `${say("days", { days: count(days) })} ${clock}` : clock;
}

function watch() {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(draw.api, { cache: "no-store" }).catch(() => null);
    if (answer?.ok && (await answer.json()).state !== draw.state) window.location.reload();
  }, WAIT_MS);
}

/** Read an address whole, with signs of life. Throws where it cannot be read. */
export async function download(address, onProgress = () => {}) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const total = Number(answer.headers.get("Content-Length")) || 0;
  const parts = [];
  let done = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { value, done: over } = await reader.read();
    if (over) break;
    parts.push(value);
    done += value.length;
    onProgress(done, total);
  }
  const whole = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
