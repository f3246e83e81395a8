// Fields that making and editing an application share.
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import type { AuthMethod, SubjectMember } from '../../api/types';
import { rich, t } from '../../i18n';
import { findEnvironment } from '../../lib/environments';
import { type Binding, METHODS, type RegistrationForm, SUBJECTS, algorithmsOf, formOf, isLimit, readable, signsAssertions, takesKeys } from '../../lib/registration';
import { isAdmin } from '../../lib/session';
import { duration } from '../../lib/time';
import { Code } from '../../ui/data';
import { Checkbox, Choices, Field, Select, CodeField } from '../../ui/field';

const KNOWN = { api: 'scope.api', customer: 'scope.customer' } as const;

export function scopeMeaning(scope: string): string {
  if (scope === 'api' || scope === 'customer') return t(KNOWN[scope]);
  if (scope === 'admin:read') return t('scope.admin_read');
  return scope === 'admin:write' ? t('scope.admin_write') : t('scope.further');
}

/** How the scope is asked for: a customer's token names the customer. */
export const scopeForm = (scope: string): string => (scope === 'customer' ? 'customer.<customer_id>' : scope);

export function ScopeChoices({ environment, offered, chosen, onChange, error }: { environment: string; offered: readonly string[]; chosen: readonly string[]; onChange: (scopes: readonly string[]) => void; error?: string | undefined }): VNode {
  const known = findEnvironment(environment)?.scopes ?? [];
  return (
    <Choices legend={t('app.scopes')} error={error}>
      {offered.map((scope) => {
        const info = known.find((s) => s.name === scope);
        return (
          <Checkbox
            key={scope}
            label={<Code>{scopeForm(scope)}</Code>}
            hint={<>{scopeMeaning(scope)}{info && <> {t('scope.lives', { duration: duration(info.lifetime_s) })}</>}</>}
            checked={chosen.includes(scope)}
            onChange={(on) => onChange(on ? [...chosen, scope] : chosen.filter((s) => s !== scope))}
          />
        );
      })}
    </Choices>
  );
}

type ErrorOf = (field: string) => string | undefined;

/** What is out of sight until somebody wants it, or something in it is wrong. */
export function More({ title, shown = false, wrong, children }: { title: string; shown?: boolean; wrong: boolean; children: ComponentChildren }): VNode {
  const [open, setOpen] = useState(shown);
  // Stays open once the error is gone, so that nothing closes under the hands of who puts it right.
  useLayoutEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  return (
    <details class="more" open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      <div class="stack">{children}</div>
    </details>
  );
}

interface FormProps {
  method: AuthMethod;
  form: RegistrationForm;
  onForm: (form: RegistrationForm) => void;
  error: ErrorOf;
}

/** What is wrong before anything is sent, by the name of the field. */
export function wrongIn(method: AuthMethod, form: RegistrationForm): Record<string, string | undefined> {
  return {
    jwks: takesKeys(method) && !readable(form.keys) ? t('registration.keys_unreadable') : undefined,
    requests_per_minute: isLimit(form.limit) ? undefined : t('registration.limit_wrong'),
  };
}

/** How the application authenticates, and what it registers for that. */
export function MethodFields({ method, onMethod, form, onForm, error }: FormProps & { onMethod: (method: AuthMethod) => void }): VNode {
  const set = (change: Partial<RegistrationForm>): void => onForm({ ...form, ...change });
  return (
    <>
      <Select
        label={t('app.auth_method')}
        hint={t('app.auth_method_hint')}
        error={error('auth_method')}
        value={method}
        onChange={(value) => onMethod(value as AuthMethod)}
        options={METHODS.map((one) => ({ value: one, label: t(`auth.${one}`) }))}
      />
      {takesKeys(method) && (
        <CodeField label={t('registration.keys')} hint={method === 'private_key_jwt' ? t('registration.keys_hint') : t('registration.keys_hint_certificate')} error={error('jwks_uri') ?? error('jwks')} value={form.keys} onInput={(keys) => set({ keys })} />
      )}
      {method === 'tls_client_auth' && (
        <>
          <Select
            label={t('registration.subject')}
            hint={t('registration.subject_hint')}
            value={form.subject}
            onChange={(subject) => set({ subject: subject as SubjectMember })}
            options={SUBJECTS.map((one) => ({ value: one, label: t(`registration.${one}`) }))}
          />
          <Field code label={t('registration.subject_value')} error={error(form.subject) ?? error('tls_client_auth_subject_dn')} value={form.subjectValue} onInput={(subjectValue) => set({ subjectValue })} maxLength={512} />
        </>
      )}
    </>
  );
}

