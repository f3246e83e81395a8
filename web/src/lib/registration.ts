// What an application registers, as the forms hold it: one text and a few choices for each way to authenticate.
import type { ApplicationChange } from '../api/admin';
import type { AuthMethod, JsonObject, Registration, SubjectMember } from '../api/types';

export const METHODS: readonly AuthMethod[] = [
  'client_secret', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
];
export const SUBJECTS: readonly SubjectMember[] = [
  'tls_client_auth_subject_dn', 'tls_client_auth_san_dns', 'tls_client_auth_san_uri', 'tls_client_auth_san_ip', 'tls_client_auth_san_email',
];
export type Binding = 'none' | 'dpop' | 'certificate';

export const hasSecrets = (method: AuthMethod): boolean => method.startsWith('client_secret');
/** Whether the secret itself is sent, so that the page can try it. */
export const sendsSecret = (method: AuthMethod): boolean => hasSecrets(method) && method !== 'client_secret_jwt';
export const usesCertificates = (method: AuthMethod): boolean => method.endsWith('tls_client_auth');
export const signsAssertions = (method: AuthMethod): boolean => method.endsWith('_jwt');
export const takesKeys = (method: AuthMethod): boolean => method === 'private_key_jwt' || method === 'self_signed_tls_client_auth';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

const BY_SECRET = ['HS256', 'HS384', 'HS512'];
const BY_KEY = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];

const fitsMethod = (algorithm: string, method: AuthMethod): boolean => algorithm !== '' && (method === 'client_secret_jwt') === BY_SECRET.includes(algorithm);

/** What the assertions of a method may be signed with; the server has some more, which the form keeps where they are set. */
export function algorithmsOf(method: AuthMethod, set: string): readonly string[] {
  const usual = method === 'client_secret_jwt' ? BY_SECRET : BY_KEY;
  return usual.includes(set) || !fitsMethod(set, method) ? usual : [...usual, set];
}

export interface RegistrationForm {
  /** The URL of the keys, or the JWK set as text: what begins with a brace. */
  keys: string;
  subject: SubjectMember;
  subjectValue: string;
  binding: Binding;
  fapi: boolean;
  /** Empty: any that fits the method. */
  algorithm: string;
  tokenEndpointAudience: boolean;
  exchange: boolean;
  /** One a line. */
  audiences: string;
  /** As typed. Empty: as the environment has it. */
  limit: string;
}

export function formOf(a: Registration | null): RegistrationForm {
  const subject = SUBJECTS.find((member) => a?.[member]);
  return {
    keys: a?.jwks_uri ?? (a?.jwks ? JSON.stringify(a.jwks, null, 2) : ''),
    subject: subject ?? 'tls_client_auth_subject_dn',
    subjectValue: (subject && a?.[subject]) ?? '',
    binding: a?.dpop_bound_access_tokens ? 'dpop' : a?.tls_client_certificate_bound_access_tokens ? 'certificate' : 'none',
    fapi: a?.fapi ?? false,
    algorithm: a?.token_endpoint_auth_signing_alg ?? '',
    tokenEndpointAudience: a?.allow_token_endpoint_audience ?? false,
    exchange: a?.grant_types.includes(TOKEN_EXCHANGE) ?? false,
    audiences: a?.introspection_audiences.join('\n') ?? '',
    limit: a?.requests_per_minute ? String(a.requests_per_minute) : '',
  };
}

const linesOf = (text: string): string[] => text.split(/\s+/).filter(Boolean);
const limitOf = (text: string): number => Number(text.trim());

/** Whether the limit is a number at all: how high it may be says the server. */
export const isLimit = (text: string): boolean => /^\d*$/.test(text.trim());

function keysOf(text: string): Pick<ApplicationChange, 'jwks' | 'jwks_uri'> {
  if (!text.startsWith('{')) return { jwks_uri: text };
  return { jwks: JSON.parse(text) as JsonObject };
}

/** Whether the keys can be sent: the server says what is wrong with anything that is JSON, or a URL. */
export function readable(keys: string): boolean {
  try {
    keysOf(keys.trim());
    return true;
  } catch {
    return false;
  }
}

/** The members that differ between two states of the form, for this method. */
export function changeOf(method: AuthMethod, before: RegistrationForm, now: RegistrationForm): ApplicationChange {
  const change: ApplicationChange = {};
  const keys = now.keys.trim();
  if (takesKeys(method) && keys !== before.keys.trim()) Object.assign(change, keys ? keysOf(keys) : { jwks: null, jwks_uri: null });
  const subjectValue = now.subjectValue.trim();
  if (method === 'tls_client_auth' && (subjectValue !== before.subjectValue || now.subject !== before.subject)) {
    if (subjectValue) change[now.subject] = subjectValue;
    else if (before.subjectValue) change[before.subject] = null;
  }
  if (now.binding !== before.binding) {
    change.dpop_bound_access_tokens = now.binding === 'dpop';
    change.tls_client_certificate_bound_access_tokens = now.binding === 'certificate';
  }
  if (now.fapi !== before.fapi) change.fapi = now.fapi;
  if (now.exchange !== before.exchange) change.grant_types = ['client_credentials', ...(now.exchange ? [TOKEN_EXCHANGE] : [])];
  if (linesOf(now.audiences).join(' ') !== linesOf(before.audiences).join(' ')) change.introspection_audiences = linesOf(now.audiences);
  if (limitOf(now.limit) !== limitOf(before.limit)) change.requests_per_minute = limitOf(now.limit);
  if (signsAssertions(method)) Object.assign(change, assertionChangeOf(method, before, now));
  return change;
}

function assertionChangeOf(method: AuthMethod, before: RegistrationForm, now: RegistrationForm): ApplicationChange {
  const change: ApplicationChange = {};
  const algorithm = fitsMethod(now.algorithm, method) ? now.algorithm : '';
  if (algorithm !== before.algorithm) change.token_endpoint_auth_signing_alg = algorithm || null;
  if (now.tokenEndpointAudience !== before.tokenEndpointAudience) change.allow_token_endpoint_audience = now.tokenEndpointAudience;
  return change;
}
