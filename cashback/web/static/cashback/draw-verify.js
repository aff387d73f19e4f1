// Works a published draw out again in the reader's browser, from the bundle alone. The site's own code and
// lottery/verify.py do the same in other ways; nothing is shared with them. docs/draws.md describes every check.

import { breathe, DRAW, POOL, unpack, Wrong } from "./draw-bundle.js";

export { Wrong };

const BLOCKS_AT_ONCE = 256;
const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
const QUICKNET_GENESIS = 1692803367n;
const TAB = 9, LF = 10, ZERO = 48;
const LINES_AT_ONCE = 50_000; // between two signs of life

/**
 * Check a bundle. Never throws for what is wrong with it: {ok: false, part, reason}, or {ok: true, draw, winners,
 * reserves, entries, poolHash, seed, leaves (Map of index to leaf), repacked, account (draw.json)}.
 * onProgress({stage: "checksum" | "pool" | "drawing", done, total}) is called now and then.
 */
export async function verifyBundle(buffer, onProgress = () => {}) {
  try {
    return await verify(new Uint8Array(buffer), onProgress);
  } catch (problem) {
    if (!(problem instanceof Wrong)) throw problem;
    return { ok: false, part: problem.part, reason: problem.message, winners: [], reserves: [] };
  }
}

/** The public leaf of a receipt: what to look for in the pool and among the winners. */
export async function leafOf(serial, nonceHex) {
  const digits = serial.replace(/[\s-]/gu, "");
  const nonce = nonceHex.trim().toLowerCase();
  if (!/^[0-9]{14}$/.test(digits)) throw new Wrong("serial", "it has 14 digits");
  if (!/^[0-9a-f]{64}$/.test(nonce)) throw new Wrong("nonce", "it has 64 hexadecimal digits");
  return sha256(new TextEncoder().encode(`cashback-leaf-v1\n${digits}\n${nonce}\n`));
}

