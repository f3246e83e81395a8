// Why tokens were refused, what each reason means, what helps.
import type { VNode } from 'preact';
import type { Usage } from '../../api/types';
import { type Key, formatNumber, t } from '../../i18n';
import { en } from '../../i18n/en';
import { Code, Table } from '../../ui/data';
import { Section } from '../../ui/page';

type Explained = Extract<Key, `reason.${string}`> extends `reason.${infer Name}` ? Name : never;

/** The name under which there are texts for it; a newer server may know reasons that are not explained here. */
export function explainedReason(reason: string): Explained {
  return Object.hasOwn(en, `reason.${reason}`) ? (reason as Explained) : 'other';
}

function Share({ count, most }: { count: number; most: number }): VNode {
  return (
    <span class="share">
      <strong>{formatNumber(count)}</strong>
      <svg width="100%" height="6" aria-hidden="true" focusable="false"><rect class="share-bar" width={`${(100 * count) / most}%`} height="6" rx="3" /></svg>
    </span>
  );
}

export function Reasons({ reasons }: { reasons: Usage['reasons'] }): VNode {
  const most = Math.max(1, ...reasons.map((r) => r.count));
  return (
    <Section title={t('usage.reasons')}>
      {reasons.length === 0 ? <p class="hint">{t('usage.reasons_none')}</p> : (
        <Table
          caption={t('usage.reasons')}
          rows={reasons}
          id={(r) => r.reason}
          columns={[
            { title: t('usage.reason'), head: true, cell: (r) => <span class="named">{t(`reason.${explainedReason(r.reason)}`)}<Code>{r.reason}</Code></span> },
            { title: t('usage.what_to_do'), cell: (r) => t(`do.${explainedReason(r.reason)}`) },
            { title: t('usage.count'), cell: (r) => <Share count={r.count} most={most} /> },
          ]}
        />
      )}
    </Section>
  );
}
