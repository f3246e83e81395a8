// Fields that making and editing an application share.
import type { VNode } from 'preact';
import type { AuthMethod, SubjectMember } from '../../api/types';
import { t } from '../../i18n';
import { findEnvironment } from '../../lib/environments';
import { type Binding, METHODS, type RegistrationForm, SUBJECTS } from '../../lib/registration';
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

const BINDINGS: readonly Binding[] = ['none', 'dpop', 'certificate'];

/** How the application authenticates, and what it registers for that. */
export function MethodFields({ method, onMethod, form, onForm, error }: { method: AuthMethod; onMethod: (method: AuthMethod) => void; form: RegistrationForm; onForm: (form: RegistrationForm) => void; error: (field: string) => string | undefined }): VNode {
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
      {(method === 'private_key_jwt' || method === 'self_signed_tls_client_auth') && (
        <CodeField label={t('registration.keys')} hint={t('registration.keys_hint')} error={error('jwks_uri') ?? error('jwks')} value={form.keys} onInput={(keys) => set({ keys })} />
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
    </>
  );
}
