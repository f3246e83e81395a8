// What the admin API (api/admin.yaml) sends. Times are RFC 3339 in UTC.
export type Role = 'admin' | 'developer' | 'auditor';
export type SessionState = 'totp_required' | 'password_change_required' | 'totp_enrollment_required' | 'complete';
export type AuthMethod =
  | 'client_secret'
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'client_secret_jwt'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth';

export type SubjectMember =
  | 'tls_client_auth_subject_dn'
  | 'tls_client_auth_san_dns'
  | 'tls_client_auth_san_uri'
  | 'tls_client_auth_san_ip'
  | 'tls_client_auth_san_email';

/** What an application registers beyond its method and scopes; null, false, 0 and the like where it does not. */
export interface Registration extends Record<SubjectMember, string | null> {
  jwks: JsonObject | null;
  jwks_uri: string | null;
  token_endpoint_auth_signing_alg: string | null;
  dpop_bound_access_tokens: boolean;
  tls_client_certificate_bound_access_tokens: boolean;
  fapi: boolean;
  allow_token_endpoint_audience: boolean;
  grant_types: string[];
  introspection_audiences: string[];
  requests_per_minute: number;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Operator {
  operator_id: string;
  email: string;
  name: string;
  role: Role;
  environments: string[] | null;
  enabled: boolean;
  totp: boolean;
  recovery_codes_left: number;
  must_change_password: boolean;
  created_at: string;
  last_login_at: string | null;
  version: number;
}

export interface Session {
  state: SessionState;
  operator: Operator;
  created_at: string;
  expires_at: string;
  idle_expires_at: string;
  version: string;
}

export interface SessionEntry {
  session_id: string;
  current: boolean;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
}

export interface TotpEnrollment {
  secret: string;
  uri: string;
  qr_svg: string;
}

export interface RecoveryCodes {
  recovery_codes: string[];
}

export interface ScopeInfo {
  name: string;
  audience: string;
  lifetime_s: number;
}

export interface Environment {
  name: string;
  issuer: string;
  token_endpoint: string;
  mtls_token_endpoint: string | null;
  jwks_uri: string;
  test: boolean;
  default: boolean;
  fapi: boolean;
  algorithm: string;
  profile: string;
  customer_policy: string;
  customer_id_format: string;
  secrets_per_application: number;
  scopes: ScopeInfo[];
  jwks_max_age_s: number;
  applications: number;
}

export interface Application extends Registration {
  environment: string;
  client_id: string;
  name: string;
  enabled: boolean;
  scopes: string[];
  auth_method: AuthMethod;
  created_at: string;
  updated_at: string;
  version: number;
  live_secrets: number;
  last_used_at: string | null;
}

export interface Secret {
  secret_id: string;
  hint: string;
  state: 'live' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface NewSecret {
  secret: Secret;
  client_secret: string;
}

export interface Revocation {
  about: 'token' | 'secret' | 'certificate' | 'key' | 'application' | 'customer';
  jti: string | null;
  customer_id: string | null;
  issued_until: string;
  kept_until: string;
}

/** Without a secret where the method has none. */
export interface NewApplication {
  application: Application;
  secret: Secret | null;
  client_secret: string | null;
}

export interface Certificate {
  certificate_id: string;
  origin: 'issued' | 'registered';
  state: 'live' | 'expired' | 'revoked';
  subject: string;
  serial: string;
  'x5t#S256': string;
  not_before: string;
  expires_at: string;
  created_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface NewCertificate {
  certificate: Certificate;
  certificate_pem?: string;
  private_key_pem?: string | null;
  chain_pem?: string;
}

export interface Customer {
  customer_id: string;
  app_user_id: string | null;
  created_at: string;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };
export type JsonObject = { [name: string]: JsonValue };

export interface TokenTrial {
  status: number;
  body: JsonObject;
  token: { header: JsonObject; claims: JsonObject } | null;
}

export interface SigningKey {
  kid: string;
  algorithm: string;
  state: 'published' | 'active' | 'retiring' | 'removed';
  published_at: string;
  activates_at: string;
  retires_at: string | null;
  removed_at: string | null;
  public_jwk: JsonObject;
}

export interface SigningKeys extends Page<SigningKey> {
  next_rotation_at: string | null;
}

export type UsageStep = 'minute' | 'hour' | 'day';

export interface Usage {
  from: string;
  to: string;
  step: UsageStep;
  points: { at: string; issued: number; refused: number }[];
  reasons: { reason: string; count: number }[];
  latency: { at: string; p50_us: number; p95_us: number; p99_us: number }[];
  applications: { client_id: string | null; name: string | null; issued: number; refused: number }[];
  advice: { client_id: string; name: string; tokens: number; needed: number; lifetime_s: number }[];
}

export interface AuditEvent {
  sequence: number;
  at: string;
  actor: { kind: 'operator' | 'application' | 'command_line' | 'system' | 'anonymous'; id: string | null; name: string | null };
  address: string | null;
  request_id: string | null;
  environment: string | null;
  action: string;
  outcome: 'done' | 'refused';
  target: { kind: string; id: string | null; name: string | null };
  detail: JsonObject;
  previous_hash: string;
  hash: string;
}

export interface AuditVerdict {
  whole: boolean;
  events: number;
  head?: { sequence: number; hash: string };
  first_bad?: { sequence: number; reason: string };
}