const BINDINGS: readonly Binding[] = ['none', 'dpop', 'certificate'];

function AssertionFields({ method, form, onForm, error }: FormProps): VNode {
  const offered = algorithmsOf(method, form.algorithm);
  return (
    <>
      <Select
        label={t('registration.algorithm')}
        hint={t('registration.algorithm_hint')}
        error={error('token_endpoint_auth_signing_alg')}
        value={offered.includes(form.algorithm) ? form.algorithm : ''}
        onChange={(algorithm) => onForm({ ...form, algorithm })}
        options={[{ value: '', label: t('registration.algorithm_any') }, ...offered.map((one) => ({ value: one, label: one }))]}
      />
      <Choices legend={t('registration.audience')} error={error('allow_token_endpoint_audience')}>
        <Checkbox label={t('registration.audience_endpoint')} hint={t('registration.audience_hint')} checked={form.tokenEndpointAudience} onChange={(tokenEndpointAudience) => onForm({ ...form, tokenEndpointAudience })} />
      </Choices>
    </>
  );
}

// The server lets nobody but an admin set them.
function AdminFields({ environment, form, onForm, error }: FormProps & { environment: string }): VNode {
  const audiences = [...new Set(findEnvironment(environment)?.scopes.map((s) => s.audience))];
  return (
    <>
      <CodeField
        label={t('registration.introspects')}
        hint={rich('registration.introspects_hint', { audiences: audiences.map((one, i) => <>{i > 0 && ' '}<Code>{one}</Code></>) })}
        error={error('introspection_audiences')}
        rows={2}
        value={form.audiences}
        onInput={(text) => onForm({ ...form, audiences: text })}
      />
      <Field code label={t('registration.limit')} hint={t('registration.limit_hint')} error={error('requests_per_minute')} inputMode="numeric" value={form.limit} onInput={(limit) => onForm({ ...form, limit })} maxLength={12} />
    </>
  );
}

const IN_MORE = ['tls_client_certificate_bound_access_tokens', 'dpop_bound_access_tokens', 'fapi', 'token_endpoint_auth_signing_alg', 'allow_token_endpoint_audience', 'grant_types', 'introspection_audiences', 'requests_per_minute'];

/** What few applications need: bound tokens, the profile, rights, a limit. In sight where something of it is set already. */
export function FurtherFields(props: FormProps & { environment: string }): VNode {
  const { method, form, onForm, error } = props;
  const set = (change: Partial<RegistrationForm>): void => onForm({ ...form, ...change });
  const [anySet] = useState(() => {
    const of = ({ keys, subject, subjectValue, ...rest }: RegistrationForm): string => JSON.stringify(rest);
    return of(form) !== of(formOf(null));
  });
  return (
    <More title={t('registration.more')} shown={anySet} wrong={IN_MORE.some((field) => error(field) !== undefined)}>
      <Select
        label={t('registration.binding')}
        hint={t('registration.binding_hint')}
        error={error('tls_client_certificate_bound_access_tokens') ?? error('dpop_bound_access_tokens')}
        value={form.binding}
        onChange={(binding) => set({ binding: binding as Binding })}
        options={BINDINGS.map((one) => ({ value: one, label: t(`registration.binding_${one}`) }))}
      />
      <Choices legend={t('registration.profile')} error={error('fapi')}>
        <Checkbox label={t('registration.fapi')} hint={t('registration.fapi_hint')} checked={form.fapi} onChange={(fapi) => set({ fapi })} />
      </Choices>
      {signsAssertions(method) && <AssertionFields {...props} />}
      <Choices legend={t('registration.grants')} error={error('grant_types')}>
        <Checkbox label={t('registration.exchange')} hint={t('registration.exchange_hint')} checked={form.exchange} onChange={(exchange) => set({ exchange })} />
      </Choices>
      {isAdmin() && <AdminFields {...props} />}
    </More>
  );
}
