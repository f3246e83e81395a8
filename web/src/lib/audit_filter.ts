// The filter of the audit log: in the address, in the form, and as the server wants it.
import type { AuditFilter } from '../api/admin';

export interface FilterFields {
  environment: string;
  actor: string;
  action: string;
  target: string;
  outcome: string;
  /** As an <input type="datetime-local"> has them: local time. */
  from: string;
  to: string;
}

export const NO_FILTER: FilterFields = { environment: '', actor: '', action: '', target: '', outcome: '', from: '', to: '' };

// In the order of the log's areas; what an area has more than one of can be asked for as a whole.
export const ACTIONS = [
  'session.login', 'session.login_failed', 'session.logout', 'session.totp_failed', 'session.revoke',
  'operator.create', 'operator.update', 'operator.delete', 'operator.password_reset', 'operator.totp_reset',
  'operator.password_change', 'operator.totp_enable', 'operator.totp_disable', 'operator.recovery_codes',
  'application.create', 'application.update', 'application.enable', 'application.disable', 'application.delete', 'applications.import',
  'secret.add', 'secret.revoke', 'secret.upgrade', 'certificate.issue', 'certificate.register', 'certificate.revoke', 'authority.create', 'customer.add', 'customer.remove',
  'key.create', 'key.rotate', 'key.remove',
  'token.refused_browser', 'token.refused_other_environment', 'admin.refused', 'audit.begin', 'audit.export',
] as const;
export type Action = (typeof ACTIONS)[number];

export const AREAS = ['session', 'operator', 'application', 'secret', 'customer', 'key', 'token', 'other'] as const;
export type Area = (typeof AREAS)[number];

export function areaOf(action: Action): Area {
  const named = action.split('.')[0]?.replace(/^applications$/, 'application');
  return AREAS.find((a) => a === named) ?? 'other';
}

export const isAction = (name: string): name is Action => (ACTIONS as readonly string[]).includes(name);

export function fieldsOf(query: URLSearchParams): FilterFields {
  const fields = { ...NO_FILTER };
  for (const name of Object.keys(fields) as (keyof FilterFields)[]) fields[name] = query.get(name) ?? '';
  return fields;
}

export const isFiltered = (fields: FilterFields): boolean => Object.values(fields).some(Boolean);

function utc(local: string): string | undefined {
  const at = local ? new Date(local) : null;
  return at && Number.isFinite(at.getTime()) ? at.toISOString().replace(/\.\d+Z$/, 'Z') : undefined;
}

/** Nothing where it is no time, so that an address that was typed wrongly shows too much rather than nothing. */
export function serverFilter(fields: FilterFields): AuditFilter {
  return {
    environment: fields.environment || undefined,
    actor: fields.actor.trim() || undefined,
    action: fields.action || undefined,
    target: fields.target.trim() || undefined,
    outcome: fields.outcome === 'done' || fields.outcome === 'refused' ? fields.outcome : undefined,
    from: utc(fields.from),
    to: utc(fields.to),
  };
}
