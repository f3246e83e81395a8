// Programs to paste, with this application's values in them.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Application, Environment } from '../../api/types';
import { rich, t } from '../../i18n';
import type { FreshSecret } from '../../lib/fresh';
import { remember, remembered } from '../../lib/preferences';
import { SECRET_VARIABLE, SNIPPET_LANGUAGES, type SnippetLanguage, type SnippetValues, exportLine, hasPrograms, keyFile, signs, snippet, usesSecret, valuesOf } from '../../lib/snippets';
import { CopyButton } from '../../ui/button';
import { Code, CodeBlock, Tabs } from '../../ui/data';
import { Notice } from '../../ui/feedback';
import { Checkbox } from '../../ui/field';
import { Section } from '../../ui/page';

function CopyBlock({ text, what }: { text: string; what: string }): VNode {
  return (
    <div class="copy-block">
      <CodeBlock text={text} label={what} />
      <CopyButton text={text} what={what} />
    </div>
  );
}

function SecretLine({ fresh }: { fresh: FreshSecret | null }): VNode {
  const [withSecret, setWithSecret] = useState(false);
  return (
    <>
      <h3>{rich('snippet.secret', { variable: <Code>{SECRET_VARIABLE}</Code> })}</h3>
      <CopyBlock text={exportLine(fresh && withSecret ? fresh.value : null, t('snippet.placeholder'))} what={t('snippet.export')} />
      {fresh && <Checkbox label={t('snippet.put_in')} hint={t('snippet.put_in_hint')} checked={withSecret} onChange={setWithSecret} />}
    </>
  );
}

/** What has to stand beside the program, and what its tokens are bound to. */
function Needs({ values, environment }: { values: SnippetValues; environment: Environment }): VNode {
  const byKey = signs(values) && !usesSecret(values);
  return (
    <>
      {(byKey || values.certificate) && (
        <>
          <h3>{t('snippet.files')}</h3>
          <ul>
            {values.certificate && <li>{rich('snippet.file_certificate', { certificate: <Code>client.crt</Code>, key: <Code>client.key</Code> })}</li>}
            {byKey && <li>{rich('snippet.file_key', { key: <Code>{keyFile(values)}</Code>, algorithm: <Code>{values.algorithm}</Code> })}</li>}
          </ul>
        </>
      )}
      {values.certificate && environment.mtls_token_endpoint === null && <Notice kind="warning"><p>{rich('snippet.no_mtls', { option: <Code>mtls_listen</Code>, url: <Code>mtls_url</Code> })}</p></Notice>}
    </>
  );
}

function Programs({ values }: { values: SnippetValues }): VNode {
  const [language, setLanguage] = useState<SnippetLanguage>(() => SNIPPET_LANGUAGES.find((l) => l.id === remembered('snippet'))?.id ?? 'curl');
  const label = SNIPPET_LANGUAGES.find((l) => l.id === language)?.label ?? language;
  const choose = (id: string): void => {
    setLanguage(id as SnippetLanguage);
    remember('snippet', id);
  };
  return (
    <>
      <h3>{t('snippet.ask')}</h3>
      {values.dpop && <p class="hint">{t('snippet.dpop')}</p>}
      <Tabs label={t('snippet.languages')} tabs={SNIPPET_LANGUAGES} current={language} onChange={choose}>
        <CopyBlock text={snippet(language, values)} what={t('snippet.program', { language: label })} />
      </Tabs>
    </>
  );
}

export function SnippetsSection({ application, environment, fresh, scope }: { application: Application; environment: Environment; fresh: FreshSecret | null; scope: string }): VNode {
  const values = valuesOf(application, environment, scope);
  return (
    <Section title={t('snippet.title')} intro={t('snippet.intro')}>
      <div class="stack">
        {usesSecret(values) && <SecretLine fresh={fresh} />}
        <Needs values={values} environment={environment} />
        {hasPrograms(values) ? <Programs values={values} /> : <Notice><p>{rich('snippet.no_program', { algorithm: <Code>{values.algorithm}</Code> })}</p></Notice>}
      </div>
    </Section>
  );
}
