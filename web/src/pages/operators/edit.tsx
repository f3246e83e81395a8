// Name, role and environments of an operator. Two admins may edit at once: whoever is second sees what the first one did.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import * as admin from '../../api/admin';
import type { Operator } from '../../api/types';
import { t } from '../../i18n';
import { toast } from '../../lib/toast';
import { Button } from '../../ui/button';
import { ConflictNotice, type Difference, useVersionedEdit } from '../../ui/conflict';
import { Actions } from '../../ui/dialog';
import { ErrorBox } from '../../ui/feedback';
import { Field } from '../../ui/field';
import { type Access, AccessFields, missesEnvironment, normal } from './access_fields';

export const environmentsText = (environments: readonly string[] | null): string =>
  environments === null ? t('operators.all') : environments.join(', ') || t('none');

const same = (a: readonly string[] | null, b: readonly string[] | null): boolean => JSON.stringify(a && [...a].sort()) === JSON.stringify(b && [...b].sort());

function differencesOf(base: Operator, theirs: Operator): Difference[] {
  const found: Difference[] = [];
  if (base.name !== theirs.name) found.push({ label: t('operators.name'), before: base.name, after: theirs.name });
  if (base.role !== theirs.role) found.push({ label: t('operators.role'), before: t(`role.${base.role}`), after: t(`role.${theirs.role}`) });
  if (!same(base.environments, theirs.environments)) {
    found.push({ label: t('operators.environments'), before: environmentsText(base.environments), after: environmentsText(theirs.environments) });
  }
  if (base.enabled !== theirs.enabled) {
    const status = (o: Operator): string => (o.enabled ? t('operators.enabled') : t('operators.disabled'));
    found.push({ label: t('operators.status'), before: status(base), after: status(theirs) });
  }
  return found;
}

/** Only what is changed is sent: the rest may have been changed by somebody else. */
function changeOf(base: Operator, name: string, access: Access): admin.OperatorChange {
  const { role, environments } = normal(access);
  return {
    ...(name !== base.name && { name }),
    ...(role !== base.role && { role }),
    ...(!same(environments, base.environments) && { environments }),
  };
}

/** `self`: role and environments are not offered. */
export function EditOperator({ operator, self, onSaved, onReload }: { operator: Operator; self: boolean; onSaved: (saved: Operator) => void; onReload: () => void }): VNode {
  const [name, setName] = useState(operator.name);
  const [access, setAccess] = useState<Access>({ role: operator.role, environments: operator.environments });
  const change = changeOf(operator, name.trim(), access);
  const unchanged = Object.keys(change).length === 0;
  const saved = (next: Operator): void => {
    toast(t('operators.saved'));
    onSaved(next);
  };
  const edit = useVersionedEdit<Operator>(operator, (version) => admin.changeOperator(operator, change, version), () => admin.getOperator(operator.operator_id), saved);
  const submit = (event: Event): void => {
    event.preventDefault();
    const wrong = { name: name.trim() ? undefined : t('operators.name_missing'), environments: missesEnvironment(access) ? t('operators.environments_missing') : undefined };
    if (!edit.invalid(wrong)) void edit.save();
  };
  return (
    <form class="stack narrow-form" onSubmit={submit} noValidate>
      <Field label={t('operators.name')} value={name} onInput={setName} maxLength={200} error={edit.fieldError('name')} />
      {!self && <AccessFields access={access} onChange={setAccess} roleError={edit.fieldError('role')} environmentsError={edit.fieldError('environments')} />}
      {(change.role !== undefined || change.environments !== undefined) && <p class="hint">{t('operators.access_ends')}</p>}
      {edit.theirs && <ConflictNotice differences={differencesOf(operator, edit.theirs)} busy={edit.busy} onOverwrite={() => void edit.save()} onTakeTheirs={onReload} />}
      {edit.error !== undefined && <ErrorBox error={edit.error} />}
      {!edit.theirs && <Actions><Button kind="primary" type="submit" busy={edit.busy} disabled={unchanged}>{t('save')}</Button></Actions>}
    </form>
  );
}
