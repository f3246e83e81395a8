// One operator: access, signing in, sessions, and ending it all.
import type { ComponentChildren, VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Operator } from '../../api/types';
import { t } from '../../i18n';
import { isProblem } from '../../lib/errors';
import { useSubmission } from '../../lib/form';
import { useQuery } from '../../lib/query';
import { navigate, paths } from '../../lib/router';
import { currentOperator, isAdmin } from '../../lib/session';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { Fact, Facts, Time } from '../../ui/data';
import { Confirm, ConfirmByName } from '../../ui/dialog';
import { Badge, EmptyState, ErrorBox, Loaded, Notice } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { PageHead, Section } from '../../ui/page';
import { SecretOnce } from '../../ui/secret';
import { SessionTable, useSessions } from '../account/sessions';
import { EditOperator, environmentsText } from './edit';

const bold = (name: string): string => `\u2068${name}\u2069`;

function BackLink(): VNode {
  return <a class="back" href={paths.operators}><span class="back-icon"><Icon name="next" size={16} flip /></span> {t('operators.back')}</a>;
}

/** A deed with what it leads to beside its button. */
function Deed({ hint, children }: { hint: string; children: ComponentChildren }): VNode {
  return <div class="deed"><p class="hint">{hint}</p>{children}</div>;
}

export function NewPasswordNotice({ name, password, onDone }: { name: string; password: string; onDone: () => void }): VNode {
  return (
    <SecretOnce title={t('operators.password_new', { name: bold(name) })} warning={t('operators.password_warning')} secret={password} what={t('operators.the_password')}>
      <div><Button small onClick={onDone}>{t('operators.password_kept')}</Button></div>
    </SecretOnce>
  );
}

function SigningIn({ operator, onReset, onChanged }: { operator: Operator; onReset: (password: string) => void; onChanged: () => void }): VNode {
  const [asking, setAsking] = useState<'password' | 'totp' | null>(null);
  const made = useRef('');
  const stop = (): void => setAsking(null);
  const name = bold(operator.name);
  const resetPassword = async (): Promise<void> => {
    made.current = (await admin.resetOperatorPassword(operator.operator_id)).password;
  };
  // The focus goes to the password only once the dialog is gone.
  const showPassword = (): void => {
    stop();
    onReset(made.current);
    made.current = '';
    onChanged();
  };
  return (
    <Section title={t('operators.sign_in')}>
      <div class="stack">
        <Deed hint={t('operators.reset_password_hint')}><Button onClick={() => setAsking('password')}>{t('operators.reset_password')}</Button></Deed>
        {operator.totp && <Deed hint={t('operators.reset_totp_hint')}><Button onClick={() => setAsking('totp')}>{t('operators.reset_totp')}</Button></Deed>}
      </div>
      {asking === 'password' && (
        <Confirm title={t('operators.reset_password_title', { name })} action={t('operators.reset_password')} onClose={stop} onDone={showPassword} run={resetPassword}>
          <p>{t('operators.reset_password_hint')}</p>
        </Confirm>
      )}
      {asking === 'totp' && (
        <Confirm title={t('operators.reset_totp_title', { name })} action={t('operators.reset_totp')} onClose={stop} onDone={() => { stop(); toast(t('operators.reset_totp_done')); onChanged(); }} run={() => admin.resetOperatorTotp(operator.operator_id)}>
          <p>{t('operators.reset_totp_what')}</p>
          <p>{t('operators.reset_totp_hint')}</p>
        </Confirm>
      )}
    </Section>
  );
}

function Danger({ operator, onSaved }: { operator: Operator; onSaved: (saved: Operator) => void }): VNode {
  const [asking, setAsking] = useState<'disable' | 'delete' | null>(null);
  const submission = useSubmission();
  const stop = (): void => setAsking(null);
  const name = bold(operator.name);
  const enable = async (): Promise<void> => {
    onSaved(await admin.changeOperator(operator, { enabled: true }));
    toast(t('operators.enabled_done', { name }));
  };
  const disable = async (): Promise<void> => {
    onSaved(await admin.changeOperator(operator, { enabled: false }));
    toast(t('operators.disabled_done', { name }));
  };
  return (
    <Section title={t('operators.danger')}>
      <div class="stack">
        {operator.enabled ? (
          <Deed hint={t('operators.disable_hint')}><Button onClick={() => setAsking('disable')}>{t('operators.disable')}</Button></Deed>
        ) : (
          <Deed hint={t('operators.enable_hint')}><Button busy={submission.busy} onClick={() => void submission.run(enable)}>{t('operators.enable')}</Button></Deed>
        )}
        <Deed hint={t('operators.delete_hint')}><Button kind="danger" icon="trash" onClick={() => setAsking('delete')}>{t('operators.delete')}</Button></Deed>
        {submission.error !== undefined && <ErrorBox error={submission.error} />}
      </div>
      {asking === 'disable' && (
        <Confirm title={t('operators.disable_title', { name })} action={t('operators.disable')} run={disable} onDone={stop} onClose={stop}>
          <p>{t('operators.disable_hint')}</p>
        </Confirm>
      )}
      {asking === 'delete' && (
        <ConfirmByName
          environment={null}
          always
          name={operator.email}
          title={t('operators.delete_title', { name })}
          action={t('operators.delete')}
          run={() => admin.deleteOperator(operator)}
          onDone={() => { toast(t('operators.deleted', { name })); navigate(paths.operators); }}
          onClose={stop}
        >
          <p>{t('operators.delete_hint')}</p>
        </ConfirmByName>
      )}
    </Section>
  );
}

