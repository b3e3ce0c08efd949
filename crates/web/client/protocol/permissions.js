// Permission bits of a mask, which travels as a decimal string of up to 64 bits.

export const Permission = Object.freeze({
  CONNECT: 8n,
  SPEAK: 9n,
  VIDEO: 10n,
  MUTE_MEMBERS: 11n,
  DEAFEN_MEMBERS: 12n,
  MOVE_MEMBERS: 13n,
  STREAM: 15n,
  STAGE_MODERATOR: 16n,
  MANAGE_SPACES: 24n,
  ADMINISTRATOR: 62n,
});

/**
 * Whether a mask holds a permission; an administrator's holds all.
 * @param {string | null | undefined} mask
 * @param {bigint} bit
 */
export function allows(mask, bit) {
  if (!mask || !/^\d+$/.test(mask)) return false;
  const bits = BigInt(mask);
  return ((bits >> bit) & 1n) === 1n || ((bits >> Permission.ADMINISTRATOR) & 1n) === 1n;
}
