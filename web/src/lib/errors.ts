// What to tell a person about an error: a sentence in their language, and the server's own words where it has some.
import { ApiError, type ProblemType } from '../api/client';
import { type Key, t } from '../i18n';

const TITLES: Partial<Record<ProblemType, Key>> = {
  invalid: 'error.invalid',
  unauthenticated: 'error.unauthenticated',
  forbidden: 'error.forbidden',
  'not-found': 'error.not_found',
  conflict: 'error.conflict',
  exists: 'error.exists',
  'precondition-failed': 'error.changed',
  'precondition-required': 'error.changed',
  'idempotency-mismatch': 'error.repeated',
  throttled: 'error.throttled',
  'server-error': 'error.server',
  unavailable: 'error.unavailable',
  unreachable: 'error.unreachable',
};

export interface Explained {
  title: string;
  /** English, as the server sent it. */
  detail: string;
  requestId: string | null;
}

export function explain(error: unknown): Explained {
  if (!(error instanceof ApiError)) return { title: t('error.unexpected'), detail: '', requestId: null };
  if (error.type === 'throttled' && error.retryAfter) {
    return { title: t('error.throttled_for', { count: Math.ceil(error.retryAfter) }), detail: '', requestId: error.requestId };
  }
  const key = TITLES[error.type] ?? 'error.unexpected';
  return { title: t(key as 'error.unexpected'), detail: error.detail, requestId: error.requestId };
}

export const isProblem = (error: unknown, type: ProblemType): error is ApiError => error instanceof ApiError && error.type === type;
