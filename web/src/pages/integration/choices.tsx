// Fields that making and editing an application share.
import type { VNode } from 'preact';
import type { AuthMethod } from '../../api/types';
import { t } from '../../i18n';
import { findEnvironment } from '../../lib/environments';
import { duration } from '../../lib/time';
import { Code } from '../../ui/data';
import { Checkbox, Choices, Select } from '../../ui/field';

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

const METHODS: readonly AuthMethod[] = ['client_secret', 'client_secret_basic', 'client_secret_post'];

export function AuthMethodChoice({ value, onChange, error }: { value: AuthMethod; onChange: (method: AuthMethod) => void; error?: string | undefined }): VNode {
  return (
    <Select
      label={t('app.auth_method')}
      hint={t('app.auth_method_hint')}
      error={error}
      value={value}
      onChange={(method) => onChange(method as AuthMethod)}
      options={METHODS.map((method) => ({ value: method, label: t(`auth.${method}`) }))}
    />
  );
}
