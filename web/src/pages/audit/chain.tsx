// Whether the log is whole, and taking it elsewhere.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { AuditVerdict } from '../../api/types';
import { t } from '../../i18n';
import { useSubmission } from '../../lib/form';
import { Button, LinkButton } from '../../ui/button';
import { CodeWithCopy } from '../../ui/data';
import { Actions, Dialog } from '../../ui/dialog';
import { ErrorBox, Notice } from '../../ui/feedback';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icons';
import { Section } from '../../ui/page';

function Verdict({ verdict, onOpen }: { verdict: AuditVerdict; onOpen: (sequence: number) => void }): VNode {
  const { whole, events, head, first_bad: bad } = verdict;
  if (whole) {
    return (
      <Notice kind="ok">
        <p><strong>{t('audit.whole', { count: events })}</strong></p>
        {head && head.sequence > 0 && <p class="hint">{t('audit.whole_head', { number: head.sequence })}</p>}
        {head && head.sequence > 0 && <CodeWithCopy text={head.hash} what={t('audit.the_hash')} />}
      </Notice>
    );
  }
  return (
    <div class="notice error">
      <Icon name="warning" />
      <div class="notice-text">
        <p><strong>{t('audit.broken')}</strong> {bad && t('audit.broken_at', { number: bad.sequence })}</p>
        {bad && <p lang="en" dir="ltr" class="as-sent">{bad.reason}</p>}
        <p>{t('audit.broken_do')}</p>
        {bad && <Button small onClick={() => onOpen(bad.sequence)}>{t('audit.open_event')}</Button>}
      </div>
    </div>
  );
}

const EXPORT_MAX = 10_000;

function wholeNumber(text: string, max: number): number | null {
  const n = /^\d{1,15}$/.test(text.trim()) ? Number(text) : 0;
  return n >= 1 && n <= max ? n : null;
}

function Export({ onClose }: { onClose: () => void }): VNode {
  const [from, setFrom] = useState('1');
  const [limit, setLimit] = useState(String(EXPORT_MAX));
  const first = wholeNumber(from, Number.MAX_SAFE_INTEGER);
  const most = wholeNumber(limit, EXPORT_MAX);
  return (
    <Dialog title={t('audit.export_title')} onClose={onClose}>
      <div class="stack">
        <p>{t('audit.export_intro')}</p>
        <Field label={t('audit.export_from')} value={from} onInput={setFrom} inputMode="numeric" code error={first ? undefined : t('audit.export_number')} />
        <Field label={t('audit.export_limit')} value={limit} onInput={setLimit} inputMode="numeric" code hint={t('audit.export_limit_hint', { count: EXPORT_MAX })} error={most ? undefined : t('audit.export_range', { count: EXPORT_MAX })} />
        <Actions>
          {first && most ? (
            <LinkButton kind="primary" icon="download" href={admin.auditExportUrl(first, most)} download={`leanauth-audit-${first}.jsonl`}>{t('download')}</LinkButton>
          ) : <Button kind="primary" icon="download" disabled>{t('download')}</Button>}
          <Button onClick={onClose}>{t('close')}</Button>
        </Actions>
      </div>
    </Dialog>
  );
}

export function Chain({ onOpen }: { onOpen: (sequence: number) => void }): VNode {
  const [verdict, setVerdict] = useState<AuditVerdict | null>(null);
  const [exporting, setExporting] = useState(false);
  const submission = useSubmission();
  const verify = (): void => {
    setVerdict(null);
    void submission.run(async () => setVerdict(await admin.verifyAudit()));
  };
  return (
    <Section
      title={t('audit.chain')}
      intro={t('audit.chain_intro')}
      actions={<><Button icon="shield" busy={submission.busy} onClick={verify}>{t('audit.verify')}</Button><Button icon="download" onClick={() => setExporting(true)}>{t('audit.export')}</Button></>}
    >
      <div role="status">
        {submission.busy && <p class="hint">{t('audit.verifying')}</p>}
        {verdict && <Verdict verdict={verdict} onOpen={onOpen} />}
      </div>
      {submission.error !== undefined && <ErrorBox error={submission.error} retry={verify} />}
      {exporting && <Export onClose={() => setExporting(false)} />}
    </Section>
  );
}
