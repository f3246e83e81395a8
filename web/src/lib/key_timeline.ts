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

export interface Tick {
  at: number;
  position: number;
}

export interface KeyTimeline {
  rows: TimelineRow[];
  ticks: Tick[];
  now: number;
  /** null where none is scheduled. */
  rotation: number | null;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEPS = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 182 * DAY, 365 * DAY, 1826 * DAY];
const MAX_TICKS = 5;
/** Removed keys that are still drawn; the table has all. */
const REMOVED_SHOWN = 1;
/** A phase is never so short that it cannot be seen. */
const MIN_WIDTH = 0.012;

const ms = (at: string): number => Date.parse(at);

export function shownKeys(keys: readonly SigningKey[]): SigningKey[] {
  const removed = keys.filter((k) => k.state === 'removed');
  const hidden = new Set(removed.slice(0, Math.max(0, removed.length - REMOVED_SHOWN)));
  return keys.filter((k) => !hidden.has(k));
}

/** Whole days stand at local midnight, shorter steps at whole hours. */
export function ticksOf(from: number, to: number): number[] {
  const step = STEPS.find((s) => (to - from) / s <= MAX_TICKS) ?? (to - from) / MAX_TICKS;
  const first = new Date(from);
  if (step >= DAY) first.setHours(24, 0, 0, 0);
  else first.setHours(first.getHours() + 1, 0, 0, 0);
  const ticks: number[] = [];
  for (let n = 0; ; n++) {
    const at = new Date(first);
    // By the calendar, so that the clock's changes between summer and winter do not move it.
    if (step >= DAY) at.setDate(first.getDate() + Math.round(step / DAY) * n);
    else at.setTime(first.getTime() + step * n);
    if (at.getTime() > to) return ticks;
    ticks.push(at.getTime());
  }
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
  const first = Math.min(now, ...moments);
  const last = Math.max(now, ...moments);
  const margin = Math.max(HOUR / 2, (last - first) * 0.05);
  const from = first - margin;
  const to = last + margin;
  const at = (time: number): number => (time - from) / (to - from);

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
  const ticks = ticksOf(from, to).map((time) => ({ at: time, position: at(time) }));
  return { rows, ticks, now: at(now), rotation: rotation === null ? null : at(rotation) };
}
