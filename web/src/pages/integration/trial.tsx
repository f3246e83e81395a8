// "Get a token": the request of a client, run by the server through the same code, and what came of it.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application, Environment, TokenTrial } from '../../api/types';
import { type Key, rich, t } from '../../i18n';
import { useSubmission } from '../../lib/form';
import type { FreshSecret } from '../../lib/fresh';
import { sendsSecret } from '../../lib/registration';
import { mayChangeApplications } from '../../lib/session';
import { Button } from '../../ui/button';
import { Code } from '../../ui/data';
import { Badge, ErrorBox, Notice } from '../../ui/feedback';
import { Field, Select } from '../../ui/field';
import { Section } from '../../ui/page';
import type { Wanted } from './integration';
import { scopeForm } from './choices';
import { TokenView } from './token_view';

function Refused({ trial }: { trial: TokenTrial }): VNode {
  const { error, error_description: description } = trial.body;
  return (
    <div class="notice error" role="alert">
      <div class="notice-text">
        <p><strong>{t('trial.refused')}</strong> <Badge kind="danger">{String(trial.status)}</Badge> <Code>{String(error ?? '')}</Code></p>
        {typeof description === 'string' && <p lang="en" dir="ltr" class="as-sent">{description}</p>}
      </div>
    </div>
  );
}

interface Choice {
  application: Application;
  wanted: Wanted;
  onWanted: (wanted: Wanted) => void;
}

function ScopeFields({ application, wanted, onWanted, error }: Choice & { error?: string | undefined }): VNode {
  const isCustomer = wanted.scope === 'customer';
  return (
    <>
      <Select label={t('trial.scope')} value={wanted.scope} onChange={(scope) => onWanted({ ...wanted, scope })} options={application.scopes.map((s) => ({ value: s, label: scopeForm(s) }))} error={isCustomer ? undefined : error} />
      {isCustomer && <Field label={t('trial.customer')} value={wanted.customerId} onInput={(customerId) => onWanted({ ...wanted, customerId })} error={error} code />}
    </>
  );
}

/** Why the page cannot ask: what proves the application, or what its tokens are bound to, is not here and must not be. */
function whyNot(a: Application, environment: Environment): Key | null {
  if (a.auth_method === 'private_key_jwt') return 'trial.by_key';
  if (a.auth_method === 'client_secret_jwt') return 'trial.by_secret';
  if (!sendsSecret(a.auth_method)) return 'trial.by_certificate';
  if (a.tls_client_certificate_bound_access_tokens) return 'trial.bound_certificate';
  return a.dpop_bound_access_tokens || a.fapi || environment.fapi ? 'trial.bound_dpop' : null;
}

/** Gets a token in the page; where that cannot be, says why, and who can. */
export function TrialSection({ environment, ...props }: Choice & { environment: Environment; fresh: FreshSecret | null; onUsed: () => void }): VNode | null {
  if (!mayChangeApplications()) return null;
  const reason = whyNot(props.application, environment);
  if (reason === null) return <Trial {...props} />;
  return (
    <Section title={t('trial.title')}>
      <div class="stack">
        <Notice><p>{t(reason as 'trial.by_key')}</p></Notice>
        <div class="trial-form"><ScopeFields {...props} /></div>
      </div>
    </Section>
  );
}

function Trial({ application, fresh, wanted, onWanted, onUsed }: Choice & { fresh: FreshSecret | null; onUsed: () => void }): VNode {
  const [secret, setSecret] = useState(fresh?.value ?? '');
  const [trial, setTrial] = useState<TokenTrial | null>(null);
  const submission = useSubmission();
  useEffect(() => {
    if (fresh) setSecret(fresh.value);
  }, [fresh]);
  const isCustomer = wanted.scope === 'customer';
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = {
      client_secret: secret.trim() ? undefined : t('trial.secret_missing'),
      scope: isCustomer && !wanted.customerId.trim() ? t('trial.customer_missing') : undefined,
    };
    if (submission.invalid(wrong)) return;
    void submission.run(async () => {
      const scope = isCustomer ? `customer.${wanted.customerId.trim()}` : wanted.scope;
      setTrial(null);
      setTrial(await admin.tryToken(application.environment, { client_id: application.client_id, client_secret: secret.trim(), scope }));
      onUsed();
    });
  };
  const token = trial?.body.access_token;
  return (
    <Section title={t('trial.title')} intro={t('trial.intro')}>
      <div class="stack">
        <form class="trial-form" onSubmit={submit} noValidate>
          <Field label={t('trial.secret')} type="password" value={secret} onInput={setSecret} error={submission.fieldError('client_secret')} hint={fresh?.value === secret ? t('trial.secret_fresh') : t('trial.secret_hint')} code />
          <ScopeFields application={application} wanted={wanted} onWanted={onWanted} error={submission.fieldError('scope')} />
          <div class="trial-submit"><Button kind="primary" type="submit" busy={submission.busy}>{t('trial.submit')}</Button></div>
        </form>
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <div aria-live="polite">{trial?.status === 200 && <p class="trial-done"><Badge kind="ok">200</Badge> <span>{rich('trial.done', { scope: <Code>{String(trial.body.scope ?? '')}</Code> })}</span></p>}</div>
        {trial && trial.status !== 200 && <Refused trial={trial} />}
        {trial?.status === 200 && typeof token === 'string' && <TokenView token={token} decoded={trial.token} />}
      </div>
    </Section>
  );
}
