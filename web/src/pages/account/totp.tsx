// Setting up the second factor: at the first login where the server requires it, and in the profile.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { TotpEnrollment } from '../../api/types';
import { t } from '../../i18n';
import { useSubmission } from '../../lib/form';
import { currentOperator } from '../../lib/session';
import { Button, CopyButton } from '../../ui/button';
import { Actions } from '../../ui/dialog';
import { ErrorBox, Notice } from '../../ui/feedback';
import { AccountName, Checkbox, Field } from '../../ui/field';
import { useFocusHere } from '../../ui/page';
import { saveFile } from '../../ui/secret';
import { blaming } from './own_password';

/** In fours, as it is typed off a screen. */
export function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1 ');
}

/** The codes, shown once. `onDone` once they are said to be kept. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }): VNode {
  const [kept, setKept] = useState(false);
  const here = useFocusHere<HTMLDivElement>();
  const text = `${codes.join('\n')}\n`;
  return (
    <div class="stack" role="group" aria-label={t('recovery.title')} tabIndex={-1} ref={here}>
      <h2>{t('recovery.title')}</h2>
      <p>{t('recovery.intro')}</p>
      <ol class="recovery-codes" dir="ltr">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ol>
      <Actions>
        <CopyButton text={text} what={t('recovery.title')} small={false} />
        <Button icon="download" onClick={() => saveFile('leanauth-recovery-codes.txt', text)}>{t('download')}</Button>
      </Actions>
      <Checkbox label={t('recovery.kept')} checked={kept} onChange={setKept} />
      <Button kind="primary" disabled={!kept} onClick={onDone}>{t('login.continue')}</Button>
    </div>
  );
}

function Scan({ enrollment, onCodes }: { enrollment: TotpEnrollment; onCodes: (codes: string[]) => void }): VNode {
  const [code, setCode] = useState('');
  const here = useFocusHere<HTMLParagraphElement>();
  const submission = useSubmission();
  const submit = (event: Event): void => {
    event.preventDefault();
    const digits = code.replace(/\s/g, '');
    if (submission.invalid({ code: /^\d{6}$/.test(digits) ? undefined : t('totp.missing') })) return;
    void submission.run(async () => onCodes((await blaming('code', t('totp.wrong'), () => admin.confirmTotp(digits))).recovery_codes));
  };
  return (
    <form class="stack" onSubmit={submit} noValidate>
      <p ref={here} tabIndex={-1}>{t('totp.scan')}</p>
      <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(enrollment.qr_svg)}`} alt={t('totp.qr')} width="200" height="200" />
      <div>
        <p class="hint">{t('totp.by_hand')}</p>
        <span class="code-copy"><code dir="ltr">{grouped(enrollment.secret)}</code><CopyButton text={enrollment.secret} what={t('totp.secret')} /></span>
      </div>
      <Field label={t('totp.code')} value={code} onInput={setCode} inputMode="numeric" autocomplete="one-time-code" error={submission.fieldError('code')} hint={t('totp.code_hint')} code />
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
      <Button kind="primary" type="submit" busy={submission.busy}>{t('totp.confirm')}</Button>
    </form>
  );
}

/** `password`: where it is known already; otherwise it is asked for. */
export function EnrollTotp({ password, onDone }: { password: string; onDone: () => Promise<void> | void }): VNode {
  const [typed, setTyped] = useState('');
  const [enrollment, setEnrollment] = useState<TotpEnrollment | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const submission = useSubmission();
  const start = (using: string): void => {
    void submission.run(async () => setEnrollment(await blaming('password', t('password.wrong'), () => admin.startTotp(using))));
  };
  useEffect(() => {
    if (password) start(password);
  }, []);

  if (codes) {
    return (
      <>
        <RecoveryCodes codes={codes} onDone={() => void submission.run(async () => onDone())} />
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
      </>
    );
  }
  if (enrollment) return <Scan enrollment={enrollment} onCodes={setCodes} />;
  return (
    <form class="stack" noValidate onSubmit={(event) => {
      event.preventDefault();
      if (!submission.invalid({ password: typed ? undefined : t('login.password_missing') })) start(typed);
    }}>
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
      {password && submission.error === undefined ? <Notice><p>{t('loading')}</p></Notice> : (
        <>
          <AccountName name={currentOperator().email} />
          <Field label={t('password.current')} type="password" autocomplete="current-password" value={typed} onInput={setTyped} error={submission.fieldError('password')} code />
          <Button kind="primary" type="submit" busy={submission.busy}>{t('login.continue')}</Button>
        </>
      )}
    </form>
  );
}
