// How events are named: action, actor, target.
import type { VNode } from 'preact';
import type { AuditEvent } from '../../api/types';
import { t } from '../../i18n';
import { isAction } from '../../lib/audit_filter';
import { Code } from '../../ui/data';
import { Badge } from '../../ui/feedback';

/** A newer server may note actions that have no name here: then their own. */
export const actionName = (action: string): string => (isAction(action) ? t(`action.${action}`) : action);

/** With its name in the interface behind it where there is room. */
export function ActionName({ event, full = false }: { event: AuditEvent; full?: boolean }): VNode {
  return full ? <span class="named">{actionName(event.action)}<Code>{event.action}</Code></span> : <span title={event.action}>{actionName(event.action)}</span>;
}

export function ActorName({ actor }: { actor: AuditEvent['actor'] }): VNode {
  const kind = t(`audit.actor_${actor.kind}`);
  if (!actor.name) return <span class="named">{kind}{actor.id && <Code>{actor.id}</Code>}</span>;
  return <span class="named"><bdi>{actor.name}</bdi><span class="hint">{kind}</span></span>;
}

/** The name; where there is none, or with `full`, what it is known by. */
export function TargetName({ target, full = false }: { target: AuditEvent['target']; full?: boolean }): VNode {
  if (!target.name && !target.id) return <span class="hint">–</span>;
  if (target.name && !full) return <bdi title={target.id ?? undefined}>{target.name}</bdi>;
  return <span class="named">{target.name && <bdi>{target.name}</bdi>}{target.id && target.id !== target.name && <Code>{target.id}</Code>}</span>;
}

export function Outcome({ outcome }: { outcome: AuditEvent['outcome'] }): VNode {
  return <Badge kind={outcome === 'done' ? 'ok' : 'danger'}>{t(`audit.outcome_${outcome}`)}</Badge>;
}
