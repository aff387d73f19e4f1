// The public page of a draw. It reads without this file; with it one can check a card and recompute the draw.

import { count, countDown, download, draw, element, money, nameOf, say, showTimesHere } from "./draw-page.js";
import { leafOf, verifyBundle, Wrong } from "./draw-verify.js";

document.documentElement.classList.add("modules");
showTimesHere();
countDown();

const form = document.querySelector("[data-check]");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const answer = document.querySelector("[data-check-answer]");
  busy(form.querySelector("button"), () => checkCard(answer));
});

const button = document.querySelector("[data-verify]");
button?.addEventListener("click", () => busy(button, verifyHere));

async function busy(pressed, work) {
  if (pressed.disabled) return;
  pressed.disabled = true;
  try {
    await work();
  } finally {
    pressed.disabled = false;
  }
}

// Full-width digits and letters, as Chinese keyboards type them, are read as meant.
function typed(id) {
  return document.getElementById(id).value.normalize("NFKC").trim();
}

function complain(name, text) {
  const wrong = document.getElementById(`check-${name}-wrong`);
  wrong.textContent = text;
  wrong.hidden = !text;
  wrong.closest(".field").toggleAttribute("data-wrong", Boolean(text));
}

// ISO 7064 mod 97-10, as printed cards have it.
function isSerial(digits) {
  return /^[0-9]{14}$/.test(digits) && BigInt(digits) % 97n === 1n;
}

async function checkCard(answer) {
  const serial = typed("check-serial").replace(/[\s\u2010-\u2015-]/gu, "");
  const nonce = typed("check-nonce").replace(/\s/gu, "").toLowerCase();
  complain("serial", isSerial(serial) ? "" : say("serial_wrong"));
  complain("nonce", /^[0-9a-f]{64}$/.test(nonce) ? "" : say("nonce_wrong"));
  const wrong = form.querySelector("[data-wrong] input");
  if (wrong) {
    answer.replaceChildren();
    wrong.focus();
    return;
  }
  try {
    const leaf = await leafOf(serial, nonce);
    answer.replaceChildren(element("p", say("searching"), "muted"));
    const pool = await download(draw.pool, (done, total) => {
      if (total) answer.firstChild.textContent = say("searching_part", { percent: `${Math.floor(100 * done / total)} %` });
    });
    const index = indexOf(pool, leaf);
    const found = await (await fetch(draw.api)).json();
    answer.replaceChildren(...verdict(index, found, leaf));
  } catch (problem) {
    const text = problem instanceof Wrong ? reasonOf(problem) : say("not_loaded");
    answer.replaceChildren(notice("wrong", say("check_failed"), text));
  }
}

/** The index of a leaf in the pool file, or null. */
function indexOf(pool, leaf) {
  const sought = new TextEncoder().encode(`\t${leaf}\n`);
  for (let at = pool.indexOf(sought[0]); at !== -1; at = pool.indexOf(sought[0], at + 66)) {
    let same = 1;
    while (same < sought.length && pool[at + same] === sought[same]) same += 1;
    if (same < sought.length) continue;
    let start = at;
    while (start > 0 && pool[start - 1] !== 10) start -= 1;
    return Number(new TextDecoder().decode(pool.subarray(start, at)));
  }
  return null;
}