/** `withAccess`: also what the form below it has otherwise. */
function OperatorFacts({ operator, withAccess }: { operator: Operator; withAccess: boolean }): VNode {
  return (
    <Facts>
      <Fact name={t('operators.email')}><bdi>{operator.email}</bdi></Fact>
      {withAccess && <Fact name={t('operators.role')}>{t(`role.${operator.role}`)}</Fact>}
      {withAccess && <Fact name={t('operators.environments')}><bdi>{environmentsText(operator.environments)}</bdi></Fact>}
      <Fact name={t('operators.totp')}>
        {operator.totp ? `${t('operators.totp_on')} · ${t('operators.codes_left', { count: operator.recovery_codes_left })}` : t('operators.totp_off')}
      </Fact>
      <Fact name={t('operators.created')}><Time at={operator.created_at} exact /></Fact>
      <Fact name={t('operators.last_login')}>{operator.last_login_at ? <Time at={operator.last_login_at} exact /> : t('never')}</Fact>
    </Facts>
  );
}

function Sessions({ operator, mayEnd, round }: { operator: Operator; mayEnd: boolean; round: number }): VNode {
  return <Section title={t('operators.sessions')}><SessionRows key={round} operator={operator} mayEnd={mayEnd} /></Section>;
}

function SessionRows({ operator, mayEnd }: { operator: Operator; mayEnd: boolean }): VNode {
  const listing = useSessions(operator.operator_id);
  return <SessionTable listing={listing} operatorId={operator.operator_id} mayEnd={mayEnd} empty={t('operators.sessions_none')} />;
}

export function OperatorView({ id }: { id: string }): VNode {
  const query = useQuery('operator', (signal) => admin.getOperator(id, signal));
  const [password, setPassword] = useState('');
  const [round, setRound] = useState(0);
  const changed = (): void => {
    query.reload();
    setRound(round + 1);
  };
  if (isProblem(query.error, 'not-found')) {
    return <><PageHead title={t('notfound.title')} above={<BackLink />} /><EmptyState icon="people" title={t('operators.gone')} /></>;
  }
  const saved = (next: Operator): void => {
    query.replace(next);
    setRound(round + 1);
  };
  const self = currentOperator().operator_id === id;
  const mayChange = isAdmin();
  return (
    <Loaded query={query} lines={8}>
      {(operator) => (
        <>
          <PageHead title={operator.name} above={<BackLink />} actions={<StatusBadges operator={operator} />} />
          {password && <NewPasswordNotice name={operator.name} password={password} onDone={() => setPassword('')} />}
          {self && <div class="above-card"><Notice><p>{t('operators.self')} <a href={paths.profile}>{t('operators.self_profile')}</a></p></Notice></div>}
          {!mayChange && <div class="above-card"><Notice><p>{t('operators.read_only')}</p></Notice></div>}
          <Section title={t('operators.access')}>
            <div class="stack">
              <OperatorFacts operator={operator} withAccess={self || !mayChange} />
              {mayChange && <EditOperator key={operator.version} operator={operator} self={self} onSaved={saved} onReload={changed} />}
            </div>
          </Section>
          {mayChange && !self && <SigningIn operator={operator} onReset={setPassword} onChanged={changed} />}
          {mayChange && <Sessions operator={operator} mayEnd={!self} round={round} />}
          {mayChange && !self && <Danger operator={operator} onSaved={saved} />}
        </>
      )}
    </Loaded>
  );
}

export function StatusBadges({ operator }: { operator: Operator }): VNode {
  return (
    <span class="row">
      {operator.operator_id === currentOperator().operator_id && <Badge kind="info">{t('operators.you')}</Badge>}
      {operator.enabled ? <Badge kind="ok">{t('operators.enabled')}</Badge> : <Badge kind="danger">{t('operators.disabled')}</Badge>}
      {operator.must_change_password && <Badge kind="warning">{t('operators.must_change')}</Badge>}
    </span>
  );
}
