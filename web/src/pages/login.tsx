// Signing in, step by step: password, second factor, and what the server asks for before it lets one in.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import * as admin from '../api/admin';
import { ApiError } from '../api/client';
import type { Session, SessionState } from '../api/types';
import { t } from '../i18n';
import { type Typed, takeTyped } from '../lib/early_login';
import { useSubmission } from '../lib/form';
import { adopt, leave, sessionStatus, signOut } from '../lib/session';
import { useStore } from '../lib/store';
import { Button } from '../ui/button';
import { Actions, Dialog } from '../ui/dialog';
import { ErrorBox, Notice } from '../ui/feedback';
import { Field } from '../ui/field';
import { LanguageButton, ThemeButton } from '../ui/settings';
import { Brand } from '../ui/shell';
import { NewPassword } from './account/password';
import { EnrollTotp } from './account/totp';

function PasswordStep({ email, typed, onDone }: { email: string; typed: Typed | null; onDone: (session: Session, password: string) => void }): VNode {
  const [address, setAddress] = useState(typed?.email ?? email);
  const [password, setPassword] = useState(typed?.password ?? '');
  const submission = useSubmission();
  const send = (): void => {
    const missing = { email: address.trim() ? undefined : t('login.email_missing'), password: password ? undefined : t('login.password_missing') };
    if (submission.invalid(missing)) return;
    void submission.run(async () => onDone(await admin.login(address.trim(), password), password));
  };
  useEffect(() => {
    if (typed?.sent) send();
  }, []);
  const { error } = submission;
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); send(); }} noValidate>
      <Field label={t('login.email')} type="email" name="email" autocomplete="username" value={address} onInput={setAddress} error={submission.fieldError('email')} autofocus={!email} code />
      <Field label={t('login.password')} type="password" name="password" autocomplete="current-password" value={password} onInput={setPassword} error={submission.fieldError('password')} autofocus={!!email} code />
      {error instanceof ApiError && error.status === 401 ? (
        <div class="notice error" role="alert"><div class="notice-text"><p>{t('login.wrong')}</p></div></div>
      ) : error !== undefined && <ErrorBox error={error} />}
      <Button kind="primary" type="submit" busy={submission.busy}>{t('login.submit')}</Button>
    </form>
  );
}

function TotpStep({ onDone, onLost }: { onDone: (session: Session) => void; onLost: () => void }): VNode {
  const [recovery, setRecovery] = useState(false);
  const [code, setCode] = useState('');
  const submission = useSubmission();
  const send = (value: string): void => {
    const compact = value.replace(/\s/g, '');
    if (submission.invalid({ code: compact ? undefined : t('totp.missing') })) return;
    void submission.run(async () => {
      try {
        onDone(await admin.loginTotp(recovery ? { recovery_code: value.trim() } : { code: compact }));
      } catch (e) {
        setCode('');
        // Without the half-made session no code can be right any more.
        if (e instanceof ApiError && e.status === 401 && !(await admin.getSession().catch(() => null))) onLost();
        throw e;
      }
    });
  };
  const type = (value: string): void => {
    setCode(value);
    if (!recovery && /^\s*\d{3}\s?\d{3}\s*$/.test(value)) send(value);
  };
  const { error } = submission;
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); send(code); }} noValidate>
      <p>{recovery ? t('totp.recovery_intro') : t('totp.intro')}</p>
      <Field
        key={recovery ? 'recovery' : 'code'}
        label={recovery ? t('totp.recovery_code') : t('totp.code')}
        value={code}
        onInput={type}
        inputMode={recovery ? 'text' : 'numeric'}
        autocomplete={recovery ? 'off' : 'one-time-code'}
        error={submission.fieldError('code') ?? submission.fieldError('recovery_code')}
        autofocus
        code
      />
      {error instanceof ApiError && error.status === 401 ? (
        <div class="notice error" role="alert"><div class="notice-text"><p>{recovery ? t('totp.recovery_wrong') : t('totp.wrong')}</p></div></div>
      ) : error !== undefined && <ErrorBox error={error} />}
      <Button kind="primary" type="submit" busy={submission.busy}>{t('login.continue')}</Button>
      <Button kind="quiet" onClick={() => { setRecovery(!recovery); setCode(''); submission.clear(); }}>
        {recovery ? t('totp.use_code') : t('totp.use_recovery')}
      </Button>
    </form>
  );
}

