// From the counters of getStats to good, fair or poor.

/** @typedef {"good" | "fair" | "poor"} Grade */

/**
 * @typedef {object} Measure
 * @property {Grade} grade
 * @property {number} lossPercent
 * @property {number | null} rttMs
 * @property {number | null} jitterMs
 */

/** From here on people notice; and from there on they complain. Loss in percent, the rest in ms. */
const FAIR = { loss: 2, rtt: 250, jitter: 40 };
const POOR = { loss: 8, rtt: 500, jitter: 100 };
/** Fewer packets than this in a window say nothing about loss (a silent slot, a tab in the background). */
const PACKETS_MIN = 10;

/**
 * @param {{ lossPercent: number, rttMs: number | null, jitterMs: number | null }} numbers
 * @returns {Grade}
 */
export function grade({ lossPercent, rttMs, jitterMs }) {
  /** @param {typeof FAIR} limit */
  const beyond = (limit) =>
    lossPercent >= limit.loss || (rttMs ?? 0) >= limit.rtt || (jitterMs ?? 0) >= limit.jitter;
  if (beyond(POOR)) return "poor";
  return beyond(FAIR) ? "fair" : "good";
}

/** Compares each sample with the one before it. */
export class QualityMeter {
  /** @type {Map<string, { received: number, lost: number }>} by mid */
  #before = new Map();

  reset() {
    this.#before.clear();
  }

  /**
   * @param {RTCStatsReport | Map<string, any>} report
   * @returns {{ self: Measure, slots: Map<string, Measure> }} slots by mid
   */
  measure(report) {
    let rttMs = null;
    let sentLoss = 0;
    let lost = 0;
    let packets = 0;
    /** @type {number | null} */
    let jitterMs = null;
    /** @type {Map<string, Measure>} */
    const slots = new Map();
    for (const stat of /** @type {Map<string, any>} */ (report).values()) {
      if (stat.type === "candidate-pair" && stat.nominated && stat.currentRoundTripTime !== undefined) {
        rttMs = Math.round(stat.currentRoundTripTime * 1000);
      } else if (stat.type === "remote-inbound-rtp") {
        sentLoss = Math.max(sentLoss, (stat.fractionLost ?? 0) * 100);
      } else if (stat.type === "inbound-rtp") {
        const slot = this.#measureSlot(stat);
        if (!slot) continue;
        slots.set(stat.mid, slot.measure);
        lost += slot.lost;
        packets += slot.packets;
        jitterMs = Math.max(jitterMs ?? 0, slot.measure.jitterMs ?? 0);
      }
    }
    const receivedLoss = packets ? (lost / packets) * 100 : 0;
    const numbers = { lossPercent: round(Math.max(receivedLoss, sentLoss)), rttMs, jitterMs };
    return { self: { grade: grade(numbers), ...numbers }, slots };
  }

  /**
   * @param {any} stat
   * @returns {{ measure: Measure, lost: number, packets: number } | null}
   */
  #measureSlot(stat) {
    const now = { received: stat.packetsReceived ?? 0, lost: stat.packetsLost ?? 0 };
    const before = this.#before.get(stat.mid) ?? { received: 0, lost: 0 };
    this.#before.set(stat.mid, now);
    const lost = Math.max(0, now.lost - before.lost);
    const packets = now.received - before.received + lost;
    if (packets < PACKETS_MIN) return null;
    const jitterMs = Math.round((stat.jitter ?? 0) * 1000);
    const numbers = { lossPercent: round((lost / packets) * 100), rttMs: null, jitterMs };
    return { measure: { grade: grade(numbers), ...numbers }, lost, packets };
  }
}

/** @param {number} percent */
function round(percent) {
  return Math.round(percent * 10) / 10;
}
