// The applications of an environment: finding one, making one.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Application, AuthMethod } from '../api/types';
import { rich, t } from '../i18n';
import { findEnvironment } from '../lib/environments';
import { useIdempotencyKey, useSubmission } from '../lib/form';
import { freshSecret } from '../lib/fresh';
import { useDebounced, useListing } from '../lib/query';
import { navigate, paths, place, setQuery } from '../lib/router';
import { SUBJECTS, changeOf, formOf } from '../lib/registration';
import { isAdmin, isAdminScope, mayChangeApplications } from '../lib/session';
import { Button } from '../ui/button';
import { Code, Rows, Table, Time } from '../ui/data';
import { Actions, Dialog } from '../ui/dialog';
import { Badge, EmptyState, ErrorBox } from '../ui/feedback';
import { Field, Select } from '../ui/field';
import { PageHead } from '../ui/page';
import { FurtherFields, MethodFields, More, ScopeChoices, wrongIn } from './integration/choices';

/** Scopes that the form of a new application offers. */
export function offeredScopes(environment: string): string[] {
  const all = findEnvironment(environment)?.scopes.map((s) => s.name) ?? [];
  return all.filter((scope) => isAdmin() || !isAdminScope(scope));
}

const IN_MORE = ['scopes', 'auth_method', 'jwks', 'jwks_uri', ...SUBJECTS];

function CreateDialog({ environment, onClose }: { environment: string; onClose: () => void }): VNode {
  const offered = offeredScopes(environment);
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(offered.filter((s) => s === 'api' || s === 'customer'));
  const [method, setMethod] = useState<AuthMethod>('client_secret');
  const [form, setForm] = useState(() => formOf(null));
  const submission = useSubmission();
  const keyFor = useIdempotencyKey();
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = { name: name.trim() ? undefined : t('app.name_missing'), scopes: scopes.length ? undefined : t('app.scopes_missing'), ...wrongIn(method, form) };
    if (submission.invalid(wrong)) return;
    void submission.run(async () => {
      const body = { name: name.trim(), scopes: [...scopes], auth_method: method, ...changeOf(method, formOf(null), form) };
      const made = await admin.createApplication(environment, body, keyFor(body));
      if (made.secret && made.client_secret) freshSecret.set({ clientId: made.application.client_id, secretId: made.secret.secret_id, value: made.client_secret });
      navigate(paths.application(environment, made.application.client_id));
    });
  };
  return (
    <Dialog title={t('app.create')} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <p>{rich('app.create_intro', { environment: <strong><bdi>{environment}</bdi></strong> })}</p>
        <Field label={t('app.name')} value={name} onInput={setName} error={submission.fieldError('name')} hint={t('app.name_hint')} maxLength={200} autofocus />
        <More title={t('app.more')} wrong={IN_MORE.some((one) => submission.fieldError(one) !== undefined)}>
          <ScopeChoices environment={environment} offered={offered} chosen={scopes} onChange={setScopes} error={submission.fieldError('scopes')} />
          <MethodFields method={method} onMethod={setMethod} form={form} onForm={setForm} error={submission.fieldError} />
        </More>
        <FurtherFields environment={environment} method={method} form={form} onForm={setForm} error={submission.fieldError} />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="primary" type="submit" busy={submission.busy}>{t('app.create_submit')}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}

export function StatusBadge({ enabled }: { enabled: boolean }): VNode {
  return enabled ? <Badge kind="ok">{t('app.enabled')}</Badge> : <Badge kind="warning">{t('app.disabled')}</Badge>;
}

function ApplicationTable({ items }: { items: readonly Application[] }): VNode {
  return (
    <Table
      caption={t('nav.applications')}
      rows={items}
      id={(a) => a.client_id}
      columns={[
        {
          title: t('app.name'),
          head: true,
          cell: (a) => (
            <span class="named">
              <a href={paths.application(a.environment, a.client_id)}><bdi>{a.name}</bdi></a>
              <Code>{a.client_id}</Code>
            </span>
          ),
        },
        { title: t('app.status'), cell: (a) => <StatusBadge enabled={a.enabled} /> },
        { title: t('app.scopes'), cell: (a) => <Code>{a.scopes.join(' ')}</Code> },
        { title: t('app.live_secrets'), cell: (a) => a.live_secrets, end: true },
        { title: t('app.last_used'), cell: (a) => (a.last_used_at ? <Time at={a.last_used_at} /> : <span class="hint">{t('never')}</span>) },
      ]}
    />
  );
}

type Status = '' | 'true' | 'false';

export function ApplicationsPage({ environment }: { environment: string }): VNode {
  const [search, setSearch] = useState(() => place.get().query.get('q') ?? '');
  const [status, setStatus] = useState<Status>(() => (place.get().query.get('enabled') as Status | null) ?? '');
  const [creating, setCreating] = useState(false);
  const q = useDebounced(search.trim());
  const listing = useListing<Application>(
    JSON.stringify([q, status]),
    (cursor, signal) => admin.listApplications(environment, { q, enabled: status === '' ? null : status === 'true', cursor }, signal),
    (a) => a.client_id,
  );
  useEffect(() => setQuery({ q, enabled: status }), [q, status]);
  const filtered = q !== '' || status !== '';
  const mayCreate = mayChangeApplications();
  const create = mayCreate && <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>{t('app.create')}</Button>;
  return (
    <>
      <PageHead title={t('nav.applications')} intro={t('app.list_intro')} actions={create} />
      <section class="card" aria-label={t('nav.applications')}>
        <div class="filters" role="search">
          <Field label={t('app.search')} type="search" value={search} onInput={setSearch} placeholder={t('app.search_hint')} />
          <Select label={t('app.status')} value={status} onChange={(value) => setStatus(value as Status)} options={[
            { value: '', label: t('app.any_status') },
            { value: 'true', label: t('app.enabled') },
            { value: 'false', label: t('app.disabled') },
          ]} />
        </div>
        <Rows
          listing={listing}
          empty={filtered ? (
            <EmptyState icon="search" title={t('app.none_found')}>
              <p>{t('app.none_found_hint')}</p>
              <Button onClick={() => { setSearch(''); setStatus(''); }}>{t('app.clear_filter')}</Button>
            </EmptyState>
          ) : (
            <EmptyState icon="app" title={t('app.none')}>
              <p>{mayCreate ? t('app.none_hint') : t('app.none_hint_read')}</p>
              {create}
            </EmptyState>
          )}
        >
          {(items) => <ApplicationTable items={items} />}
        </Rows>
      </section>
      {creating && <CreateDialog environment={environment} onClose={() => setCreating(false)} />}
    </>
  );
}
