// The own profile: name, password, second factor, sessions, language and colours.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../api/admin';
import type { Operator } from '../api/types';
import { type Language, preferredTheme, remember, showTheme } from '../lib/preferences';
import { chooseLanguage, language, t } from '../i18n';
import { isProblem } from '../lib/errors';
import { useSubmission } from '../lib/form';
import { adopt, currentOperator, sessionStatus } from '../lib/session';
import { useStore } from '../lib/store';
import { toast } from '../lib/toast';
import { Button } from '../ui/button';
import { Fact, Facts } from '../ui/data';
import { ErrorBox } from '../ui/feedback';
import { Field, Select } from '../ui/field';
import { PageHead, Section } from '../ui/page';
import { NewPassword } from './account/password';
import { SessionTable, end, useSessions } from './account/sessions';
import { SecondFactor } from './profile/second_factor';

const refresh = async (): Promise<void> => adopt(await admin.getSession());

function Name({ operator }: { operator: Operator }): VNode {
  const [name, setName] = useState(operator.name);
  const submission = useSubmission();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (submission.invalid({ name: name.trim() ? undefined : t('operators.name_missing') })) return;
    void submission.run(async () => {
      try {
        await admin.renameSelf(name.trim(), operator.version);
      } catch (e) {
        // An admin may have changed the account meanwhile. The name is one's own: it is sent again on top.
        if (!isProblem(e, 'precondition-failed')) throw e;
        const now = await admin.getSession();
        await admin.renameSelf(name.trim(), now.operator.version);
      }
      await refresh();
      toast(t('profile.name_saved'));
    });
  };
  return (
    <form class="inline-form" onSubmit={submit} noValidate>
      <Field label={t('profile.name')} value={name} onInput={setName} autocomplete="name" maxLength={200} error={submission.fieldError('name')} hint={t('profile.name_hint')} />
      <Button type="submit" busy={submission.busy}>{t('save')}</Button>
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
    </form>
  );
}

function About({ operator }: { operator: Operator }): VNode {
  return (
    <Section title={t('profile.you')}>
      <div class="stack">
        <Facts>
          <Fact name={t('profile.email')}><bdi>{operator.email}</bdi></Fact>
          <Fact name={t('profile.role')}>{t(`role.${operator.role}`)} <span class="hint">· {t(`operators.role_${operator.role}`)}</span></Fact>
          <Fact name={t('profile.environments')}><bdi>{operator.environments?.join(', ') ?? t('profile.environments_all')}</bdi></Fact>
        </Facts>
        <Name operator={operator} />
      </div>
    </Section>
  );
}

function Sessions(): VNode {
  const listing = useSessions();
  const submission = useSubmission();
  const others = listing.items?.filter((s) => !s.current) ?? [];
  const endOthers = async (): Promise<void> => {
    for (const session of others) await end(session);
    toast(t('sessions.others_ended'));
    listing.reload();
  };
  return (
    <Section
      title={t('profile.sessions')}
      intro={t('profile.sessions_hint')}
      actions={others.length > 1 && <Button busy={submission.busy} onClick={() => void submission.run(endOthers)}>{t('sessions.end_others')}</Button>}
    >
      {submission.error !== undefined && <ErrorBox error={submission.error} />}
      <SessionTable listing={listing} mayEnd empty={t('operators.sessions_none')} />
    </Section>
  );
}

const LANGUAGES: Record<Language, string> = { en: 'English', ar: 'العربية' };

function Looks(): VNode {
  const [theme, setTheme] = useState(preferredTheme);
  const change = (to: string): void => {
    remember('theme', to);
    showTheme();
    setTheme(preferredTheme());
  };
  return (
    <Section title={t('profile.looks')}>
      <div class="two-fields">
        <Select
          label={t('profile.language')}
          value={language()}
          onChange={(to) => void chooseLanguage(to as Language).catch(() => toast(t('error.unreachable')))}
          options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        />
        <Select
          label={t('profile.theme')}
          value={theme}
          onChange={change}
          options={[{ value: 'light', label: t('profile.theme_light') }, { value: 'dark', label: t('profile.theme_dark') }]}
        />
      </div>
    </Section>
  );
}

export function ProfilePage(): VNode {
  useStore(sessionStatus);
  const operator = currentOperator();
  return (
    <>
      <PageHead title={t('nav.profile')} intro={t('profile.intro')} />
      <About operator={operator} />
      <Section title={t('profile.password')} intro={t('profile.password_intro')}>
        <div class="narrow-form">
          <NewPassword current="" email={operator.email} onDone={async () => { await refresh(); toast(t('profile.password_changed')); }} />
        </div>
      </Section>
      <SecondFactor operator={operator} onChanged={refresh} />
      <Sessions />
      <Looks />
    </>
  );
}
