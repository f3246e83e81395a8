// Which time is looked at, in which steps, and the numbers on each step of it. No text, no drawing.
import type { Usage, UsageStep } from '../api/types';

export const PRESETS = ['3h', '24h', '7d', '30d', '90d'] as const;
export type Preset = (typeof PRESETS)[number];

/** Seconds since 1970. A preset moves with the time, a span stands still. */
export type Range = { preset: Preset } | { from: number; to: number };

export interface Span {
  from: number;
  to: number;
  step: UsageStep;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
export const STEP_SECONDS: Record<UsageStep, number> = { minute: MINUTE, hour: HOUR, day: DAY };
const PRESET_SECONDS: Record<Preset, number> = { '3h': 3 * HOUR, '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY, '90d': 90 * DAY };
/** What the server gives at most at once. */
const MAX_POINTS = 1500;
// How long the server keeps minutes and hours unless it is told otherwise; days it keeps for years.
const KEPT: Record<UsageStep, number> = { minute: 2 * DAY, hour: 90 * DAY, day: Number.POSITIVE_INFINITY };
const KEPT_AT_LEAST = { minute: 3 * HOUR + 2 * MINUTE, hour: 2 * DAY };
const SHORTEST = 10 * MINUTE;
const LONGEST = 3 * 365 * DAY;

const isPreset = (text: string | null): text is Preset => (PRESETS as readonly (string | null)[]).includes(text);

function seconds(text: string | null): number | null {
  const at = text ? Date.parse(text) / 1000 : Number.NaN;
  return Number.isFinite(at) ? Math.floor(at) : null;
}

export function rangeOf(query: URLSearchParams): Range {
  const from = seconds(query.get('from'));
  const to = seconds(query.get('to'));
  if (from !== null && to !== null && to - from >= MINUTE) return { from, to };
  const preset = query.get('range');
  return { preset: isPreset(preset) ? preset : '3h' };
}

export const timeText = (at: number): string => new Date(at * 1000).toISOString().replace('.000Z', 'Z');

export function queryOf(range: Range): { range: string | null; from: string | null; to: string | null } {
  if ('preset' in range) return { range: range.preset === '3h' ? null : range.preset, from: null, to: null };
  return { range: null, from: timeText(range.from), to: timeText(range.to) };
}

/** The finest step that a span of this length, beginning so long ago, can be shown in. */
export function stepFor(length: number, age = length): UsageStep {
  if (length <= DAY && age <= KEPT.minute) return 'minute';
  return length / HOUR <= MAX_POINTS - 2 && age <= KEPT.hour ? 'hour' : 'day';
}

function onWholeSteps(from: number, to: number, step: UsageStep): Span {
  const size = STEP_SECONDS[step];
  return { from: Math.floor(from / size) * size, to: Math.ceil(to / size) * size, step };
}

/** The same in larger steps, where the server may be set to keep the small ones for a shorter time than usual; null where it cannot. */
export function coarser(span: Span, now: number): Span | null {
  if (span.step === 'day' || now - span.from <= KEPT_AT_LEAST[span.step]) return null;
  return onWholeSteps(span.from, span.to, span.step === 'minute' ? 'hour' : 'day');
}

/** Beginning and end on whole steps: a half one would look like a drop. The step that is under way belongs to it. */
export function spanOf(range: Range, now: number): Span {
  const length = 'preset' in range ? PRESET_SECONDS[range.preset] : range.to - range.from;
  if ('preset' in range) {
    const step = stepFor(length);
    const size = STEP_SECONDS[step];
    const to = (Math.floor(now / size) + 1) * size;
    return { from: to - length, to, step };
  }
  return onWholeSteps(range.from, range.to, stepFor(length, now - range.from));
}

/** Kept to what can be looked at: not shorter than ten minutes, not in the future. */
export function limited(from: number, to: number, now: number): Range {
  const length = Math.min(LONGEST, Math.max(SHORTEST, to - from));
  const middle = (from + to) / 2;
  const end = Math.min(Math.ceil(middle + length / 2), Math.ceil(now / MINUTE) * MINUTE);
  return { from: Math.floor(end - length), to: end };
}

export function moved(span: Span, by: number, now: number): Range {
  const length = span.to - span.from;
  return limited(span.from + by * length, span.to + by * length, now);
}

/** factor 0.5: the middle half; 2: twice as much. */
export function zoomed(span: Span, factor: number, now: number): Range {
  const middle = (span.from + span.to) / 2;
  const half = ((span.to - span.from) * factor) / 2;
  return limited(middle - half, middle + half, now);
}

export interface Series {
  /** Beginnings of the steps, seconds since 1970, without a gap. */
  at: number[];
  issued: number[];
  refused: number[];
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
}

/** The server leaves steps out in which nothing happened: no requests are 0, no times are unknown. */
export function seriesOf(usage: Pick<Usage, 'step' | 'points' | 'latency'>, span: Pick<Span, 'from' | 'to'>): Series {
  const size = STEP_SECONDS[usage.step];
  const first = Math.floor(span.from / size) * size;
  const count = Math.max(0, Math.min(MAX_POINTS, Math.ceil((span.to - first) / size)));
  const at = Array.from({ length: count }, (_, i) => first + i * size);
  const zeros = (): number[] => new Array<number>(count).fill(0);
  const unknown = (): (number | null)[] => new Array<number | null>(count).fill(null);
  const series: Series = { at, issued: zeros(), refused: zeros(), p50: unknown(), p95: unknown(), p99: unknown() };
  const place = (time: string): number => Math.floor((Date.parse(time) / 1000 - first) / size);
  for (const point of usage.points) {
    const i = place(point.at);
    if (i < 0 || i >= count) continue;
    series.issued[i] = point.issued;
    series.refused[i] = point.refused;
  }
  for (const l of usage.latency) {
    const i = place(l.at);
    if (i < 0 || i >= count) continue;
    series.p50[i] = l.p50_us / 1000;
    series.p95[i] = l.p95_us / 1000;
    series.p99[i] = l.p99_us / 1000;
  }
  return series;
}

export interface Totals {
  issued: number;
  refused: number;
  /** 0 to 1; null where nothing was asked for. */
  share: number | null;
}

export function totalsOf(points: readonly { issued: number; refused: number }[]): Totals {
  const issued = points.reduce((sum, p) => sum + p.issued, 0);
  const refused = points.reduce((sum, p) => sum + p.refused, 0);
  return { issued, refused, share: issued + refused > 0 ? refused / (issued + refused) : null };
}

/** Rows of the table view, newest first: the steps in which there was something. */
export function rowsOf(series: Series): number[] {
  const rows: number[] = [];
  for (let i = series.at.length - 1; i >= 0; i--) {
    if (series.issued[i] || series.refused[i] || series.p50[i] !== null) rows.push(i);
  }
  return rows;
}
