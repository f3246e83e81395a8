// Programs to paste, with this application's values in them.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Application, Environment } from '../../api/types';
import { rich, t } from '../../i18n';
import type { FreshSecret } from '../../lib/fresh';
import { remember, remembered } from '../../lib/preferences';
import { usesCertificates } from '../../lib/registration';
import { SECRET_VARIABLE, SNIPPET_LANGUAGES, type SnippetLanguage, curlWithCertificate, exportLine, snippet } from '../../lib/snippets';
import { CopyButton } from '../../ui/button';
import { Code, CodeBlock, Tabs } from '../../ui/data';
import { Checkbox } from '../../ui/field';
import { Section } from '../../ui/page';
import { type Wanted, wantedScope } from './integration';

function CopyBlock({ text, what }: { text: string; what: string }): VNode {
  return (
    <div class="copy-block">
      <CodeBlock text={text} label={what} />
      <CopyButton text={text} what={what} />
    </div>
  );
}

export function SnippetsSection({ application, environment, fresh, wanted }: { application: Application; environment: Environment; fresh: FreshSecret | null; wanted: Wanted }): VNode {
  const [language, setLanguage] = useState<SnippetLanguage>(() => SNIPPET_LANGUAGES.find((l) => l.id === remembered('snippet'))?.id ?? 'curl');
  const [withSecret, setWithSecret] = useState(false);
  const label = SNIPPET_LANGUAGES.find((l) => l.id === language)?.label ?? language;
  const code = snippet(language, {
    tokenEndpoint: environment.token_endpoint,
    clientId: application.client_id,
    authMethod: application.auth_method,
    scope: wantedScope(wanted),
  });
  if (usesCertificates(application.auth_method)) {
    return (
      <Section title={t('snippet.title')} intro={t('snippet.certificate')}>
        <CopyBlock text={curlWithCertificate(environment.mtls_token_endpoint ?? environment.token_endpoint, application.client_id, wantedScope(wanted))} what={t('snippet.program', { language: 'curl' })} />
      </Section>
    );
  }
  const choose = (id: string): void => {
    setLanguage(id as SnippetLanguage);
    remember('snippet', id);
  };
  return (
    <Section title={t('snippet.title')} intro={t('snippet.intro')}>
      <div class="stack">
        <h3>{rich('snippet.secret', { variable: <Code>{SECRET_VARIABLE}</Code> })}</h3>
        <CopyBlock text={exportLine(fresh && withSecret ? fresh.value : null, t('snippet.placeholder'))} what={t('snippet.export')} />
        {fresh && <Checkbox label={t('snippet.put_in')} hint={t('snippet.put_in_hint')} checked={withSecret} onChange={setWithSecret} />}
        <h3>{t('snippet.ask')}</h3>
        <Tabs label={t('snippet.languages')} tabs={SNIPPET_LANGUAGES} current={language} onChange={choose}>
          <CopyBlock text={code} what={t('snippet.program', { language: label })} />
        </Tabs>
      </div>
    </Section>
  );
}
