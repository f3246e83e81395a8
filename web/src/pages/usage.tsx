// What was asked for and what became of it: of an environment, or of one application.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Usage } from '../api/types';
import { formatNumber, locale, t } from '../i18n';
import { useQuery } from '../lib/query';
import { paths, place, setQuery } from '../lib/router';
import { useStore } from '../lib/store';
import { dateTime } from '../lib/time';
import { type Range, type Series, type Span, coarser, limited, queryOf, rangeOf, rowsOf, seriesOf, spanOf, timeText, totalsOf } from '../lib/usage_range';
import { Button, LinkButton } from '../ui/button';
import { Chart, type ChartSeries, plainNumber } from '../ui/chart';
import { Table } from '../ui/data';
import { EmptyState, Loaded } from '../ui/feedback';
import { PageHead, Section } from '../ui/page';
import { Advice, TopApplications } from './usage/applications';
import { RangeBar } from './usage/range_bar';
import { Reasons } from './usage/reasons';

const POLL_MS = 30_000;
const ROWS = 60;

interface Shown {
  usage: Usage;
  span: Span;
}

const milliseconds = (value: number): string => t('usage.ms', { value: plainNumber(value) });
const percent = (share: number | null): string =>
  share === null ? '–' : new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);

function Numbers({ usage }: { usage: Usage }): VNode {
  const { issued, refused, share } = totalsOf(usage.points);
  const facts = [
    { name: t('usage.issued'), value: formatNumber(issued) },
    { name: t('usage.refused'), value: formatNumber(refused) },
    { name: t('usage.share'), value: percent(share) },
  ];
  return <dl class="numbers">{facts.map((f) => <div key={f.name}><dt>{f.name}</dt><dd>{f.value}</dd></div>)}</dl>;
}

function Charts({ shown, series, onZoom }: { shown: Shown; series: Series; onZoom: (from: number, to: number) => void }): VNode {
  const totals = totalsOf(shown.usage.points);
  const counts = useMemo((): ChartSeries[] => [
    { label: t('usage.issued'), values: series.issued, colour: '--chart-1', steps: true, area: true },
    { label: t('usage.refused'), values: series.refused, colour: '--chart-2', dash: [6, 4], steps: true },
  ], [series]);
  const times = useMemo((): ChartSeries[] => [
    { label: t('usage.p50'), values: series.p50, colour: '--chart-3' },
    { label: t('usage.p95'), values: series.p95, colour: '--chart-1', dash: [8, 4] },
    { label: t('usage.p99'), values: series.p99, colour: '--chart-2', dash: [2, 3] },
  ], [series]);
  return (
    <>
      <Section title={`${t('usage.tokens')} ${t(`usage.per_${shown.span.step}`)}`} intro={t('usage.tokens_hint')}>
        <Chart label={t('usage.tokens')} times={series.at} series={counts} format={plainNumber} rest={[formatNumber(totals.issued), formatNumber(totals.refused)]} onZoom={onZoom} />
      </Section>
      <Section title={t('usage.latency')} intro={t('usage.latency_hint')}>
        {shown.usage.latency.length === 0 ? <p class="hint">{t('usage.latency_none')}</p> : (
          <Chart label={t('usage.latency')} times={series.at} series={times} format={milliseconds} onZoom={onZoom} />
        )}
      </Section>
    </>
  );
}

function NumbersTable({ series, step }: { series: Series; step: Span['step'] }): VNode {
  const [shown, setShown] = useState(ROWS);
  const rows = rowsOf(series);
  const time = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : milliseconds(value));
  return (
    <Section title={`${t('usage.tokens')} ${t(`usage.per_${step}`)}`}>
      <Table
        caption={t('usage.tokens')}
        rows={rows.slice(0, shown)}
        id={(i) => i}
        columns={[
          { title: t('usage.time'), head: true, cell: (i) => dateTime(new Date((series.at[i] as number) * 1000)) },
          { title: t('usage.issued'), cell: (i) => formatNumber(series.issued[i] as number), end: true },
          { title: t('usage.refused'), cell: (i) => formatNumber(series.refused[i] as number), end: true },
          { title: t('usage.p50'), cell: (i) => time(series.p50[i]), end: true },
          { title: t('usage.p95'), cell: (i) => time(series.p95[i]), end: true },
          { title: t('usage.p99'), cell: (i) => time(series.p99[i]), end: true },
        ]}
      />
      <div class="pager">
        <span>{t('usage.rows', { count: rows.length })}</span>
        {rows.length > shown && <Button onClick={() => setShown(shown + ROWS)}>{t('usage.more_rows')}</Button>}
      </div>
    </Section>
  );
}