const TITLES = {
  password: 'login.title',
  totp_required: 'totp.title',
  password_change_required: 'login.change_title',
  totp_enrollment_required: 'login.enroll_title',
  complete: 'login.title',
} as const;

/** All steps, one after the other. `children` gets the title of the step and its form. */
function Steps({ email, again = false, children }: { email: string; again?: boolean; children: (title: string, form: VNode) => ComponentChildren }): VNode {
  const status = useStore(sessionStatus);
  const [session, setSession] = useState<Session | null>(status.kind === 'steps' ? status.session : null);
  // Kept for the steps that ask for it again, and no longer than these take.
  const [password, setPassword] = useState('');
  const [notice, setNotice] = useState('');
  const typed = useRef<Typed | null | undefined>(undefined);
  if (typed.current === undefined) typed.current = takeTyped();
  const holder = useRef<HTMLDivElement>(null);
  const step: SessionState | 'password' = session?.state ?? 'password';

  const take = (next: Session): void => {
    setSession(next);
    adopt(next);
  };
  const refresh = async (): Promise<void> => take(await admin.getSession());
  const restart = (text: string): void => {
    setSession(null);
    setPassword('');
    setNotice(text);
  };
  // A dialog or a page that changes its form under the reader: the focus goes to the first field of the new one.
  useLayoutEffect(() => {
    // Somebody who types already stays where that is.
    if (typed.current && holder.current?.contains(document.activeElement)) {
      typed.current = null;
      return;
    }
    typed.current = null;
    holder.current?.querySelector<HTMLElement>('input, [tabindex="-1"]')?.focus();
  }, [step]);

  let form: VNode;
  if (step === 'totp_required') form = <TotpStep onDone={take} onLost={() => restart(t('login.expired'))} />;
  else if (step === 'password_change_required') {
    form = (
      <>
        <p>{t('login.change_intro')}</p>
        <NewPassword current={password} email={session?.operator.email ?? ''} onDone={async (chosen) => { setPassword(chosen); await refresh(); }} />
      </>
    );
  } else if (step === 'totp_enrollment_required') {
    form = (
      <>
        <p>{t('login.enroll_intro')}</p>
        <EnrollTotp password={password} onDone={refresh} />
      </>
    );
  } else {
    form = <PasswordStep email={email} typed={typed.current} onDone={(next, typed) => { setPassword(typed); setNotice(''); take(next); }} />;
  }
  return (
    <div ref={holder} class="stack">
      {notice && <Notice kind="warning"><p>{notice}</p></Notice>}
      {children(t(TITLES[step]), <>
        {form}
        {session && !again && step !== 'complete' && (
          <Button kind="quiet" onClick={() => void signOut().then(() => restart(''))}>{t('login.other_account')}</Button>
        )}
      </>)}
    </div>
  );
}

export function LoginPage(): VNode {
  useEffect(() => {
    document.title = `${t('login.title')} · leanauth`;
  });
  return (
    <div class="outside">
      <header class="outside-top">
        <Brand />
        <span class="space" />
        <LanguageButton />
        <ThemeButton />
      </header>
      <main class="login card" id="content">
        <Steps email="">{(title, form) => <><h1>{title}</h1>{form}</>}</Steps>
      </main>
    </div>
  );
}

/** Over a page whose session ended: the page stays as it is behind it. */
export function SignInAgain({ session }: { session: Session }): VNode {
  return (
    <Dialog title={t('login.again_title')} onClose={null}>
      <div class="stack">
        <p>{t('login.again_intro')}</p>
        <Steps email={session.operator.email} again>{(_title, form) => form}</Steps>
        <Actions><Button kind="quiet" onClick={leave}>{t('login.give_up')}</Button></Actions>
      </div>
    </Dialog>
  );
}
