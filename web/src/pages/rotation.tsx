// Replacing a secret without a gap: a second one beside the first, the first watched until it is quiet, then revoked.
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Application, Environment, Secret } from '../api/types';
import { rich, t } from '../i18n';
import { findEnvironment } from '../lib/environments';
import { freshOf, freshSecret } from '../lib/fresh';
import { useNow, useQuery } from '../lib/query';
import { type Rotation, rotationOf } from '../lib/rotation';
import { mayChange } from '../lib/session';
import { useStore } from '../lib/store';
import { duration } from '../lib/time';
import { Button } from '../ui/button';
import { Code, Time } from '../ui/data';
import { Badge, EmptyState, Loaded, Notice } from '../ui/feedback';
import { Icon } from '../ui/icons';
import { Section } from '../ui/page';
import { AddSecretDialog, FreshSecretPanel, RevokeDialog } from './integration/secrets';
import { TokensSection } from './tokens_section';

const POLL_MS = 10_000;

function Step({ number, title, state, children }: { number: number; title: string; state: 'done' | 'now' | 'later'; children?: ComponentChildren }): VNode {
  return (
    <li class={`step ${state}`} aria-current={state === 'now' ? 'step' : undefined}>
      <span class="step-mark" aria-hidden="true">{state === 'done' ? <Icon name="check" /> : number}</span>
      <div class="step-body">
        <h3>{title} {state === 'done' && <span class="visually-hidden">{t('rotation.done')}</span>}</h3>
        {state !== 'later' && children}
      </div>
    </li>
  );
}

function SecretLine({ secret, label }: { secret: Secret; label: string }): VNode {
  return (
    <p class="secret-line">
      <span class="hint">{label}</span> <Code>{secret.hint}</Code>
      <span>{secret.last_used_at ? rich('rotation.last_used', { when: <Time at={secret.last_used_at} /> }) : t('rotation.never_used')}</span>
    </p>
  );
}

function Watching({ rotation, environment }: { rotation: Rotation; environment: Environment }): VNode | null {
  const now = useNow(1000);
  const { old, quietAfterMs } = rotation;
  if (!old) return null;
  const quietFor = now - rotation.quietSince;
  const share = Math.min(1, Math.max(0, quietFor / quietAfterMs));
  return (
    <div class="stack">
      <SecretLine secret={old} label={t('rotation.old')} />
      {share < 1 ? (
        <>
          <p>{rich('rotation.quiet_for', { so_far: <strong>{duration(quietFor / 1000)}</strong>, wanted: duration(quietAfterMs / 1000) })}</p>
          <progress value={share} max={1} aria-label={t('rotation.progress')} />
          <p class="hint">{t('rotation.why', { lifetime: duration(Math.max(...environment.scopes.map((s) => s.lifetime_s))) })}</p>
        </>
      ) : (
        <Notice kind="ok"><p>{t('rotation.quiet')}</p></Notice>
      )}
    </div>
  );
}

function Steps({ application, environment, secrets, onChanged }: { application: Application; environment: Environment; secrets: readonly Secret[]; onChanged: () => void }): VNode {
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Secret | null>(null);
  const fresh = freshOf(useStore(freshSecret), application.client_id);
  const now = useNow(POLL_MS);
  const longest = Math.max(0, ...environment.scopes.filter((s) => application.scopes.includes(s.name)).map((s) => s.lifetime_s));
  const rotation = rotationOf(secrets, longest, now);
  const { step, old, young } = rotation;
  const may = mayChange(application);
  const state = (n: number): 'done' | 'now' | 'later' => (n < step ? 'done' : n === step ? 'now' : 'later');
  return (
    <>
      {fresh && <FreshSecretPanel fresh={fresh} environment={environment} />}
      <ol class="steps">
        <Step number={1} title={t('rotation.add')} state={state(1)}>
          {step === 1 && (
            <>
              <p>{t('rotation.add_text')}</p>
              {old && <SecretLine secret={old} label={t('rotation.present')} />}
              {may && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('secret.add')}</Button>}
            </>
          )}
          {step > 1 && young && <p><Code>{young.hint}</Code> <span class="hint">{t('rotation.added')} <Time at={young.created_at} /></span></p>}
        </Step>
        <Step number={2} title={t('rotation.deploy')} state={state(2)}>
          {step === 2 && (
            <>
              <p>{t('rotation.deploy_text')}</p>
              <p class="row"><Badge kind="info">{t('rotation.waiting')}</Badge> <span class="hint">{t('rotation.watching')}</span></p>
            </>
          )}
          {step > 2 && young && <SecretLine secret={young} label={t('rotation.new')} />}
        </Step>
        <Step number={3} title={t('rotation.watch')} state={state(3)}>
          <Watching rotation={rotation} environment={environment} />
        </Step>
        <Step number={4} title={t('rotation.revoke')} state={state(4)}>
          {old && (
            <>
              <p>{t('rotation.revoke_text')}</p>
              {may && <Button kind="danger" onClick={() => setRevoking(old)}>{t('rotation.revoke_old')}</Button>}
            </>
          )}
        </Step>
      </ol>
      {may && old && (step === 2 || step === 3) && (
        <p class="early"><span class="hint">{t('rotation.early')}</span> <Button small onClick={() => setRevoking(old)}>{t('rotation.revoke_now')}</Button></p>
      )}
      {adding && <AddSecretDialog application={application} onClose={() => setAdding(false)} onAdded={() => { setAdding(false); onChanged(); }} />}
      {revoking && <RevokeDialog application={application} secret={revoking} onClose={() => setRevoking(null)} onRevoked={() => { setRevoking(null); onChanged(); }} />}
    </>
  );
}

export function RotationTab({ application, onChanged }: { application: Application; onChanged: () => void }): VNode | null {
  const environment = findEnvironment(application.environment);
  const query = useQuery('secrets', (signal) => admin.listSecrets(application.environment, application.client_id, signal), { pollMs: POLL_MS });
  if (!environment) return null;
  const changed = (): void => {
    query.reload();
    onChanged();
  };
  return (
    <>
      <Section title={t('rotation.title')} intro={t('rotation.intro')}>
        {environment.secrets_per_application < 2 ? (
          <EmptyState icon="key" title={t('rotation.one_only')} />
        ) : (
          <Loaded query={query}>{({ items }) => <Steps application={application} environment={environment} secrets={items} onChanged={changed} />}</Loaded>
        )}
      </Section>
      {mayChange(application) && <TokensSection application={application} />}
    </>
  );
}
