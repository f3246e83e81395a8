// A chart of numbers over time (uPlot). Colours come from the style sheet, so it follows the theme; lines differ in their dashes
// too. In a page that is read from the right, time runs from the right.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { formatNumber, t } from '../i18n';
import { date, dateTime } from '../lib/time';

export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
  /** Name of a custom property: --chart-1 */
  colour: string;
  dash?: readonly number[];
  /** Each value holds for its whole step; otherwise lines go from point to point. */
  steps?: boolean;
  /** With a filled ground. */
  area?: boolean;
}

export interface ChartProps {
  label: string;
  /** Seconds since 1970, one for each value. */
  times: readonly number[];
  series: readonly ChartSeries[];
  format: (value: number) => string;
  /** What the readout shows while nothing is pointed at; without it, the newest values. */
  rest?: readonly string[];
  onZoom: (from: number, to: number) => void;
}

const HEIGHT = 240;
const MIN_DRAG = 6;
const DAY = 86_400;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = (): string => `12px ${colour('--font') || 'sans-serif'}`;
const clockTime = (at: number): string =>
  new Date(at * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayOf = (at: number): string => date(new Date(at * 1000)).replace(/[\s,،/]*\d{4}$/u, '');

/** A time that begins a day stands as the day. */
function timeLabels(splits: number[], increment: number): string[] {
  return splits.map((at) => {
    const midnight = new Date(at * 1000).getHours() === 0 && new Date(at * 1000).getMinutes() === 0;
    return increment >= DAY || midnight ? dayOf(at) : clockTime(at);
  });
}

function axes(format: ChartProps['format'], rtl: boolean): uPlot.Axis[] {
  const common: uPlot.Axis = {
    stroke: () => colour('--soft'),
    font: font(),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { stroke: () => colour('--line'), width: 1, size: 5 },
  };
  return [
    { ...common, space: 78, size: 34, values: (_u, splits, _axis, _space, increment) => timeLabels(splits, increment) },
    { ...common, side: rtl ? 1 : 3, size: 62, values: (_u, splits) => splits.map(format) },
  ];
}

/** Values with nothing on either side, of which no line would be seen. */
function alone(values: readonly (number | null | undefined)[]): number[] {
  const there = (i: number): boolean => values[i] !== null && values[i] !== undefined;
  return values.map((_, i) => i).filter((i) => there(i) && !there(i - 1) && !there(i + 1));
}

function seriesOptions(s: ChartSeries): uPlot.Series {
  return {
    label: s.label,
    stroke: () => colour(s.colour),
    width: 2,
    dash: s.dash ? [...s.dash] : undefined,
    spanGaps: false,
    paths: s.steps ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
    fill: s.area ? () => `${colour(s.colour)}26` : undefined,
    points: s.steps ? { show: false } : { size: 5, filter: (u, i, show) => (show ? null : alone(u.data[i] as (number | null)[])) },
  };
}

interface Handlers {
  onZoom: ChartProps['onZoom'];
  onPoint: (index: number | null) => void;
}

function selected(u: uPlot, handlers: Handlers): void {
  const { left, width } = u.select;
  if (width >= MIN_DRAG) {
    const ends = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
    handlers.onZoom(Math.min(...ends), Math.max(...ends));
  }
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function options(props: ChartProps, width: number, handlers: Handlers): uPlot.Options {
  const rtl = document.documentElement.dir === 'rtl';
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [10, rtl ? 0 : 14, 0, rtl ? 14 : 0],
    scales: {
      x: { time: true, dir: rtl ? -1 : 1 },
      y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: axes(props.format, rtl),
    series: [{}, ...props.series.map(seriesOptions)],
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
    hooks: {
      setSelect: [(u) => selected(u, handlers)],
      setCursor: [(u) => handlers.onPoint(u.cursor.idx ?? null)],
    },
  };
}

// A step needs an end, the last one too.
function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  const [first, second] = times;
  const last = times.at(-1);
  if (first === undefined || second === undefined || last === undefined) return [[...times], ...series.map((s) => [...s.values])];
  return [[...times, last + second - first], ...series.map((s) => [...s.values, s.steps ? (s.values.at(-1) ?? null) : null])];
}

/** A sample of the line as it is drawn. */
function Swatch({ series }: { series: ChartSeries }): VNode {
  return (
    <svg class={`swatch ${series.colour.slice(2)}`} width="26" height="12" aria-hidden="true" focusable="false">
      <line x1="1" y1="6" x2="25" y2="6" stroke="currentColor" stroke-width="3" stroke-dasharray={series.dash?.join(' ')} />
    </svg>
  );
}

function newest(series: readonly ChartSeries[]): number | null {
  const at = series[0]?.values.findLastIndex((v) => v !== null) ?? -1;
  return at < 0 ? null : at;
}

function Readout({ props, index }: { props: ChartProps; index: number | null }): VNode {
  const { times, series, rest, format } = props;
  const shown = index === null ? (rest ? null : newest(series)) : Math.min(index, times.length - 1);
  const at = shown === null ? undefined : times[shown];
  const text = (s: ChartSeries, i: number): string => {
    if (shown === null) return rest?.[i] ?? '';
    const value = s.values[shown];
    return value === null || value === undefined ? '–' : format(value);
  };
  return (
    <div class="readout">
      <span class="readout-time">{at === undefined ? t('usage.totals') : dateTime(new Date(at * 1000))}</span>
      {series.map((s, i) => <span key={s.label} class="readout-value"><Swatch series={s} /> {s.label} <strong>{text(s, i)}</strong></span>)}
    </div>
  );
}

export function Chart(props: ChartProps): VNode {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const [byKey, setByKey] = useState(false);
  const handlers = useRef<Handlers>({ onZoom: props.onZoom, onPoint: setIndex });
  handlers.current.onZoom = props.onZoom;
  const shape = JSON.stringify([props.series.map((s) => [s.label, s.colour]), document.documentElement.dir, document.documentElement.lang]);

  useLayoutEffect(() => {
    const box = holder.current;
    if (!box) return undefined;
    const made = new uPlot(options(props, box.clientWidth || 300, handlers.current), dataOf(props), box);
    chart.current = made;
    const size = new ResizeObserver(() => box.clientWidth && made.setSize({ width: box.clientWidth, height: HEIGHT }));
    size.observe(box);
    const theme = new MutationObserver(() => made.redraw());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      size.disconnect();
      theme.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => {
    chart.current?.setData(dataOf(props));
  }, [props.times, props.series]);

  const point = (to: number): void => {
    const u = chart.current;
    const at = props.times[to];
    if (!u || at === undefined) return;
    setByKey(true);
    u.setCursor({ left: u.valToPos(at, 'x'), top: 10 });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backward = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
    const last = props.times.length - 1;
    const to = { [forward]: index === null ? 0 : Math.min(last, index + 1), [backward]: index === null ? last : Math.max(0, index - 1), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  };
  return (
    <div class="chart">
      <div role={byKey ? 'status' : undefined}><Readout props={props} index={index} /></div>
      <div
        class="chart-box"
        dir="ltr"
        ref={holder}
        role="group"
        tabIndex={0}
        aria-label={t('usage.chart_keys', { what: props.label })}
        onKeyDown={onKeyDown}
        onBlur={() => { setByKey(false); chart.current?.setCursor({ left: -10, top: -10 }); }}
      />
    </div>
  );
}

export const plainNumber = (value: number): string => formatNumber(Math.round(value * 1000) / 1000);
