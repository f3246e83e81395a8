// Where tokens come from and for what: endpoints, scopes, lifetimes; and the form that changes what the application may ask for.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Application, AuthMethod, Environment } from '../../api/types';
import { t } from '../../i18n';
import { TOKEN_EXCHANGE, changeOf, formOf } from '../../lib/registration';
import { mayChange } from '../../lib/session';
import { duration } from '../../lib/time';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { ConflictNotice, type Difference, useVersionedEdit } from '../../ui/conflict';
import { Code, CodeWithCopy, Fact, Facts, Table } from '../../ui/data';
import { Actions, Dialog } from '../../ui/dialog';
import { ErrorBox } from '../../ui/feedback';
import { Field } from '../../ui/field';
import { Section } from '../../ui/page';
import { offeredScopes } from '../applications';
import { FurtherFields, MethodFields, ScopeChoices, scopeForm, scopeMeaning, wrongIn } from './choices';

const inOrder = (scopes: readonly string[]): string => [...scopes].sort().join(' ');

function RegistrationFacts({ application }: { application: Application }): VNode {
  const { subject, subjectValue, binding, fapi } = formOf(application);
  const keys = application.jwks?.['keys'];
  return (
    <>
      {application.jwks_uri && <Fact name={t('registration.keys')}><Code>{application.jwks_uri}</Code></Fact>}
      {Array.isArray(keys) && <Fact name={t('registration.keys')}>{t('registration.n_keys', { count: keys.length })}</Fact>}
      {subjectValue && <Fact name={t(`registration.${subject}`)}><Code>{subjectValue}</Code></Fact>}
      {binding !== 'none' && <Fact name={t('registration.binding')}>{t(`registration.binding_${binding}`)}</Fact>}
      {fapi && <Fact name={t('registration.profile')}>{t('registration.fapi')}</Fact>}
      {application.token_endpoint_auth_signing_alg && <Fact name={t('registration.algorithm')}><Code>{application.token_endpoint_auth_signing_alg}</Code></Fact>}
      {application.allow_token_endpoint_audience && <Fact name={t('registration.audience')}>{t('registration.audience_endpoint')}</Fact>}
      {application.grant_types.includes(TOKEN_EXCHANGE) && <Fact name={t('registration.grants')}>{t('registration.exchange')}</Fact>}
      {application.introspection_audiences.length > 0 && <Fact name={t('registration.introspects')}><Code>{application.introspection_audiences.join(' ')}</Code></Fact>}
      {application.requests_per_minute > 0 && <Fact name={t('registration.limit')}>{application.requests_per_minute}</Fact>}
    </>
  );
}

/** All that the form changes, each under its name: what two people did is told from it. */
function told(a: Application): { label: string; text: string; code?: boolean }[] {
  const { keys, subject, subjectValue, binding } = formOf(a);
  return [
    { label: t('app.name'), text: a.name },
    { label: t('app.scopes'), text: inOrder(a.scopes), code: true },
    { label: t('app.auth_method'), text: t(`auth.${a.auth_method}`) },
    { label: t('registration.keys'), text: keys, code: true },
    { label: t('registration.subject'), text: subjectValue && `${t(`registration.${subject}`)}: ${subjectValue}` },
    { label: t('registration.binding'), text: t(`registration.binding_${binding}`) },
    { label: t('registration.profile'), text: a.fapi ? t('registration.fapi') : '' },
    { label: t('registration.algorithm'), text: a.token_endpoint_auth_signing_alg ?? '', code: true },
    { label: t('registration.audience'), text: a.allow_token_endpoint_audience ? t('registration.audience_endpoint') : '' },
    { label: t('registration.grants'), text: a.grant_types.includes(TOKEN_EXCHANGE) ? t('registration.exchange') : '' },
    { label: t('registration.introspects'), text: a.introspection_audiences.join(' '), code: true },
    { label: t('registration.limit'), text: a.requests_per_minute ? String(a.requests_per_minute) : '' },
    { label: t('app.status'), text: a.enabled ? t('app.enabled') : t('app.disabled') },
  ];
}

function differences(before: Application, after: Application): Difference[] {
  const now = told(after);
  const shown = (text: string, code?: boolean): VNode => (text === '' ? <span>{t('none')}</span> : code ? <Code>{text}</Code> : <bdi>{text}</bdi>);
  return told(before).flatMap(({ label, text, code }, i) => {
    const other = now[i]?.text ?? '';
    return text === other ? [] : [{ label, before: shown(text, code), after: shown(other, code) }];
  });
}