/** What the answer shows. */
function verdict(index, found, leaf) {
  const proof = element("p", "", "small");
  proof.append(element("span", `${say("leaf")} `, "muted"), element("span", leaf, "code"));
  if (index === null) {
    const keptOut = (found.declarations ?? []).includes(leaf);
    return [notice("wait", say("not_in_pool"), say(keptOut ? "kept_out" : "not_in_pool_why")), proof];
  }
  const at = { index: count(index) };
  if (found.state !== "certified") {
    return [notice("", say("in_pool", at), say(found.state === "not_completed" ? "nobody_won" : "result_follows")), proof];
  }
  const allotment = found.allotments.findLast((one) => one.index === index);
  if (allotment && !allotment.ended) {
    const prize = found.prizes[allotment.prize];
    const won = say("won", { prize: nameOf(prize), amount: money(prize.amount_minor, found.currency) });
    const next = document.querySelector("[data-next-step]").content.cloneNode(true);
    return [notice("", won, say("in_pool", at)), next, proof];
  }
  if (allotment) return [notice("wait", say("passed_on"), say("in_pool", at)), proof];
  const reserve = found.reserves.indexOf(index);
  if (reserve !== -1) {
    return [notice("wait", say("reserve", { number: count(reserve + 1) }), say("reserve_means")), proof];
  }
  const drawn = found.winners.includes(index);
  return [notice("wait", say(drawn ? "passed_on" : "not_drawn"), say("in_pool", at)), proof];
}

function notice(tone, title, text) {
  const made = element("div", "", `notice${tone ? ` notice-${tone}` : ""}`);
  made.append(element("h3", title), element("p", text));
  return made;
}

function reasonOf(problem) {
  return problem.part === "browser" ? say("no_crypto") : problem.message;
}

async function verifyHere() {
  const progress = document.querySelector("[data-verify-progress]");
  const checks = document.querySelector("[data-verify-checks]");
  const answer = document.querySelector("[data-verify-answer]");
  checks.replaceChildren();
  answer.replaceChildren(element("p", say("loading"), "muted"));
  progress.hidden = false;
  progress.removeAttribute("value");
  try {
    if (!globalThis.crypto?.subtle) {
      answer.replaceChildren(notice("wrong", say("cannot_verify"), say("no_crypto")));
      return;
    }
    const bundle = await download(draw.bundle, (done, total) => { if (total) progress.value = 30 * done / total; });
    progress.value = 30;
    const verdictHere = await verifyBundle(bundle.buffer, ({ stage, done, total }) => {
      answer.firstChild.textContent = say(`stage_${stage}`);
      const start = { checksum: 30, pool: 45, drawing: 80 }[stage] ?? 30;
      progress.value = start + 15 * done / Math.max(total, 1);
    });
    progress.value = 100;
    await showVerdict(verdictHere, checks, answer);
  } catch {
    answer.replaceChildren(notice("wrong", say("cannot_verify"), say("not_loaded")));
  } finally {
    progress.hidden = true;
  }
}

async function showVerdict(found, checks, answer) {
  if (!found.ok) {
    const title = say(found.part === "browser" ? "cannot_verify" : "differs");
    const text = found.part === "browser" ? say("no_crypto") : say("differs_in", { part: found.part, reason: found.reason });
    answer.replaceChildren(notice("wrong", title, text));
    return;
  }
  // The bundle agrees with itself; now whether it is the one that this site announced and shows.
  const said = await (await fetch(draw.api, { cache: "no-store" })).json();
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const { account } = found;
  const results = [
    ["check_pool", found.poolHash === said.pool_hash, { entries: count(found.entries) }],
    ["check_commitment", account.commitment === said.commitment && account.secret === said.secret],
    ["check_figures", same(account.figures, said.figures.map(({ name, value }) => ({ name, value })))],
    ["check_seed", true, { seed: found.seed }],
    // Of a draw that was not completed the site shows no results; those of the bundle are what they are.
    ["check_results", found.draw === draw.id
      && (said.winners === null || (same(found.winners, said.winners) && same(found.reserves, said.reserves))),
      { winners: count(found.winners.length), reserves: count(found.reserves.length) }],
  ];
  for (const [name, holds, values] of results) {
    checks.append(element("li", say(name, values), holds ? "holds" : "fails"));
  }
  const agrees = results.every(([, holds]) => holds);
  answer.replaceChildren(agrees
    ? notice("", say("agrees"), say("agrees_means"))
    : notice("wrong", say("differs"), say("differs_from_page")));
}
