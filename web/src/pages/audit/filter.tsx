// The form that narrows the audit log down.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n';
import { ACTIONS, AREAS, type Area, type FilterFields, NO_FILTER, areaOf, isFiltered } from '../../lib/audit_filter';
import { environments } from '../../lib/environments';
import { useStore } from '../../lib/store';
import { Button } from '../../ui/button';
import { Field, Select } from '../../ui/field';

interface Option {
  value: string;
  label: string;
}

function actionOptions(area: Area): Option[] {
  const actions = ACTIONS.filter((a) => areaOf(a) === area).map((a) => ({ value: a, label: t(`action.${a}`) }));
  // The server knows the areas by the first word of an action.
  return area === 'other' ? actions : [{ value: `${area}.*`, label: t('audit.all_of', { area: t(`area.${area}`) }) }, ...actions];
}

export function AuditFilterForm({ applied, onApply }: { applied: FilterFields; onApply: (fields: FilterFields) => void }): VNode {
  const [fields, setFields] = useState(applied);
  const known = useStore(environments);
  const set = (name: keyof FilterFields) => (value: string): void => setFields((f) => ({ ...f, [name]: value }));
  // It may be changed elsewhere: in an event's detail, or by the browser's way back.
  useEffect(() => setFields(applied), [JSON.stringify(applied)]);
  const wrongOrder = fields.from !== '' && fields.to !== '' && fields.to <= fields.from;
  const options = [{ value: '', label: t('audit.any') }, ...AREAS.flatMap(actionOptions)];
  if (fields.action && !options.some((o) => o.value === fields.action)) options.push({ value: fields.action, label: fields.action });
  // On a small screen the fields would stand between the reader and the events.
  const [open] = useState(() => isFiltered(applied) || matchMedia('(min-width: 44rem)').matches);
  return (
    <details class="more" open={open}>
      <summary>{t('audit.filter')}</summary>
      <form
        class="audit-filter"
        role="search"
        aria-label={t('audit.filter')}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrongOrder) onApply(fields);
        }}
      >
        <Select label={t('audit.action')} value={fields.action} onChange={set('action')} options={options} />
        <Select label={t('audit.outcome')} value={fields.outcome} onChange={set('outcome')} options={[
          { value: '', label: t('audit.any') },
          { value: 'done', label: t('audit.outcome_done') },
          { value: 'refused', label: t('audit.outcome_refused') },
        ]} />
        <Select label={t('audit.environment')} value={fields.environment} onChange={set('environment')} options={[
          { value: '', label: t('audit.any') },
          ...known.map((e) => ({ value: e.name, label: e.name })),
        ]} />
        <Field label={t('audit.from')} type="datetime-local" value={fields.from} onInput={set('from')} />
        <Field label={t('audit.to')} type="datetime-local" value={fields.to} onInput={set('to')} error={wrongOrder ? t('audit.wrong_order') : undefined} />
        <Field label={t('audit.actor')} value={fields.actor} onInput={set('actor')} hint={t('audit.actor_hint')} code />
        <Field label={t('audit.target')} value={fields.target} onInput={set('target')} hint={t('audit.target_hint')} code />
        <div class="actions">
          <Button kind="primary" type="submit" icon="search">{t('audit.show')}</Button>
          {(isFiltered(fields) || isFiltered(applied)) && <Button onClick={() => { setFields(NO_FILTER); onApply(NO_FILTER); }}>{t('audit.clear')}</Button>}
        </div>
      </form>
    </details>
  );
}