export function EditDialog({ application, onSaved, onClose }: { application: Application; onSaved: (application: Application) => void; onClose: () => void }): VNode {
  // What the form began with: the difference to it is what is sent, so that another's change of another field stays.
  const [base] = useState(application);
  const [name, setName] = useState(base.name);
  const [scopes, setScopes] = useState<readonly string[]>(base.scopes);
  const [method, setMethod] = useState<AuthMethod>(base.auth_method);
  const [form, setForm] = useState(() => formOf(base));
  const wrongForm = wrongIn(method, form);
  const readable = !Object.values(wrongForm).some(Boolean);
  const change: admin.ApplicationChange = {
    ...(name.trim() !== base.name && { name: name.trim() }),
    ...(inOrder(scopes) !== inOrder(base.scopes) && { scopes: [...scopes] }),
    ...(method !== base.auth_method && { auth_method: method }),
    ...(readable && changeOf(method, formOf(base), form)),
  };
  const edit = useVersionedEdit<Application>(
    base,
    (version) => admin.changeApplication(base, change, version),
    () => admin.getApplication(base.environment, base.client_id),
    (saved) => {
      toast(t('app.saved'));
      onSaved(saved);
    },
  );
  const offered = [...new Set([...offeredScopes(base.environment), ...base.scopes])];
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = { name: name.trim() ? undefined : t('app.name_missing'), scopes: scopes.length ? undefined : t('app.scopes_missing'), ...wrongForm };
    if (edit.invalid(wrong)) return;
    if (Object.keys(change).length === 0 && !edit.theirs) onClose();
    else void edit.save();
  };
  return (
    <Dialog title={t('app.edit')} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <Field label={t('app.name')} value={name} onInput={setName} error={edit.fieldError('name')} maxLength={200} autofocus />
        <ScopeChoices environment={base.environment} offered={offered} chosen={scopes} onChange={setScopes} error={edit.fieldError('scopes')} />
        <MethodFields method={method} onMethod={setMethod} form={form} onForm={setForm} error={edit.fieldError} />
        <FurtherFields environment={base.environment} method={method} form={form} onForm={setForm} error={edit.fieldError} />
        {edit.error !== undefined && <ErrorBox error={edit.error} />}
        {edit.theirs ? (
          <ConflictNotice differences={differences(base, edit.theirs)} busy={edit.busy} onOverwrite={() => void edit.save()} onTakeTheirs={() => edit.theirs && onSaved(edit.theirs)} />
        ) : (
          <Actions>
            <Button kind="primary" type="submit" busy={edit.busy}>{t('save')}</Button>
            <Button onClick={onClose}>{t('cancel')}</Button>
          </Actions>
        )}
      </form>
    </Dialog>
  );
}

export function AccessSection({ application, environment, onChanged }: { application: Application; environment: Environment; onChanged: (application: Application) => void }): VNode {
  const [editing, setEditing] = useState(false);
  const known = (scope: string): Environment['scopes'][number] | undefined => environment.scopes.find((s) => s.name === scope);
  const edit = mayChange(application) && <Button onClick={() => setEditing(true)}>{t('edit')}</Button>;
  return (
    <Section title={t('access.title')} intro={t('access.intro')} actions={edit}>
      <div class="stack">
        <Table
          caption={t('app.scopes')}
          rows={application.scopes}
          id={(s) => s}
          columns={[
            { title: t('access.scope'), head: true, cell: (s) => <Code>{scopeForm(s)}</Code> },
            { title: t('access.for'), cell: (s) => <span class="hint">{scopeMeaning(s)}</span> },
            { title: t('access.audience'), cell: (s) => <Code>{known(s)?.audience ?? ''}</Code> },
            { title: t('access.lifetime'), cell: (s) => { const info = known(s); return info && duration(info.lifetime_s); } },
          ]}
        />
        <Facts>
          <Fact name={t('access.token_endpoint')}><CodeWithCopy text={environment.token_endpoint} what={t('access.token_endpoint')} /></Fact>
          <Fact name={t('access.issuer')}><CodeWithCopy text={environment.issuer} what={t('access.issuer')} /></Fact>
          <Fact name={t('access.jwks')}><CodeWithCopy text={environment.jwks_uri} what={t('access.jwks')} /></Fact>
          <Fact name={t('app.auth_method')}>{t(`auth.${application.auth_method}`)}</Fact>
          <RegistrationFacts application={application} />
        </Facts>
      </div>
      {editing && <EditDialog application={application} onClose={() => setEditing(false)} onSaved={(saved) => { setEditing(false); onChanged(saved); }} />}
    </Section>
  );
}
