// Client certificates of an application: what the environment's authority issued, or what the application made and somebody registered.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application, Certificate, Environment, NewCertificate } from '../../api/types';
import { rich, t } from '../../i18n';
import { useIdempotencyKey, useSubmission } from '../../lib/form';
import { useQuery } from '../../lib/query';
import { mayChange } from '../../lib/session';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { Code, Table, Time } from '../../ui/data';
import { Actions, ConfirmByName, Dialog } from '../../ui/dialog';
import { Badge, EmptyState, ErrorBox, Loaded } from '../../ui/feedback';
import { CodeField, Select } from '../../ui/field';
import { Icon } from '../../ui/icons';
import { Section, useFocusHere } from '../../ui/page';
import { saveFile } from '../../ui/secret';

const DAY_S = 86_400;
const LIFETIMES = [0, 30, 90, 365];

/** What was just issued: its key is in this page's memory, and nowhere else. */
function IssuedOnce({ issued, onStored }: { issued: NewCertificate; onStored: () => void }): VNode {
  const box = useFocusHere<HTMLElement>();
  const name = `client-${issued.certificate.certificate_id}`;
  const key = issued.private_key_pem;
  return (
    <section class="secret-once" ref={box} tabIndex={-1} aria-label={t('cert.issued_title')}>
      <h2><Icon name="key" /> {t('cert.issued_title')}</h2>
      <div class="row">
        {key && <Button kind="primary" icon="download" onClick={() => saveFile(`${name}.key`, key)}>{t('cert.save_key')}</Button>}
        <Button icon="download" onClick={() => saveFile(`${name}.crt`, issued.certificate_pem ?? '')}>{t('cert.save_certificate')}</Button>
        <Button icon="download" onClick={() => saveFile(`${name}.chain.crt`, issued.chain_pem ?? '')}>{t('cert.save_chain')}</Button>
      </div>
      {key && <p class="secret-warning"><Icon name="warning" /> <span>{t('cert.issued_warning')}</span></p>}
      <div class="row"><Button small onClick={onStored}>{t('cert.stored')}</Button></div>
    </section>
  );
}

interface AddProps {
  application: Application;
  registers: boolean;
  onAdded: (added: NewCertificate) => void;
  onClose: () => void;
}

function AddDialog({ application, registers, onAdded, onClose }: AddProps): VNode {
  const [days, setDays] = useState('0');
  const [pem, setPem] = useState('');
  const submission = useSubmission();
  const keyFor = useIdempotencyKey();
  const submit = (event: Event): void => {
    event.preventDefault();
    const text = pem.trim();
    if (registers && submission.invalid({ certificate_pem: text ? undefined : t('cert.pem_missing') })) return;
    void submission.run(async () => {
      const lifetime = days === '0' ? {} : { expires_in_s: Number(days) * DAY_S };
      const body = registers ? { certificate_pem: text } : { ...(text && { request_pem: text }), ...lifetime };
      onAdded(await admin.addCertificate(application.environment, application.client_id, body, keyFor(body)));
    });
  };
  const title = registers ? t('cert.register') : t('cert.issue');
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <p>{registers ? t('cert.register_intro') : t('cert.issue_intro')}</p>
        {registers ? (
          <CodeField label={t('cert.pem')} value={pem} onInput={setPem} error={submission.fieldError('certificate_pem')} />
        ) : (
          <>
            <Select
              label={t('cert.lifetime')}
              error={submission.fieldError('expires_in_s')}
              value={days}
              onChange={setDays}
              options={LIFETIMES.map((n) => ({ value: String(n), label: n ? t('secret.days', { count: n }) : t('cert.lifetime_default') }))}
            />
            <CodeField label={t('cert.request')} hint={t('cert.request_hint')} value={pem} onInput={setPem} error={submission.fieldError('request_pem')} />
          </>
        )}
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="primary" type="submit" busy={submission.busy}>{registers ? t('cert.register_submit') : t('cert.issue_submit')}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}