function Nothing({ environment, clientId }: { environment: string; clientId: string | undefined }): VNode {
  return (
    <section class="card">
      <EmptyState icon="chart" title={clientId ? t('usage.none_app') : t('usage.none')}>
        <p>{t('usage.none_hint')}</p>
        {clientId ? (
          <LinkButton href={paths.application(environment, clientId)} kind="primary">{t('usage.none_app_link')}</LinkButton>
        ) : (
          <LinkButton href={paths.applications(environment)} kind="primary">{t('usage.none_link')}</LinkButton>
        )}
      </EmptyState>
    </section>
  );
}

function Content({ shown, environment, clientId, view, onView, onZoom }: { shown: Shown; environment: string; clientId: string | undefined; view: 'chart' | 'table'; onView: (view: 'chart' | 'table') => void; onZoom: (from: number, to: number) => void }): VNode {
  const { usage, span } = shown;
  const series = useMemo(() => seriesOf(usage, span), [shown]);
  if (usage.points.length === 0) return <Nothing environment={environment} clientId={clientId} />;
  return (
    <>
      <Advice environment={environment} advice={usage.advice} />
      <div class="row numbers-row">
        <Numbers usage={usage} />
        <span class="space" />
        <div class="segments" role="group" aria-label={t('usage.view')}>
          <Button small pressed={view === 'chart'} onClick={() => onView('chart')}>{t('usage.view_chart')}</Button>
          <Button small pressed={view === 'table'} onClick={() => onView('table')}>{t('usage.view_table')}</Button>
        </div>
      </div>
      {view === 'chart' ? <Charts shown={shown} series={series} onZoom={onZoom} /> : <NumbersTable series={series} step={span.step} />}
      <Reasons reasons={usage.reasons} />
      {!clientId && <TopApplications environment={environment} applications={usage.applications} />}
    </>
  );
}

/** With `clientId` it is the usage tab of that application, which has a heading already. */
export function UsagePage({ environment, clientId }: { environment: string; clientId?: string }): VNode {
  const { query: given } = useStore(place);
  const range = rangeOf(given);
  const [before, setBefore] = useState<readonly Range[]>([]);
  const [auto, setAuto] = useState(true);
  const [view, setView] = useState<'chart' | 'table'>('chart');
  const moving = 'preset' in range;
  const load = async (signal: AbortSignal): Promise<Shown> => {
    const read = async (span: Span): Promise<Shown> => {
      const of = { from: timeText(span.from), to: timeText(span.to), step: span.step, client_id: clientId };
      return { usage: await admin.getUsage(environment, of, signal), span };
    };
    const now = Date.now() / 1000;
    const finest = await read(spanOf(range, now));
    let shown = finest;
    for (let next = coarser(shown.span, now); shown.usage.points.length === 0 && next; next = coarser(next, now)) shown = await read(next);
    return shown.usage.points.length > 0 ? shown : finest;
  };
  const query = useQuery(JSON.stringify(range), load, { pollMs: auto && moving ? POLL_MS : 0, keep: true });

  const show = (to: Range): void => setQuery(queryOf(to));
  const zoom = (to: Range): void => {
    setBefore([...before, range]);
    show(to);
  };
  const back = (): void => {
    const last = before.at(-1);
    setBefore(before.slice(0, -1));
    if (last) show(last);
  };
  return (
    <>
      {!clientId && <PageHead title={t('nav.usage')} intro={t('usage.intro')} />}
      <RangeBar
        range={range}
        span={query.data?.span ?? spanOf(range, Date.now() / 1000)}
        busy={query.loading}
        auto={auto}
        onAuto={setAuto}
        onPreset={(to) => { setBefore([]); show(to); }}
        onZoom={zoom}
        onBack={before.length > 0 ? back : null}
      />
      <Loaded query={query} lines={8}>
        {(shown) => <Content shown={shown} environment={environment} clientId={clientId} view={view} onView={setView} onZoom={(from, to) => zoom(limited(from, to, Date.now() / 1000))} />}
      </Loaded>
    </>
  );
}
