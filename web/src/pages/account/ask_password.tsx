// Asks for the own password before something that only its owner may do.
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../i18n';
import { isProblem } from '../../lib/errors';
import { useSubmission } from '../../lib/form';
import { currentOperator } from '../../lib/session';
import { Button } from '../../ui/button';
import { Actions, Dialog } from '../../ui/dialog';
import { ErrorBox } from '../../ui/feedback';
import { AccountName, Field } from '../../ui/field';

/** The refusals of the profile are 403 too; there it is not the role, but a password that is wrong. */
export const isWrongPassword = (error: unknown): boolean => isProblem(error, 'forbidden') && /password/i.test(error.detail);

export function AskPassword({ title, children, action, danger = false, run, onClose }: { title: string; children: ComponentChildren; action: string; danger?: boolean; run: (password: string) => Promise<unknown>; onClose: () => void }): VNode {
  const [password, setPassword] = useState('');
  const submission = useSubmission();
  const wrong = isWrongPassword(submission.error);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (submission.invalid({ password: password ? undefined : t('login.password_missing') })) return;
    void submission.run(() => run(password));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <AccountName name={currentOperator().email} />
        {children}
        <Field
          label={t('password.current')}
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={setPassword}
          error={wrong ? t('profile.password_wrong') : submission.fieldError('password')}
          hint={t('profile.password_why')}
          autofocus
          code
        />
        {submission.error !== undefined && !wrong && <ErrorBox error={submission.error} />}
        <Actions>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" busy={submission.busy}>{action}</Button>
          <Button onClick={onClose}>{t('cancel')}</Button>
        </Actions>
      </form>
    </Dialog>
  );
}
