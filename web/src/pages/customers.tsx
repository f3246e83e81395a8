// The customers of an application: for whom it may ask for tokens.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Application, Customer } from '../api/types';
import { rich, t } from '../i18n';
import { findEnvironment } from '../lib/environments';
import { useIdempotencyKey, useSubmission } from '../lib/form';
import { useDebounced, useListing } from '../lib/query';
import { mayChange } from '../lib/session';
import { toast } from '../lib/toast';
import { Button } from '../ui/button';
import { Code, Rows, Table, Time } from '../ui/data';
import { Actions, ConfirmByName, Dialog } from '../ui/dialog';
import { EmptyState, ErrorBox, Notice } from '../ui/feedback';
import { Field } from '../ui/field';
import { Section } from '../ui/page';

function AddDialog({ application, onAdded, onClose }: { application: Application; onAdded: (customer: Customer) => void; onClose: () => void }): VNode {
  const [id, setId] = useState('');
  const [user, setUser] = useState('');
  const submission = useSubmission();
  const keyFor = useIdempotencyKey();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (submission.invalid({ customer_id: id.trim() ? undefined : t('customer.id_missing') })) return;
    void submission.run(async () => {
      const body = { customer_id: id.trim(), ...(user.trim() && { app_user_id: user.trim() }) };
      onAdded(await admin.addCustomer(application.environment, application.client_id, body, keyFor(body)));
    });
  };
  const format = findEnvironment(application.environment)?.customer_id_format;
  return (
    <Dialog title={t('customer.add')} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <Field label={t('customer.id')} value={id} onInput={setId} error={submission.fieldError('customer_id')} hint={format === 'uuid' ? t('customer.id_uuid') : t('customer.id_hint')} autofocus code />
        <Field label={t('customer.user')} optional={t('optional')} value={user} onInput={setUser} error={submission.fieldError('app_user_id')} hint={t('customer.user_hint')} code />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="primary" type="submit" busy={submission.busy}>{t('customer.add_submit')}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}

export function CustomersTab({ application }: { application: Application }): VNode {
  const [search, setSearch] = useState('');
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Customer | null>(null);
  const [revoking, setRevoking] = useState<Customer | null>(null);
  const q = useDebounced(search.trim());
  const listing = useListing<Customer>(q, (cursor, signal) => admin.listCustomers(application.environment, application.client_id, { q, cursor }, signal), (c) => c.customer_id);
  const may = mayChange(application);
  const registered = findEnvironment(application.environment)?.customer_policy === 'registered';
  const add = may && <Button icon="plus" onClick={() => setAdding(true)}>{t('customer.add')}</Button>;
  return (
    <Section title={t('customer.title')} intro={t('customer.intro')} actions={add}>
      <div class="stack">
        {!registered && <Notice><p>{t('customer.any')}</p></Notice>}
        <div class="filters" role="search">
          <Field label={t('customer.search')} type="search" value={search} onInput={setSearch} code />
        </div>
        <Rows
          listing={listing}
          empty={q ? <EmptyState icon="search" title={t('customer.none_found')} /> : (
            <EmptyState icon="people" title={t('customer.none')}>
              <p>{registered ? t('customer.none_hint_registered') : t('customer.none_hint')}</p>
              {add}
            </EmptyState>
          )}
        >
          {(items) => (
            <Table
              caption={t('customer.title')}
              rows={items}
              id={(c) => c.customer_id}
              columns={[
                { title: t('customer.id'), head: true, cell: (c) => <Code>{c.customer_id}</Code> },
                { title: t('customer.user'), cell: (c) => (c.app_user_id ? <Code>{c.app_user_id}</Code> : <span class="hint">{t('none')}</span>) },
                { title: t('customer.added'), cell: (c) => <Time at={c.created_at} /> },
                ...(may ? [{
                  title: t('customer.actions'),
                  actions: true,
                  cell: (c: Customer) => (
                    <div class="row several">
                      <Button small label={`${t('customer.remove')} ${c.customer_id}`} onClick={() => setRemoving(c)}>{t('customer.remove')}</Button>
                      <Button small label={`${t('customer.revoke')} ${c.customer_id}`} onClick={() => setRevoking(c)}>{t('customer.revoke')}</Button>
                    </div>
                  ),
                }] : []),
              ]}
            />
          )}
        </Rows>
      </div>
      {adding && (
        <AddDialog application={application} onClose={() => setAdding(false)} onAdded={() => {
          setAdding(false);
          toast(t('customer.added_done'));
          listing.reload();
        }} />
      )}
      {removing && (
        <ConfirmByName
          environment={application.environment}
          name={application.name}
          title={t('customer.remove_title')}
          action={t('customer.remove')}
          run={() => admin.removeCustomer(application.environment, application.client_id, removing.customer_id)}
          onDone={() => {
            listing.update((items) => items.filter((c) => c.customer_id !== removing.customer_id));
            setRemoving(null);
            toast(t('customer.removed_done'));
          }}
          onClose={() => setRemoving(null)}
        >
          <p>{rich('customer.remove_what', { id: <Code>{removing.customer_id}</Code> })}</p>
          <p>{registered ? t('customer.remove_effect') : t('customer.remove_effect_any')}</p>
          <p>{t('tokens.offline')}</p>
        </ConfirmByName>
      )}
      {revoking && (
        <ConfirmByName
          environment={application.environment}
          name={application.name}
          title={t('customer.revoke_title')}
          action={t('customer.revoke')}
          run={() => admin.revokeTokens(application.environment, application.client_id, { customer_id: revoking.customer_id })}
          onDone={() => {
            toast(t('tokens.revoked_done'));
            setRevoking(null);
          }}
          onClose={() => setRevoking(null)}
        >
          <p>{rich('customer.revoke_what', { id: <Code>{revoking.customer_id}</Code> })}</p>
          <p>{t('tokens.offline')}</p>
        </ConfirmByName>
      )}
    </Section>
  );
}