function RevokeDialog({ application, certificate, onRevoked, onClose }: { application: Application; certificate: Certificate; onRevoked: () => void; onClose: () => void }): VNode {
  return (
    <ConfirmByName
      environment={application.environment}
      name={application.name}
      title={t('cert.revoke_title')}
      action={t('cert.revoke')}
      run={() => admin.revokeCertificate(application.environment, application.client_id, certificate.certificate_id)}
      onDone={() => {
        toast(t('cert.revoked_done'));
        onRevoked();
      }}
      onClose={onClose}
    >
      <p>{rich('cert.revoke_what', { number: <Code>{certificate.certificate_id}</Code> })}</p>
      <p>{certificate.last_used_at ? rich('secret.revoke_used', { when: <strong><Time at={certificate.last_used_at} /></strong> }) : t('secret.revoke_unused')}</p>
    </ConfirmByName>
  );
}

function StateBadge({ state }: { state: Certificate['state'] }): VNode {
  const kinds = { live: 'ok', expired: 'warning', revoked: 'neutral' } as const;
  return <Badge kind={kinds[state]}>{t(`secret.state_${state}`)}</Badge>;
}

export function CertificatesSection({ application, environment }: { application: Application; environment: Environment }): VNode {
  const certificates = useQuery('certificates', (signal) => admin.listCertificates(application.environment, application.client_id, signal));
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Certificate | null>(null);
  const [issued, setIssued] = useState<NewCertificate | null>(null);
  const chain = useSubmission();
  const may = mayChange(application);
  const registers = (application.auth_method as string) === 'self_signed_tls_client_auth';
  const items = certificates.data?.items ?? [];
  const live = items.filter((c) => c.state === 'live').length;
  const add = may && live < environment.secrets_per_application && (
    <Button icon="plus" onClick={() => setAdding(true)}>{registers ? t('cert.register') : t('cert.issue')}</Button>
  );
  const saveChain = (): void => void chain.run(async () => {
    const { chain_pem } = await admin.getAuthority(application.environment);
    saveFile(`${application.environment}-ca.crt`, chain_pem);
  });
  const order = (a: Certificate, b: Certificate): number => Number(b.state === 'live') - Number(a.state === 'live') || b.created_at.localeCompare(a.created_at);
  return (
    <>
      {issued && <IssuedOnce issued={issued} onStored={() => setIssued(null)} />}
      <Section title={t('cert.title')} intro={t('cert.intro')} actions={add}>
        <Loaded query={certificates}>
          {({ items }) => items.length ? (
            <Table
              caption={t('cert.title')}
              rows={[...items].sort(order)}
              id={(c) => c.certificate_id}
              columns={[
                { title: t('cert.number'), head: true, cell: (c) => <Code>{c.certificate_id}</Code> },
                { title: t('secret.state'), cell: (c) => <StateBadge state={c.state} /> },
                { title: t('cert.subject'), cell: (c) => <Code>{c.subject}</Code> },
                { title: t('secret.last_used'), cell: (c) => (c.last_used_at ? <Time at={c.last_used_at} /> : <span class="hint">{t('never')}</span>) },
                { title: t('secret.expires'), cell: (c) => (c.revoked_at ? <span class="hint">{t('secret.revoked_at')} <Time at={c.revoked_at} /></span> : <Time at={c.expires_at} />) },
                ...(may ? [{
                  title: t('secret.actions'),
                  actions: true,
                  cell: (c: Certificate) => c.state === 'live' && (
                    <Button small label={`${t('cert.revoke')} ${c.certificate_id}`} onClick={() => setRevoking(c)}>{t('cert.revoke')}</Button>
                  ),
                }] : []),
              ]}
            />
          ) : (
            <EmptyState icon="shield" title={t('cert.none')}>
              <p>{t('cert.none_hint')}</p>
              {add}
            </EmptyState>
          )}
        </Loaded>
        {chain.error !== undefined && <ErrorBox error={chain.error} />}
        {items.some((c) => c.origin === 'issued') && (
          <div class="row after-table"><Button small icon="download" busy={chain.busy} onClick={saveChain}>{t('cert.save_chain')}</Button></div>
        )}
      </Section>
      {adding && (
        <AddDialog
          application={application}
          registers={registers}
          onClose={() => setAdding(false)}
          onAdded={(added) => {
            setAdding(false);
            if (added.certificate_pem) setIssued(added);
            else toast(t('cert.registered_done'));
            certificates.reload();
          }}
        />
      )}
      {revoking && <RevokeDialog application={application} certificate={revoking} onClose={() => setRevoking(null)} onRevoked={() => { setRevoking(null); certificates.reload(); }} />}
    </>
  );
}
