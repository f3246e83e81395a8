// The secrets of an application: two may live at once, so that one can take the other's place without a gap.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application, Environment, Page, Secret } from '../../api/types';
import { rich, t } from '../../i18n';
import { useIdempotencyKey, useSubmission } from '../../lib/form';
import { type FreshSecret, freshSecret } from '../../lib/fresh';
import type { Query } from '../../lib/query';
import { paths } from '../../lib/router';
import { mayChange } from '../../lib/session';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { Code, Table, Time } from '../../ui/data';
import { Actions, ConfirmByName, Dialog } from '../../ui/dialog';
import { Badge, EmptyState, ErrorBox, Loaded } from '../../ui/feedback';
import { Select } from '../../ui/field';
import { Section } from '../../ui/page';
import { SecretOnce } from '../../ui/secret';

export function FreshSecretPanel({ fresh, environment }: { fresh: FreshSecret; environment: Environment }): VNode {
  return (
    <SecretOnce
      key={fresh.secretId}
      title={t('secret.new_title')}
      warning={environment.test ? t('secret.new_warning') : t('secret.new_warning_production')}
      secret={fresh.value}
      what={t('secret.client_secret')}
    >
      <div class="row">
        <Button small onClick={() => freshSecret.set(null)}>{t('secret.stored')}</Button>
      </div>
    </SecretOnce>
  );
}

const DAY_S = 86_400;
const EXPIRIES = [0, 30, 90, 180, 365];

export function AddSecretDialog({ application, onAdded, onClose }: { application: Application; onAdded: () => void; onClose: () => void }): VNode {
  const [days, setDays] = useState('0');
  const submission = useSubmission();
  const keyFor = useIdempotencyKey();
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run(async () => {
      const body = days === '0' ? {} : { expires_in_s: Number(days) * DAY_S };
      const made = await admin.addSecret(application.environment, application.client_id, body, keyFor(body));
      freshSecret.set({ clientId: application.client_id, secretId: made.secret.secret_id, value: made.client_secret });
      onAdded();
    });
  };
  return (
    <Dialog title={t('secret.add')} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <p>{t('secret.add_intro')}</p>
        <Select
          label={t('secret.expiry')}
          hint={t('secret.expiry_hint')}
          error={submission.fieldError('expires_in_s')}
          value={days}
          onChange={setDays}
          options={EXPIRIES.map((n) => ({ value: String(n), label: n ? t('secret.days', { count: n }) : t('secret.no_expiry') }))}
        />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="primary" type="submit" busy={submission.busy}>{t('secret.add_submit')}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}

export function RevokeDialog({ application, secret, onRevoked, onClose }: { application: Application; secret: Secret; onRevoked: () => void; onClose: () => void }): VNode {
  return (
    <ConfirmByName
      environment={application.environment}
      name={application.name}
      title={t('secret.revoke_title')}
      action={t('secret.revoke')}
      run={() => admin.revokeSecret(application.environment, application.client_id, secret.secret_id)}
      onDone={() => {
        // The one that was just shown may be the one that was revoked.
        if (freshSecret.get()?.secretId === secret.secret_id) freshSecret.set(null);
        toast(t('secret.revoked_done'));
        onRevoked();
      }}
      onClose={onClose}
    >
      <p>{rich('secret.revoke_what', { hint: <Code>{secret.hint}</Code> })}</p>
      <p>{secret.last_used_at ? rich('secret.revoke_used', { when: <strong><Time at={secret.last_used_at} /></strong> }) : t('secret.revoke_unused')}</p>
    </ConfirmByName>
  );
}

function StateBadge({ state }: { state: Secret['state'] }): VNode {
  const kinds = { live: 'ok', expired: 'warning', revoked: 'neutral' } as const;
  return <Badge kind={kinds[state]}>{t(`secret.state_${state}`)}</Badge>;
}

const moment = (at: string | null, otherwise: string): VNode => (at ? <Time at={at} /> : <span class="hint">{otherwise}</span>);

export function SecretsSection({ application, environment, secrets, onChanged }: { application: Application; environment: Environment; secrets: Query<Page<Secret>>; onChanged: () => void }): VNode {
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Secret | null>(null);
  const may = mayChange(application);
  const full = application.live_secrets >= environment.secrets_per_application;
  const add = may && !full && <Button icon="plus" onClick={() => setAdding(true)}>{t('secret.add')}</Button>;
  const order = (a: Secret, b: Secret): number => Number(b.state === 'live') - Number(a.state === 'live') || b.created_at.localeCompare(a.created_at);
  return (
    <Section title={t('secret.title')} intro={t('secret.intro')} actions={add}>
      <Loaded query={secrets}>
        {({ items }) => items.length ? (
          <Table
            caption={t('secret.title')}
            rows={[...items].sort(order)}
            id={(s) => s.secret_id}
            columns={[
              { title: t('secret.hint'), head: true, cell: (s) => <Code>{s.hint}</Code> },
              { title: t('secret.state'), cell: (s) => <StateBadge state={s.state} /> },
              { title: t('secret.created'), cell: (s) => <Time at={s.created_at} /> },
              { title: t('secret.last_used'), cell: (s) => moment(s.last_used_at, t('never')) },
              { title: t('secret.expires'), cell: (s) => (s.revoked_at ? <span class="hint">{t('secret.revoked_at')} <Time at={s.revoked_at} /></span> : moment(s.expires_at, t('never'))) },
              ...(may ? [{
                title: t('secret.actions'),
                actions: true,
                cell: (s: Secret) => s.state === 'live' && (
                  <Button small label={`${t('secret.revoke')} ${s.hint}`} onClick={() => setRevoking(s)}>{t('secret.revoke')}</Button>
                ),
              }] : []),
            ]}
          />
        ) : (
          <EmptyState icon="key" title={t('secret.none')}>
            {may && <p>{t('secret.none_hint')}</p>}
            {add}
          </EmptyState>
        )}
      </Loaded>
      {may && full && (
        <p class="hint after-table">
          {rich('secret.full', { count: environment.secrets_per_application, rotation: <a href={paths.application(application.environment, application.client_id, 'rotation')}>{t('app.tab_rotation')}</a> })}
        </p>
      )}
      {adding && <AddSecretDialog application={application} onClose={() => setAdding(false)} onAdded={() => { setAdding(false); onChanged(); }} />}
      {revoking && <RevokeDialog application={application} secret={revoking} onClose={() => setRevoking(null)} onRevoked={() => { setRevoking(null); onChanged(); }} />}
    </Section>
  );
}
