// Adding an operator. The password that the server makes is shown by the page, once.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Operator } from '../../api/types';
import { t } from '../../i18n';
import { chosenEnvironment } from '../../lib/environments';
import { useIdempotencyKey, useSubmission } from '../../lib/form';
import { Button } from '../../ui/button';
import { Actions, Dialog } from '../../ui/dialog';
import { ErrorBox } from '../../ui/feedback';
import { Field } from '../../ui/field';
import { type Access, AccessFields, missesEnvironment, normal } from './access_fields';

export function AddOperator({ onAdded, onClose }: { onAdded: (operator: Operator, password: string) => void; onClose: () => void }): VNode {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  // The least that is of use: a developer, where one works now.
  const [access, setAccess] = useState<Access>(() => ({ role: 'developer', environments: [chosenEnvironment.get()].filter((e) => e !== null) }));
  const submission = useSubmission();
  const keyFor = useIdempotencyKey();
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = {
      name: name.trim() ? undefined : t('operators.name_missing'),
      email: /^\S+@\S+$/.test(email.trim()) ? undefined : t('operators.email_missing'),
      environments: missesEnvironment(access) ? t('operators.environments_missing') : undefined,
    };
    if (submission.invalid(wrong)) return;
    void submission.run(async () => {
      const body = { email: email.trim(), name: name.trim(), ...normal(access) };
      const made = await admin.createOperator(body, keyFor(body));
      onAdded(made.operator, made.password);
    });
  };
  return (
    <Dialog title={t('operators.add')} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <Field label={t('operators.name')} value={name} onInput={setName} maxLength={200} error={submission.fieldError('name')} autofocus />
        <Field label={t('operators.email')} type="email" inputMode="email" value={email} onInput={setEmail} error={submission.fieldError('email')} hint={t('operators.email_hint')} code />
        <AccessFields access={access} onChange={setAccess} roleError={submission.fieldError('role')} environmentsError={submission.fieldError('environments')} />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind="primary" type="submit" busy={submission.busy}>{t('operators.add_submit')}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}
