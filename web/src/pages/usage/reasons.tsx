// Why tokens were refused, what each reason means, what helps.
import type { VNode } from 'preact';
import type { Usage } from '../../api/types';
import { type Key, formatNumber, t } from '../../i18n';
import { en } from '../../i18n/en';
import { Code, Table } from '../../ui/data';
import { Section } from '../../ui/page';

type Explained = Extract<Key, `reason.${string}`> extends `reason.${infer Name}` ? Name : never;

// What is put right in the same way is explained in the same words.
const SAME: Record<string, Explained> = {
  assertion_type: 'assertion_form', assertion_malformed: 'assertion_form', assertion_typ: 'assertion_form', assertion_claims: 'assertion_form', assertion_client_id: 'assertion_form',
  assertion_expired: 'assertion_time', assertion_lifetime: 'assertion_time', assertion_signature: 'assertion_key',
  client_certificate_malformed: 'client_certificate_untrusted', client_certificate_key_set: 'assertion_key_set',
  dpop_repeated: 'dpop_form', dpop_malformed: 'dpop_form', dpop_type: 'dpop_form', dpop_algorithm: 'dpop_form', dpop_key: 'dpop_form', dpop_signature: 'dpop_form',
  dpop_claims: 'dpop_form', dpop_method: 'dpop_form', dpop_access_token: 'dpop_form', dpop_replayed: 'dpop_time',
  dpop_needed: 'binding_needed', dpop_unwanted: 'binding_needed', certificate_needed: 'binding_needed', resource_syntax: 'resource_not_allowed',
  exchange_subject_missing: 'exchange_form', exchange_subject_type: 'exchange_form', exchange_subject_invalid: 'exchange_form', exchange_subject_scope: 'exchange_form',
  exchange_actor_type: 'exchange_form', exchange_actor: 'exchange_form', exchange_requested_type: 'exchange_form', exchange_scope: 'exchange_form', exchange_binding: 'exchange_form',
  http_client_certificate_chain: 'http_client_certificate', http_plain: 'http_malformed',
};

/** The name under which there are texts for it; a newer server may know reasons that are not explained here. */
export function explainedReason(reason: string): Explained {
  if (Object.hasOwn(en, `reason.${reason}`)) return reason as Explained;
  return (Object.hasOwn(SAME, reason) ? SAME[reason] : undefined) ?? 'other';
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
