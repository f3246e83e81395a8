// "Get a token": the request of a client, run by the server through the same code, and what came of it.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application, TokenTrial } from '../../api/types';
import { rich, t } from '../../i18n';
import { useSubmission } from '../../lib/form';
import type { FreshSecret } from '../../lib/fresh';
import { mayChangeApplications } from '../../lib/session';
import { Button } from '../../ui/button';
import { Code } from '../../ui/data';
import { Badge, ErrorBox } from '../../ui/feedback';
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

export function TrialSection({ application, fresh, wanted, onWanted, onUsed }: { application: Application; fresh: FreshSecret | null; wanted: Wanted; onWanted: (wanted: Wanted) => void; onUsed: () => void }): VNode | null {
  const [secret, setSecret] = useState(fresh?.value ?? '');
  const [trial, setTrial] = useState<TokenTrial | null>(null);
  const submission = useSubmission();
  useEffect(() => {
    if (fresh) setSecret(fresh.value);
  }, [fresh]);
  if (!mayChangeApplications()) return null;

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
          <Select label={t('trial.scope')} value={wanted.scope} onChange={(scope) => onWanted({ ...wanted, scope })} options={application.scopes.map((s) => ({ value: s, label: scopeForm(s) }))} error={isCustomer ? undefined : submission.fieldError('scope')} />
          {isCustomer && <Field label={t('trial.customer')} value={wanted.customerId} onInput={(customerId) => onWanted({ ...wanted, customerId })} error={submission.fieldError('scope')} code />}
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