/** The 64-bit numbers of a seed (32 bytes), as BigInt; `expected` is how many will probably be asked for. */
export async function* numbers(seed, expected = 4) {
  const key = await subtle().importKey("raw", seed, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const atOnce = Math.min(Math.max(Math.ceil(expected / 4), 1), BLOCKS_AT_ONCE);
  for (let first = 0; ; first += atOnce) {
    const signed = [];
    for (let block = first; block < first + atOnce; block += 1) {
      const message = new DataView(new ArrayBuffer(8));
      message.setBigUint64(0, BigInt(block));
      signed.push(subtle().sign("HMAC", key, message));
    }
    for (const block of await Promise.all(signed)) {
      const view = new DataView(block);
      for (let at = 0; at < 32; at += 8) yield view.getBigUint64(at);
    }
  }
}

/** r(m): numbers beyond the last whole stretch of m in 64 bits are passed over. */
export async function below(numbers, m) {
  const size = BigInt(m);
  const last = 2n ** 64n - 1n - (2n ** 64n % size);
  for (;;) {
    const { value, done } = await numbers.next();
    if (done) throw new Wrong("draw", "the numbers ran out");
    if (value <= last) return Number(value % size);
  }
}

/** The first `steps` positions of the shuffled entries. */
export async function drawn(seed, entries, steps, onProgress = () => {}) {
  const row = numbers(seed, steps);
  const displaced = new Map();
  const at = (position) => (displaced.has(position) ? displaced.get(position) : position);
  const results = [];
  for (let step = 0; step < steps; step += 1) {
    const other = step + await below(row, entries - step);
    results.push(at(other));
    displaced.set(other, at(step));
    if (step % 4096 === 0) onProgress({ stage: "drawing", done: step, total: steps });
  }
  return results;
}

async function verify(bytes, onProgress) {
  const { pool, accountBytes, repacked } = await unpack(bytes, onProgress);
  const account = readAccount(accountBytes, !repacked);
  const { winners, reserves } = account;
  const results = [...winners, ...reserves];
  const entries = await readPool(pool, onProgress);
  const poolHash = await sha256(pool);
  same("pool_hash is not the hash of pool.txt", account.pool_hash, poolHash);
  checkCounts(account, entries);
  same("commitment is not the hash of secret", account.commitment, await sha256(bytesOf(account.secret)));
  await checkBeacon(account);
  const figures = account.figures.map(({ name, value }) => `${name}=${value}`);
  const text = ["cashback-draw-v1", account.id, poolHash, account.secret, ...figures, ""].join("\n");
  const seed = await sha256(new TextEncoder().encode(text));
  const found = await drawn(bytesOf(seed), entries, results.length, onProgress);
  found.forEach((index, rank) => {
    same(`result ${rank} (winners, then reserves, from 0) is not what the draw gives`, results[rank], index);
  });
  const leaves = new Map(results.map((index) => [index, leafAt(pool, index)]));
  return { ok: true, draw: account.id, winners, reserves, entries, poolHash, seed, leaves, repacked, account };
}

function same(complaint, said, found) {
  if (said !== found) throw new Wrong(DRAW, `${complaint}: it says ${said}, the check finds ${found}`);
}

function subtle() {
  const offered = globalThis.crypto?.subtle;
  if (!offered) {
    throw new Wrong("browser", "it offers its cryptography only to pages that came over https: open this page so");
  }
  return offered;
}

async function sha256(bytes) {
  const digest = new Uint8Array(await subtle().digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const isHash = isText(/^[0-9a-f]{64}$/);
const isList = (fits) => (value) => Array.isArray(value) && value.every(fits);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const FORMS = {
  id: [isText(/^[A-Z0-9-]+$/), "of A to Z, 0 to 9 and -"],
  program: [isText(/./s), "a text"],
  announced_at: [isTime, "a time as RFC 3339 writes it"],
  frozen_at: [isTime, "a time as RFC 3339 writes it"],
  commitment: [isHash, "64 hexadecimal digits, lower case"],
  secret: [isHash, "64 hexadecimal digits, lower case"],
  pool_hash: [isHash, "64 hexadecimal digits, lower case"],
  figures: [isList(isFigure), "a list of figures with name and value in the form described"],
  winners: [isList(isCount), "a list of indexes"],
  reserves: [isList(isCount), "a list of indexes"],
  prizes: [isList(isPrize), "a list of prizes with name and amount_minor"],
};

function isTime(value) {
  return instant(value) !== null;
}

// Microseconds of the epoch. Date takes the 30th of February for the 2nd of March, so the day is looked at again.
function instant(value) {
  const form = /^((?!0000)\d{4})-(\d\d)-(\d\d)(T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,6}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
  const [, year, month, day, time, fraction, zone] = (typeof value === "string" && form.exec(value)) || [];
  if (!year || new Date(`${year}-${month}-${day}T00:00Z`).getUTCDate() !== Number(day)) return null;
  return BigInt(Date.parse(`${year}-${month}-${day}${time}${zone}`)) * 1000n + BigInt((fraction ?? "").padEnd(6, "0"));
}

function isPrize(prize) {
  return isObject(prize) && typeof prize.name === "string" && isCount(prize.amount_minor);
}

function isFigure(figure) {
  if (!isObject(figure) || Object.keys(figure).sort().join() !== "name,value") return false;
  const { name, value } = figure;
  return [name, value].every((text) => typeof text === "string" && /^(?! ).{1,64}(?<! )$/su.test(text))
    && !/[\x00-\x1f\x7f-\x9f=\u2028\u2029]/.test(name) && /^[ -~]*$/.test(value);
}

function readAccount(bytes, spellingMatters) {
  let text, account, spelled;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    account = JSON.parse(text);
    checkTokens(text);
    spelled = spell(account);
  } catch (problem) {
    if (problem instanceof Wrong) throw problem;
    throw new Wrong(DRAW, `it is not JSON in UTF-8 (${problem.message})`);
  }
  if (spellingMatters && spelled !== text) throw new Wrong(DRAW, "it is not spelled as published (RFC 8785)");
  if (!isObject(account)) throw new Wrong(DRAW, "it is not an object");
  for (const [name, [fits, form]] of Object.entries(FORMS)) {
    if (!Object.hasOwn(account, name) || !fits(account[name])) throw new Wrong(DRAW, `${name} is missing or is not ${form}`);
  }
  if (instant(account.announced_at) > instant(account.frozen_at)) {
    throw new Wrong(DRAW, "announced_at is later than frozen_at");
  }
  return account;
}

// What JSON.parse forgives in a text that it reads: fields that stand twice, numbers that it rounds.
function checkTokens(text) {
  const open = [];
  let before = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    if (token === "{" || token === "[") open.push(new Set());
    if (token === "}" || token === "]") open.pop();
    if (token === ":") {
      const name = JSON.parse(before);
      if (open.at(-1).has(name)) throw new Wrong(DRAW, "a field stands twice");
      open.at(-1).add(name);
    }
    if (/^[-0-9]/.test(token) && !/^-?\d{1,15}$/.test(token)) throw new Wrong(DRAW, "a number is not a whole one");
    before = token;
  }
}

function spell(value) {
  if (typeof value === "string" && /[\ud800-\udfff]/u.test(value)) throw new Error("half a character");
  if (Array.isArray(value)) return `[${value.map(spell).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${spell(name)}:${spell(value[name])}`).join()}}`;
}

function checkCounts(account, entries) {
  const names = account.figures.map(({ name }) => name);
  if (!names.length || new Set(names).size !== names.length) {
    throw new Wrong(DRAW, "figures are none, or two have the same name");
  }
  const winners = account.winners.length, reserves = account.reserves.length;
  same("the winners are not one per prize and entry", winners, Math.min(account.prizes.length, entries));
  if (winners + reserves > entries) throw new Wrong(DRAW, "winners and reserves are more than the entries");
  const announced = Object.hasOwn(account, "reserves_announced") ? account.reserves_announced : reserves;
  if (!isCount(announced) || reserves !== Math.min(announced, entries - winners)) {
    throw new Wrong(DRAW, `reserves are ${reserves}, and ${announced} were announced for ${entries} entries`);
  }
}

async function checkBeacon({ figures, beacon = null, frozen_at: frozenAt }) {
  const named = figures.filter(({ name }) => name.startsWith("drand-"));
  if (beacon === null && !named.length) return;
  if (!isObject(beacon) || named.length !== 1) {
    throw new Wrong(DRAW, "a figure from the drand beacon and the field beacon must come together, one of each");
  }
  const { round, signature, chain } = beacon;
  if (!isCount(round) || chain !== QUICKNET || !isText(/^[0-9a-f]{96}$/)(signature)) {
    throw new Wrong(DRAW, "beacon is not a round and signature (96 hexadecimal digits) of the quicknet chain");
  }
  same("the figure of the beacon is not of its round", named[0].name, `drand-quicknet-${round}`);
  same("the figure of the beacon is not the hash of its signature", named[0].value, await sha256(bytesOf(signature)));
  if ((QUICKNET_GENESIS + (BigInt(round) - 1n) * 3n) * 1_000_000n <= instant(frozenAt)) {
    throw new Wrong(DRAW, "the beacon's round was known before the pool was frozen");
  }
}

// The value of a lower-case hexadecimal digit, by its character's code; 255 for any other character.
const DIGITS = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit += 1) DIGITS[digit.toString(16).charCodeAt(0)] = digit;

async function readPool(pool, onProgress) {
  // The first 52 bits of each leaf, which a double holds exactly: only where two agree are leaves compared whole.
  const heads = new Float64Array(Math.ceil(pool.length / 67));
  let entries = 0, at = 0;
  while (at < pool.length) {
    let index = 0;
    const start = at;
    for (; pool[at] !== TAB; at += 1) {
      const digit = pool[at] - ZERO;
      if (!(digit >= 0 && digit <= 9) || (at > start && index === 0) || at - start > 9) malformed(entries);
      index = index * 10 + digit;
    }
    if (at === start || at + 66 > pool.length) malformed(entries);
    let head = 0;
    for (let digit = 0; digit < 64; digit += 1) {
      const value = DIGITS[pool[at + 1 + digit]];
      if (value === 255) malformed(entries);
      if (digit < 13) head = head * 16 + value;
    }
    if (pool[at + 65] !== LF) malformed(entries);
    if (index !== entries) throw new Wrong(POOL, `line ${entries + 1} has index ${index} where ${entries} belongs`);
    heads[entries] = head;
    entries += 1;
    at += 66;
    if (entries % LINES_AT_ONCE === 0) {
      onProgress({ stage: "pool", done: at, total: pool.length });
      await breathe();
    }
  }
  checkUnique(pool, heads.subarray(0, entries));
  return entries;
}

function malformed(entries) {
  throw new Wrong(POOL, `line ${entries + 1} is not an index, a tab and 64 hexadecimal digits in lower case, and an end`);
}

function checkUnique(pool, heads) {
  const sorted = heads.slice().sort();
  const suspects = new Set(sorted.filter((head, rank) => head === sorted[rank + 1]));
  if (!suspects.size) return;
  const seen = new Map();
  heads.forEach((head, index) => {
    if (!suspects.has(head)) return;
    const leaf = leafAt(pool, index);
    if (seen.has(leaf)) throw new Wrong(POOL, `index ${index} has the leaf of index ${seen.get(leaf)}`);
    seen.set(leaf, index);
  });
}

/** The leaf of an entry of a pool that was found in order: where it stands follows from the lengths before it. */
function leafAt(pool, index) {
  let at = 66 * index;
  for (let power = 1, digits = 1; power <= index || digits === 1; power *= 10, digits += 1) {
    const last = Math.min(index, power * 10);
    at += digits * (last - (digits === 1 ? 0 : power));
  }
  at += String(index).length + 1;
  return String.fromCharCode(...pool.subarray(at, at + 64));
}
