// Where the bars of the signing keys stand: fractions of the drawing's width, from its beginning in reading direction.
import type { SigningKey } from '../api/types';

export interface Phase {
  state: 'published' | 'active' | 'retiring';
  from: number;
  to: number;
  /** No end is set: it goes on beyond the drawing. */
  open: boolean;
}

export interface TimelineRow {
  key: SigningKey;
  phases: Phase[];
}

/** A distance from now: one unit before or after. */
export interface Tick {
  n: -1 | 1;
  unit: Intl.RelativeTimeFormatUnit;
  position: number;
}

export interface KeyTimeline {
  rows: TimelineRow[];
  ticks: Tick[];
  now: number;
  /** null where none is scheduled. */
  rotation: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Up to here from now time is drawn nearly even; beyond, ever more of it in the same width. */
const EVEN = 10 * MINUTE;
const TICKS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['hour', HOUR],
  ['day', 24 * HOUR],
  ['week', 168 * HOUR],
  ['month', 730.5 * HOUR],
  ['year', 8766 * HOUR],
];
/** Of the width: closer, and their texts would touch. */
const TICK_DISTANCE = 0.12;
/** Removed keys that are still drawn; the table has all. */
const REMOVED_SHOWN = 1;
/** A phase is never so short that it cannot be seen. */
const MIN_WIDTH = 0.012;
const MARGIN = 0.04;

const ms = (at: string): number => Date.parse(at);

export function shownKeys(keys: readonly SigningKey[]): SigningKey[] {
  const removed = keys.filter((k) => k.state === 'removed');
  const hidden = new Set(removed.slice(0, Math.max(0, removed.length - REMOVED_SHOWN)));
  return keys.filter((k) => !hidden.has(k));
}

// A phase lasts for minutes or for months, and what is near is what one wants to see: so the scale is logarithmic both ways from now.
const bent = (milliseconds: number): number => Math.sign(milliseconds) * Math.log1p(Math.abs(milliseconds) / EVEN);

/** Distances from now that fit, the nearest first: what is near counts more. */
export function ticksOf(position: (fromNow: number) => number): Tick[] {
  const ticks: Tick[] = [];
  const now = position(0);
  for (const [unit, size] of TICKS) {
    for (const n of [-1, 1] as const) {
      const at = position(n * size);
      const taken = [now, ...ticks.map((tick) => tick.position)];
      if (at >= 0 && at <= 1 && taken.every((other) => Math.abs(other - at) >= TICK_DISTANCE)) ticks.push({ n, unit, position: at });
    }
  }
  return ticks.sort((x, y) => x.position - y.position);
}

// A short phase grows away from the active one, so that "now" stays in the phase that it is in.
function widened({ state, from, to, open }: Phase): Phase {
  const missing = Math.max(0, MIN_WIDTH - (to - from));
  const start = state === 'published' ? from - missing : from;
  const end = state === 'published' ? to : to + missing;
  return { state, from: Math.max(0, start), to: Math.min(1, end), open };
}

export function keyTimeline(all: readonly SigningKey[], nextRotation: string | null, now: number): KeyTimeline {
  const keys = shownKeys(all);
  const rotation = nextRotation ? ms(nextRotation) : null;
  const moments = keys.flatMap((k) => [k.published_at, k.activates_at, k.retires_at, k.removed_at]).filter((at) => at !== null).map(ms);
  if (rotation !== null) moments.push(rotation);
  const first = bent(Math.min(-EVEN, ...moments.map((m) => m - now)));
  const last = bent(Math.max(EVEN, ...moments.map((m) => m - now)));
  const margin = (last - first) * MARGIN;
  const position = (fromNow: number): number => (bent(fromNow) - first + margin) / (last - first + 2 * margin);
  const at = (time: number): number => position(time - now);

  const rows = keys.map((key): TimelineRow => {
    const end = key.retires_at ? ms(key.retires_at) : null;
    const gone = key.removed_at ? ms(key.removed_at) : null;
    const activeEnd = end ?? gone;
    const phases: Phase[] = [
      { state: 'published', from: at(ms(key.published_at)), to: at(ms(key.activates_at)), open: false },
      { state: 'active', from: at(ms(key.activates_at)), to: activeEnd === null ? 1 : at(activeEnd), open: activeEnd === null },
    ];
    if (end !== null) phases.push({ state: 'retiring', from: at(end), to: gone === null ? 1 : at(gone), open: gone === null });
    return { key, phases: phases.filter((p) => p.to > p.from).map(widened) };
  });
  return { rows, ticks: ticksOf(position), now: at(now), rotation: rotation === null ? null : at(rotation) };
}
