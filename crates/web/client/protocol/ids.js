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
 * @param {string | null | undefined} a
 * @param {string | null | undefined} b
 */
export function sameId(a, b) {
  return a != null && b != null && canonicalId(a) === canonicalId(b);
}
