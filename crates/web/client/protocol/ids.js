// One id has two renderings: decimal, and a UUID of version 8 that embeds the same 64 bits.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The 58 bits that mark an embedded id; a UUID without them belongs to somebody else. */
const TAG = 0x02f70a41072c0den & ((1n << 58n) - 1n);

/**
 * One spelling for ids of ours, so that they can be compared: decimal. Others stay as they are.
 * @param {string} id
 */
export function canonicalId(id) {
  if (!UUID.test(id)) return id.toLowerCase();
  const bits = BigInt("0x" + id.replaceAll("-", ""));
  if ((bits & ((1n << 58n) - 1n)) !== TAG) return id.toLowerCase();
  const top = bits >> 80n;
  const middle = (bits >> 64n) & 0xfffn;
  const low = (bits >> 58n) & 0xfn;
  return ((top << 16n) | (middle << 4n) | low).toString();
}

/**
 * The other spelling: the UUID of an id of ours, as STT Room and the Voice Service write it. A UUID stays.
 * @param {string} id
 */
export function toUuid(id) {
  if (!/^\d+$/.test(id)) return id.toLowerCase();
  const bits = BigInt(id);
  const high = ((bits >> 16n) << 80n) | (8n << 76n) | (((bits >> 4n) & 0xfffn) << 64n);
  const hex = (high | (2n << 62n) | ((bits & 0xfn) << 58n) | TAG).toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A random UUID, as RFC 9562 has it in version 4. Browsers make one themselves only where the page is secure. */
export function freshUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = 0x40 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * @param {string | null | undefined} a
 * @param {string | null | undefined} b
 */
export function sameId(a, b) {
  return a != null && b != null && canonicalId(a) === canonicalId(b);
}
