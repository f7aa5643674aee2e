import { inflateSync } from 'node:zlib';
import { UserError } from '../config/errors.ts';
import { Distribution } from '../measure/distribution.ts';
import { distributionDefinitions } from '../measure/metrics.ts';
import type { DistributionMetric } from './document.ts';

/** How a metric's histogram is kept: counts per recorded unit, and recorded unit -> document unit. */
export interface HistogramScale {
  resolution: number;
  scale: number;
}

/** For documents that do not state it: times are kept in microseconds, everything else as it is. */
const byUnit: Record<string, HistogramScale> = {
  s: { resolution: 1000, scale: 0.001 },
  ms: { resolution: 1000, scale: 1 },
};

/**
 * The scale under which the histogram of a metric is kept: as its document states, else by its name, else by its unit.
 * Our own metrics keep their recorded unit (latency_s is recorded in ms), so that adding gives the very figures that measuring gives.
 */
export function histogramScale(name: string, metric: Pick<DistributionMetric, 'unit' | 'hdr_per_unit'>): HistogramScale {
  const { unit, hdr_per_unit: perUnit } = metric;
  const own = distributionDefinitions.find((definition) => definition.name === name && definition.unit === unit);
  if (own && (perUnit === undefined || Math.round(own.resolution / own.scale) === perUnit)) return own;
  if (perUnit !== undefined) return { resolution: perUnit, scale: 1 };
  return Object.hasOwn(byUnit, unit) ? (byUnit[unit] as HistogramScale) : { resolution: 1, scale: 1 };
}

/**
 * The distribution behind a metric, with exact count, sum, min and max; null when the document holds no histogram or not the figures beside it.
 * The sum of squares is recovered from the standard deviation of the sample.
 * @throws UserError when the histogram is damaged, disagrees with the count beside it, or is larger than any that a measurement makes
 */
export function distributionOf(name: string, metric: DistributionMetric, where: string): Distribution | null {
  const { count, min, max, hdr } = metric;
  if (hdr === undefined || count === 0 || min === null || max === null) return null;
  const sum = metric.sum ?? (metric.mean === null ? null : metric.mean * count);
  if (sum === null) return null;
  const { resolution, scale } = histogramScale(name, metric);
  const recordedSum = sum / scale;
  const deviation = (metric.stddev ?? 0) / scale;
  const sumOfSquares = deviation * deviation * Math.max(0, count - 1) + (recordedSum * recordedSum) / count;
  try {
    checkHistogram(hdr);
    return Distribution.from({ count, sum: recordedSum, sumOfSquares, min: min / scale, max: max / scale, hdr }, resolution);
  } catch (error) {
    throw new UserError(`${where}: the histogram of ${name} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

const compressedCookie = 0x1c849304;
const plainCookie = 0x1c849303;
const headerBytes = 40;
const maxPlainBytes = 4 * 1024 * 1024;
const maxSlots = 4 * 1024 * 1024;

/**
 * Refuses a histogram that would take much memory or time to decode (the decoder itself trusts its input): bounded inflation, at most 4 significant
 * digits, and no more slots than 4 Mi. Layout: HdrHistogram V2, zig-zag LEB128 counts where a negative one skips that many empty slots.
 */
function checkHistogram(base64: string): void {
  const packed = Buffer.from(base64, 'base64');
  if (packed.length < 8 || (packed.readUInt32BE(0) & ~0xf0) >>> 0 !== compressedCookie) throw new Error('it is no HdrHistogram in V2 encoding');
  const plain = inflateSync(packed.subarray(8), { maxOutputLength: maxPlainBytes });
  if (plain.length < headerBytes || (plain.readUInt32BE(0) & ~0xf0) >>> 0 !== plainCookie) throw new Error('it is no HdrHistogram in V2 encoding');
  const digits = plain.readUInt32BE(12);
  const lowest = plain.readBigInt64BE(16);
  const highest = plain.readBigInt64BE(24);
  if (digits > 4 || lowest < 1n || highest < 2n * lowest || highest > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error('its header is out of range');
  let slots = 0;
  let value = 0;
  let factor = 1;
  for (const byte of plain.subarray(headerBytes, headerBytes + plain.readUInt32BE(4))) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte & 0x80) continue;
    slots += value % 2 === 1 ? (value + 1) / 2 : 1;
    if (slots > maxSlots) throw new Error('it has too many slots');
    value = 0;
    factor = 1;
  }
}
