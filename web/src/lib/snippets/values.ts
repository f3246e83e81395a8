// What a program needs to know of an application, and how its values are written in another language.
import type { Application, AuthMethod, Environment, JsonValue } from '../../api/types';
import { hasSecrets, usesCertificates } from '../registration';

export const SECRET_VARIABLE = 'LEANAUTH_CLIENT_SECRET';
/** Files that stay with the application, and that the programs read. */
export const CERTIFICATE_FILE = 'client.crt';
export const CERTIFICATE_KEY_FILE = 'client.key';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface SnippetValues {
  /** Where the program asks: the address for certificates, where it shows one. */
  tokenEndpoint: string;
  issuer: string;
  clientId: string;
  authMethod: AuthMethod;
  scope: string;
  /** The connection is made with a client certificate. */
  certificate: boolean;
  dpop: boolean;
  /** Of assertions; empty where there are none. */
  algorithm: string;
  kid: string | null;
}

export const isBasic = (v: SnippetValues): boolean => v.authMethod === 'client_secret_basic';
export const sendsSecretIn = (v: SnippetValues): boolean => v.authMethod === 'client_secret' || v.authMethod === 'client_secret_post';
export const usesSecret = (v: SnippetValues): boolean => hasSecrets(v.authMethod);
export const signs = (v: SnippetValues): boolean => v.authMethod.endsWith('_jwt');
/** Nothing but a form and a secret: a program of a few lines. */
export const isPlain = (v: SnippetValues): boolean => !signs(v) && !v.dpop && !v.certificate;
/** The key that signs assertions, by another name than that of a certificate beside it. */
export const keyFile = (v: SnippetValues): string => (v.certificate ? 'assertion.key' : 'client.key');

interface Jwk {
  kid: string | null;
  algorithm: string;
}

const BY_CURVE: Record<string, string> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' };

function readJwk(value: JsonValue): Jwk {
  const { kid = null, alg = null, kty = null, crv = null } = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const byType = kty === 'RSA' ? 'PS256' : (BY_CURVE[String(crv)] ?? String(kty));
  const named = alg === 'Ed25519' ? 'EdDSA' : alg;
  return { kid: typeof kid === 'string' ? kid : null, algorithm: typeof named === 'string' ? named : byType };
}

/** How its assertions are signed: as is pinned, as the first registered key says, or else as most do. */
function signing(a: Application): Jwk {
  const pinned = a.token_endpoint_auth_signing_alg;
  if (a.auth_method === 'client_secret_jwt') return { algorithm: pinned ?? 'HS256', kid: null };
  if (a.auth_method !== 'private_key_jwt') return { algorithm: '', kid: null };
  const list = a.jwks?.['keys'];
  const keys = Array.isArray(list) ? list.map(readJwk) : [];
  // A key of RSA signs in two ways.
  const family = (algorithm: string): string => (/^[PR]S/.test(algorithm) ? 'RSA' : algorithm);
  const chosen = keys.find((k) => pinned === null || family(pinned) === family(k.algorithm));
  return { algorithm: pinned ?? chosen?.algorithm ?? 'ES256', kid: chosen?.kid ?? null };
}

export function valuesOf(a: Application, environment: Environment, scope: string): SnippetValues {
  const certificate = usesCertificates(a.auth_method) || a.tls_client_certificate_bound_access_tokens;
  return {
    tokenEndpoint: (certificate && environment.mtls_token_endpoint) || environment.token_endpoint,
    issuer: environment.issuer,
    clientId: a.client_id,
    authMethod: a.auth_method,
    scope,
    certificate,
    // FAPI 2.0 gives bound tokens alone: without a certificate to a key (5.3.2.1).
    dpop: a.dpop_bound_access_tokens || (!certificate && (a.fapi || environment.fapi)),
    ...signing(a),
  };
}

/** For a POSIX shell: nothing within single quotes means anything but a single quote. */
export function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** A string literal that Python, JavaScript, Java and Go read alike. */
export function quoted(text: string): string {
  const escaped = Array.from({ length: text.length }, (_, i) => {
    const unit = text.charCodeAt(i);
    const character = text.charAt(i);
    if (character === '"' || character === '\\') return `\\${character}`;
    return unit < 0x20 || unit === 0x7f || unit === 0x2028 || unit === 0x2029 ? `\\u${unit.toString(16).padStart(4, '0')}` : character;
  });
  return `"${escaped.join('')}"`;
}

export function exportLine(secret: string | null, placeholder: string): string {
  return `export ${SECRET_VARIABLE}=${secret === null ? `'${placeholder.replace(/'/g, '’')}'` : shellQuoted(secret)}`;
}

/** The lines that there are, in one text. */
export const lines = (...all: (string | false)[]): string => all.filter((line) => line !== false).join('\n');
