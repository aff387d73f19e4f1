// Reads a draw's bundle in the browser: a zip archive of pool.txt and draw.json. For draw-verify.js.

export const POOL = "pool.txt";
export const DRAW = "draw.json";
const MARK = "cashback-bundle-v1";
const DRAW_JSON_MAX = 64 * 2 ** 20;
const STEP = 4 * 2 ** 20; // bytes between two signs of life

/** A check failed: the message says what is wrong, and in which part. */
export class Wrong extends Error {
  constructor(part, what) {
    super(`${part}: ${what}`);
    this.part = part;
  }
}

/** Lets the page be drawn while a large pool is read. */
export function breathe() {
  return new Promise((resume) => { setTimeout(resume); });
}

/** The two files: {pool, accountBytes, repacked}. `repacked` is an archive that somebody else made of them. */
export async function unpack(bytes, onProgress) {
  const ends = [bytes.subarray(0, 80), bytes.subarray(-80)].map((end) => String.fromCharCode(...end));
  const repacked = !ends.some((end) => end.includes(MARK));
  const files = directory(bytes);
  if (!repacked) checkEnvelope(bytes, files);
  const contents = {};
  for (const file of files.values()) contents[file.name] = await content(bytes, file, onProgress);
  return { pool: contents[POOL], accountBytes: contents[DRAW], repacked };
}

function directory(bytes) {
  const broken = (what) => { throw new Wrong("bundle", what); };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && !(view.getUint32(end, true) === 0x06054b50 && end + 22 + view.getUint16(end + 20, true) === bytes.length)) {
    end = bytes.length - end > 22 + 65535 ? -1 : end - 1;
  }
  if (end < 0) broken("it is not a whole zip archive");
  const start = view.getUint32(end + 16, true);
  const files = new Map();
  let at = start;
  while (at + 46 <= end && view.getUint32(at, true) === 0x02014b50) {
    const name = String.fromCharCode(...bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)));
    if (files.has(name)) broken(`it holds ${name} twice`);
    files.set(name, {
      name,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      header: view.getUint32(at + 42, true),
    });
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  if (at !== end || view.getUint16(end + 10, true) !== files.size) broken("its directory is damaged");
  const names = [...files.keys()].sort().join(", ");
  if (names !== `${DRAW}, ${POOL}`) broken(`it must hold draw.json and pool.txt and nothing else; it holds ${names}`);
  let here = 0;
  for (const file of [...files.values()].sort((one, other) => one.header - other.header)) {
    if (file.header !== here || here + 30 > start || view.getUint32(here, true) !== 0x04034b50) {
      broken(`bytes that belong to no file stand before ${file.name}`);
    }
    const name = bytes.subarray(here + 30, here + 30 + view.getUint16(here + 26, true));
    if (String.fromCharCode(...name) !== file.name) broken(`the header of ${file.name} names another file`);
    file.data = here + 30 + name.length + view.getUint16(here + 28, true);
    here = file.data + file.packed;
    if (here > start) broken(`${file.name} is cut short`);
    if (file.flags & 8) {
      const next = [12, 16, 20, 24].find((length) => here + length + 4 <= bytes.length
        && [0x04034b50, 0x02014b50].includes(view.getUint32(here + length, true)));
      here += next ?? 0;
    }
  }
  if (here !== start) broken("bytes that belong to no file stand before the directory");
  return files;
}

// As published, all that is not content has one possible value: it is written once more and compared.
function checkEnvelope(bytes, files) {
  const written = [];
  const put = (...fields) => fields.forEach(([length, value]) => {
    for (let byte = 0; byte < length; byte += 1) written.push(Math.floor(value / 256 ** byte) % 256);
  });
  const spell = (text) => put(...Array.from(text, (sign) => [1, sign.charCodeAt(0)]));
  const describe = ({ name, crc, size }) => put(
    [2, 20], [2, 0], [2, 0], [2, 0], [2, 33], [4, crc], [4, size], [4, size], [2, name.length],
  );
  const pool = files.get(POOL), account = files.get(DRAW);
  const parts = [];
  const part = (title, start) => parts.push({ title, start, expected: written.splice(0) });
  for (const file of [pool, account]) {
    put([4, 0x04034b50]);
    describe(file);
    put([2, 4 + MARK.length]);
    spell(file.name);
    put([2, 0x6243], [2, MARK.length]);
    spell(MARK);
    part(`header of ${file.name}`, file === pool ? 0 : pool.data + pool.size);
  }
  const start = account.data + account.size;
  for (const file of [pool, account]) {
    put([4, 0x02014b50], [2, 20]);
    describe(file);
    put([12, 0], [4, file.header]);
    spell(file.name);
  }
  const directorySize = written.length;
  put([4, 0x06054b50], [4, 0], [2, 2], [2, 2], [4, directorySize], [4, start], [2, MARK.length]);
  spell(MARK);
  part("directory", start);
  for (const { title, start: at, expected } of parts) {
    if (!expected.every((byte, offset) => bytes[at + offset] === byte)) {
      throw new Wrong("bundle", `the ${title} was altered, or what it describes was cut, moved or added to`);
    }
  }
  const last = parts.at(-1);
  if (last.start + last.expected.length !== bytes.length) throw new Wrong("bundle", "bytes follow its end");
}

async function content(bytes, file, onProgress) {
  if (file.flags & 1 || ![0, 8].includes(file.method)) throw new Wrong("bundle", `${file.name} is packed in a strange way`);
  if (file.name === DRAW && file.size > DRAW_JSON_MAX) throw new Wrong(DRAW, "it is too large");
  const packed = bytes.subarray(file.data, file.data + file.packed);
  const unpacked = file.method === 8 ? await inflated(packed, file) : packed;
  if (unpacked.length !== file.size || (await checksum(unpacked, onProgress)) !== file.crc) {
    throw new Wrong(file.name, "it was altered (its checksum is not the one in the bundle)");
  }
  return unpacked;
}

async function inflated(packed, { name, size }) {
  const whole = new Uint8Array(size);
  let filled = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return whole.subarray(0, filled);
      whole.set(value, filled); // a RangeError where it is longer than said
      filled += value.length;
    }
  } catch {
    throw new Wrong(name, "it was altered (it cannot be unpacked)");
  }
}

// CRC-32 of ISO 3309, four bytes a step.
const CRC_TABLES = [0, 1, 2, 3].map(() => new Int32Array(256));
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  CRC_TABLES[0][byte] = crc;
}
for (let byte = 0; byte < 256; byte += 1) {
  for (let table = 1; table < 4; table += 1) {
    const before = CRC_TABLES[table - 1][byte];
    CRC_TABLES[table][byte] = (before >>> 8) ^ CRC_TABLES[0][before & 255];
  }
}

async function checksum(bytes, onProgress) {
  const [first, second, third, fourth] = CRC_TABLES;
  let crc = -1;
  for (let start = 0; start < bytes.length; start += STEP) {
    const end = Math.min(start + STEP, bytes.length);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      crc = fourth[crc & 255] ^ third[(crc >>> 8) & 255] ^ second[(crc >>> 16) & 255] ^ first[crc >>> 24];
    }
    for (; at < end; at += 1) crc = first[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
    if (end < bytes.length) {
      onProgress({ stage: "checksum", done: end, total: bytes.length });
      await breathe();
    }
  }
  return ~crc >>> 0;
}
