// Which applications asked for tokens, and which ask for far more than they need.
import type { VNode } from 'preact';
import type { Usage } from '../../api/types';
import { formatNumber, rich, t } from '../../i18n';
import { paths } from '../../lib/router';
import { duration } from '../../lib/time';
import { Code, Table } from '../../ui/data';
import { Notice } from '../../ui/feedback';
import { Section } from '../../ui/page';

export function Advice({ environment, advice }: { environment: string; advice: Usage['advice'] }): VNode | null {
  if (advice.length === 0) return null;
  return (
    <section class="usage-advice" aria-label={t('usage.advice')}>
      <Notice kind="warning">
        <h2>{t('usage.advice')}</h2>
        <ul>
          {advice.map((a) => (
            <li key={a.client_id}>
              {rich('usage.advice_one', {
                name: <a href={paths.application(environment, a.client_id, 'usage')}><bdi>{a.name}</bdi></a>,
                tokens: <strong>{formatNumber(a.tokens)}</strong>,
                needed: <strong>{formatNumber(a.needed)}</strong>,
                lifetime: duration(a.lifetime_s),
              })}
            </li>
          ))}
        </ul>
        <p>{t('usage.advice_what')}</p>
        <p class="hint">{t('usage.advice_share')}</p>
      </Notice>
    </section>
  );
}

type Row = Usage['applications'][number];

export function TopApplications({ environment, applications }: { environment: string; applications: Usage['applications'] }): VNode | null {
  if (applications.length === 0) return null;
  const name = (a: Row): VNode => a.client_id === null ? (
    <span class="named">{t('usage.unknown_client')}<span class="hint">{t('usage.unknown_client_hint')}</span></span>
  ) : (
    <span class="named"><a href={paths.application(environment, a.client_id, 'usage')}><bdi>{a.name ?? a.client_id}</bdi></a><Code>{a.client_id}</Code></span>
  );
  return (
    <Section title={t('usage.applications')}>
      <Table
        caption={t('usage.applications')}
        rows={applications}
        id={(a) => a.client_id ?? ''}
        columns={[
          { title: t('usage.application'), head: true, cell: name },
          { title: t('usage.issued'), cell: (a) => formatNumber(a.issued), end: true },
          { title: t('usage.refused'), cell: (a) => formatNumber(a.refused), end: true },
        ]}
      />
    </Section>
  );
}
