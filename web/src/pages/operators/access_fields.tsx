// Role and environments of an operator, as fields of a form.
import type { VNode } from 'preact';
import type { Role } from '../../api/types';
import { t } from '../../i18n';
import { environments } from '../../lib/environments';
import { useStore } from '../../lib/store';
import { Checkbox, Choices } from '../../ui/field';

export const ROLES: readonly Role[] = ['developer', 'auditor', 'admin'];

export interface Access {
  role: Role;
  /** null: all. */
  environments: readonly string[] | null;
}

/** An admin has all environments. */
export const normal = ({ role, environments: given }: Access): { role: Role; environments: string[] | null } => ({
  role,
  environments: role === 'admin' || given === null ? null : [...given].sort(),
});

export const missesEnvironment = (access: Access): boolean => normal(access).environments?.length === 0;

function Radio({ name, label, hint, checked, onCheck }: { name: string; label: string; hint?: string; checked: boolean; onCheck: () => void }): VNode {
  const id = `${name}-${label}`.replace(/\s/g, '-');
  return (
    <div class="check">
      <input id={id} type="radio" name={name} checked={checked} aria-describedby={hint ? `${id}-hint` : undefined} onChange={onCheck} />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

function EnvironmentChoices({ chosen, onChange, error }: { chosen: readonly string[] | null; onChange: (chosen: readonly string[] | null) => void; error: string | undefined }): VNode {
  const known = useStore(environments).map((e) => e.name);
  // One that was taken out of the configuration is still given, and can be taken away.
  const gone = (chosen ?? []).filter((name) => !known.includes(name));
  const toggle = (name: string) => (on: boolean): void => onChange(on ? [...(chosen ?? []), name] : (chosen ?? []).filter((n) => n !== name));
  return (
    <Choices legend={t('operators.environments')} error={error}>
      <Radio name="environments" label={t('operators.environments_all')} checked={chosen === null} onCheck={() => onChange(null)} />
      <Radio name="environments" label={t('operators.environments_some')} checked={chosen !== null} onCheck={() => onChange(chosen ?? [])} />
      {chosen !== null && (
        <div class="under-choice">
          {[...known, ...gone].map((name) => (
            <Checkbox key={name} label={<><bdi>{name}</bdi> {gone.includes(name) && <span class="hint">{t('operators.environment_gone')}</span>}</>} checked={chosen.includes(name)} onChange={toggle(name)} />
          ))}
        </div>
      )}
    </Choices>
  );
}

export function AccessFields({ access, onChange, roleError, environmentsError }: { access: Access; onChange: (access: Access) => void; roleError: string | undefined; environmentsError: string | undefined }): VNode {
  return (
    <>
      <Choices legend={t('operators.role')} error={roleError}>
        {ROLES.map((role) => (
          <Radio key={role} name="role" label={t(`role.${role}`)} hint={t(`operators.role_${role}`)} checked={access.role === role} onCheck={() => onChange({ ...access, role })} />
        ))}
      </Choices>
      {access.role !== 'admin' && (
        <EnvironmentChoices chosen={access.environments} onChange={(chosen) => onChange({ ...access, environments: chosen })} error={environmentsError} />
      )}
    </>
  );
}
