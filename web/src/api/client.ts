// Calls the admin API: JSON in and out, problem details (RFC 9457) as typed errors, versions and idempotency keys as headers.
import { dropEarly, takeEarly } from '../lib/early';

export type ProblemType =
  | 'invalid' | 'unauthenticated' | 'forbidden' | 'not-found' | 'method' | 'conflict' | 'exists' | 'precondition-failed'
  | 'too-large' | 'unsupported-media-type' | 'idempotency-mismatch' | 'precondition-required' | 'throttled' | 'server-error'
  | 'unavailable' | 'unreachable' | 'unexpected';

export interface FieldProblem {
  field: string;
  detail: string;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly type: ProblemType,
    readonly status: number,
    /** A sentence of the server, in English; empty where there is none. */
    readonly detail: string,
    readonly fields: readonly FieldProblem[] = [],
    readonly requestId: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(detail || type);
  }
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  body?: object;
  /** The version that the change was made from: sent as If-Match. */
  version?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** For the calls that make a session: a 401 is their own answer, not a session that ended. */
  signingIn?: boolean;
}

const BASE = '/admin/v1';
const TYPE_PREFIX = 'urn:leanauth:problem:';

/** Called where the session has ended; true: there is one again of the same operator, and the call is to be repeated. */
let renewSession: () => Promise<boolean> = () => Promise.resolve(false);

export function setSessionRenewal(renew: () => Promise<boolean>): void {
  renewSession = renew;
}

export function queryString(query: CallOptions['query']): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What an answer other than 2xx says. A proxy may have answered in the server's place, with anything. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): ApiError {
  const given = isObject(body) ? body : {};
  const type = text(given.type).startsWith(TYPE_PREFIX) ? text(given.type).slice(TYPE_PREFIX.length) : '';
  const fields = (Array.isArray(given.errors) ? given.errors : [])
    .filter(isObject)
    .map((e) => ({ field: text(e.field), detail: text(e.detail) }));
  const wait = Number.parseInt(retryAfter ?? '', 10);
  return new ApiError((type || (status >= 500 ? 'unavailable' : 'unexpected')) as ProblemType, status, text(given.detail), fields,
    text(given.instance) || null, Number.isFinite(wait) ? wait : null);
}

async function send(path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.body) headers['Content-Type'] = 'application/json';
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey;
  if (options.method !== undefined) dropEarly();
  const early = options.method === undefined ? takeEarly(BASE + path + queryString(options.query)) : null;
  try {
    return await (early ?? fetch(BASE + path + queryString(options.query), {
      method: options.method ?? 'GET',
      headers,
      body: options.body ? JSON.stringify(options.body) : null,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: options.signal ?? null,
    }));
  } catch (e) {
    if (options.signal?.aborted) throw e;
    throw new ApiError('unreachable', 0, '');
  }
}

async function read(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const raw = await response.text();
  if (!raw) return undefined;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    if (response.ok) throw new ApiError('unexpected', response.status, '');
    return undefined;
  }
}

/** Gives the body of a 2xx answer (undefined for 204); throws ApiError for everything else, and what fetch throws when aborted. */
export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(path, options);
  const body = await read(response);
  if (response.ok) return body as T;
  const problem = problemOf(response.status, body, response.headers.get('Retry-After'));
  if (response.status === 401 && !options.signingIn && (await renewSession())) return call<T>(path, options);
  throw problem;
}

/** 122 random bits; crypto.randomUUID is there only in secure contexts. */
export function newIdempotencyKey(): string {
  if ('randomUUID' in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
