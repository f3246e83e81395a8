// Choosing a new password: at the first login, and in the profile.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import { t } from '../../i18n';
import { useSubmission } from '../../lib/form';
import { Button } from '../../ui/button';
import { ErrorBox } from '../../ui/feedback';
import { AccountName, Field } from '../../ui/field';
import { blaming } from './own_password';

export const PASSWORD_MIN = 12;

/** What is wrong with a new password, as far as this side can tell. */
export function passwordProblem(password: string, email: string): 'password.too_short' | 'password.is_email' | null {
  // Counted as a reader counts, not in UTF-16 units.
  if ([...password].length < PASSWORD_MIN) return 'password.too_short';
  return password.toLowerCase() === email.toLowerCase() ? 'password.is_email' : null;
}

/** `current`: the present password where it is known already; otherwise it is asked for. */
export function NewPassword({ current, email, onDone }: { current: string; email: string; onDone: (password: string) => Promise<void> | void }): VNode {
  const [old, setOld] = useState('');
  const [chosen, setChosen] = useState('');
  const [repeated, setRepeated] = useState('');
  const submission = useSubmission();
  const submit = (event: Event): void => {
    event.preventDefault();
    const problem = passwordProblem(chosen, email);
    const wrong = {
      current_password: current || old ? undefined : t('login.password_missing'),
      new_password: problem ? (problem === 'password.too_short' ? t(problem, { count: PASSWORD_MIN }) : t(problem)) : undefined,
      repeated: chosen === repeated ? undefined : t('password.differs'),
    };
    if (submission.invalid(wrong)) return;
    void submission.run(async () => {
      const change = (): Promise<void> => admin.changePassword(current || old, chosen);
      await (current ? change() : blaming('current_password', t('password.wrong'), change));
      await onDone(chosen);
    }).then((done) => {
      if (!done) return;
      setOld('');
      setChosen('');
      setRepeated('');
    });
  };
  return (
    <form class="stack" onSubmit={submit} noValidate>
      <AccountName name={email} />
      {!current && (
        <Field label={t('password.current')} type="password" autocomplete="current-password" value={old} onInput={setOld} error={submission.fieldError('current_password')} code />
      )}
      <Field label={t('password.new')} type="password" autocomplete="new-password" value={chosen} onInput={setChosen} error={submission.fieldError('new_password')} hint={t('password.rule', { count: PASSWORD_MIN })} code />
      <Field label={t('password.repeat')} type="password" autocomplete="new-password" value={repeated} onInput={setRepeated} error={submission.fieldError('repeated')} code />
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
      <Button kind="primary" type="submit" busy={submission.busy}>{t('password.submit')}</Button>
    </form>
  );
}
