// The own second factor: setting it up, another phone, new recovery codes, removing it.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import { ApiError } from '../../api/client';
import type { Operator } from '../../api/types';
import { t } from '../../i18n';
import { isProblem } from '../../lib/errors';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { Actions, Dialog } from '../../ui/dialog';
import { Badge, Notice } from '../../ui/feedback';
import { Section } from '../../ui/page';
import { AskPassword, isWrongPassword } from '../account/ask_password';
import { EnrollTotp, RecoveryCodes } from '../account/totp';

const FEW_CODES = 3;
type Doing = 'nothing' | 'enroll' | 'codes' | 'remove';

/** The refusal to remove it, told in the reader's language. */
function told(error: unknown): unknown {
  if (!isProblem(error, 'forbidden') || isWrongPassword(error)) return error;
  return new ApiError('conflict', error.status, t('profile.totp_required'), [], error.requestId);
}

function NewCodes({ onClose, onDone }: { onClose: () => void; onDone: () => void }): VNode {
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) return <Dialog title={t('profile.codes_new')} onClose={null}><RecoveryCodes codes={codes} onDone={onDone} /></Dialog>;
  return (
    <AskPassword title={t('profile.codes_new_title')} action={t('profile.codes_new')} onClose={onClose} run={async (password) => setCodes((await admin.newRecoveryCodes(password)).recovery_codes)}>
      <p>{t('profile.codes_new_what')}</p>
    </AskPassword>
  );
}

function Remove({ onClose, onDone }: { onClose: () => void; onDone: () => void }): VNode {
  const run = async (password: string): Promise<void> => {
    try {
      await admin.disableTotp(password);
    } catch (e) {
      throw told(e);
    }
    toast(t('profile.totp_removed'));
    onDone();
  };
  return (
    <AskPassword title={t('profile.totp_remove_title')} action={t('profile.totp_remove')} danger run={run} onClose={onClose}>
      <p>{t('profile.totp_remove_what')}</p>
    </AskPassword>
  );
}

export function SecondFactor({ operator, onChanged }: { operator: Operator; onChanged: () => Promise<void> }): VNode {
  const [doing, setDoing] = useState<Doing>('nothing');
  const stop = (): void => setDoing('nothing');
  const changed = (): void => {
    stop();
    void onChanged();
  };
  const { totp, recovery_codes_left: left } = operator;
  return (
    <Section title={t('profile.totp')} intro={totp ? t('profile.totp_on_hint') : t('profile.totp_off_hint')} actions={<Badge kind={totp ? 'ok' : 'warning'}>{totp ? t('operators.totp_on') : t('operators.totp_off')}</Badge>}>
      <div class="stack">
        {totp && left <= FEW_CODES ? (
          <Notice kind="warning"><p>{t('profile.codes_left', { count: left })} {t('profile.codes_low')}</p></Notice>
        ) : totp && <p>{t('profile.codes_left', { count: left })}</p>}
        <Actions>
          <Button kind={totp ? 'plain' : 'primary'} icon="shield" onClick={() => setDoing('enroll')}>{totp ? t('profile.totp_renew') : t('profile.totp_set_up')}</Button>
          {totp && <Button icon="refresh" onClick={() => setDoing('codes')}>{t('profile.codes_new')}</Button>}
          {totp && <Button icon="trash" onClick={() => setDoing('remove')}>{t('profile.totp_remove')}</Button>}
        </Actions>
      </div>
      {doing === 'enroll' && (
        <Dialog title={totp ? t('profile.totp_renew') : t('login.enroll_title')} onClose={stop}>
          <div class="stack">
            {totp && <Notice><p>{t('profile.totp_renew_hint')}</p></Notice>}
            <EnrollTotp password="" onDone={async () => { await onChanged(); stop(); toast(t('profile.totp_done')); }} />
          </div>
        </Dialog>
      )}
      {doing === 'codes' && <NewCodes onClose={stop} onDone={changed} />}
      {doing === 'remove' && <Remove onClose={stop} onDone={changed} />}
    </Section>
  );
}
