// The routes of the admin API that the dashboard uses, one function each.
import { type CallOptions, call } from './client';
import type * as Api from './types';

type Signal = AbortSignal | undefined;
const at = (environment: string): string => `/environments/${encodeURIComponent(environment)}`;
const app = (environment: string, clientId: string): string => `${at(environment)}/applications/${encodeURIComponent(clientId)}`;

// Session
export const getSession = (): Promise<Api.Session> => call('/session', { signingIn: true });
export const login = (email: string, password: string): Promise<Api.Session> =>
  call('/session', { method: 'POST', body: { email, password }, signingIn: true });
export const loginTotp = (body: { code: string } | { recovery_code: string }): Promise<Api.Session> =>
  call('/session/totp', { method: 'POST', body, signingIn: true });
export const logout = (): Promise<void> => call('/session', { method: 'DELETE', signingIn: true });
export const listSessions = (query: { operator_id?: string; cursor?: string | null }, signal?: Signal): Promise<Api.Page<Api.SessionEntry>> =>
  call('/sessions', { query, signal });
/** `operatorId`: an admin ends a session of somebody else. */
export const endSession = (id: string, operatorId?: string): Promise<void> =>
  call(`/sessions/${encodeURIComponent(id)}`, { method: 'DELETE', query: { operator_id: operatorId } });

// Profile
export const renameSelf = (name: string, version: number): Promise<Api.Operator> =>
  call('/profile', { method: 'PATCH', body: { name }, version });
export const changePassword = (current_password: string, new_password: string): Promise<void> =>
  call('/profile/password', { method: 'POST', body: { current_password, new_password } });
export const startTotp = (password: string): Promise<Api.TotpEnrollment> => call('/profile/totp', { method: 'POST', body: { password } });
export const confirmTotp = (code: string): Promise<Api.RecoveryCodes> => call('/profile/totp/confirm', { method: 'POST', body: { code } });
export const disableTotp = (password: string): Promise<void> => call('/profile/totp', { method: 'DELETE', body: { password } });
export const newRecoveryCodes = (password: string): Promise<Api.RecoveryCodes> =>
  call('/profile/recovery-codes', { method: 'POST', body: { password } });

// Environments
export const listEnvironments = (signal?: Signal): Promise<Api.Page<Api.Environment>> => call('/environments', { signal });

// Applications
export interface ApplicationFilter {
  q?: string;
  enabled?: boolean | null;
  cursor?: string | null;
  limit?: number;
}
export type ApplicationChange = Partial<Pick<Api.Application, 'name' | 'scopes' | 'auth_method' | 'enabled'> & Api.Registration>;

export const listApplications = (environment: string, query: ApplicationFilter, signal?: Signal): Promise<Api.Page<Api.Application>> =>
  call(`${at(environment)}/applications`, { query: { ...query }, signal });
export const createApplication = (environment: string, body: ApplicationChange & { name: string }, idempotencyKey: string): Promise<Api.NewApplication> =>
  call(`${at(environment)}/applications`, { method: 'POST', body, idempotencyKey });
export const getApplication = (environment: string, clientId: string, signal?: Signal): Promise<Api.Application> =>
  call(app(environment, clientId), { signal });
export const changeApplication = (a: Api.Application, body: ApplicationChange, version = a.version): Promise<Api.Application> =>
  call(app(a.environment, a.client_id), { method: 'PATCH', body, version });
export const deleteApplication = (a: Api.Application): Promise<void> =>
  call(app(a.environment, a.client_id), { method: 'DELETE', version: a.version });

export const listSecrets = (environment: string, clientId: string, signal?: Signal): Promise<Api.Page<Api.Secret>> =>
  call(`${app(environment, clientId)}/secrets`, { signal });
export const addSecret = (environment: string, clientId: string, body: { expires_in_s?: number }, idempotencyKey: string): Promise<Api.NewSecret> =>
  call(`${app(environment, clientId)}/secrets`, { method: 'POST', body, idempotencyKey });
export const revokeSecret = (environment: string, clientId: string, secretId: string): Promise<Api.Secret> =>
  call(`${app(environment, clientId)}/secrets/${encodeURIComponent(secretId)}/revoke`, { method: 'POST', body: {} });

export const revokeTokens = (environment: string, clientId: string, body: { customer_id?: string } = {}): Promise<Api.Revocation> =>
  call(`${app(environment, clientId)}/revocations`, { method: 'POST', body });

export const listCertificates = (environment: string, clientId: string, signal?: Signal): Promise<Api.Page<Api.Certificate>> =>
  call(`${app(environment, clientId)}/certificates`, { signal });
export const addCertificate = (environment: string, clientId: string, body: { request_pem?: string; certificate_pem?: string; expires_in_s?: number }, idempotencyKey: string): Promise<Api.NewCertificate> =>
  call(`${app(environment, clientId)}/certificates`, { method: 'POST', body, idempotencyKey });
export const revokeCertificate = (environment: string, clientId: string, certificateId: string): Promise<Api.Certificate> =>
  call(`${app(environment, clientId)}/certificates/${encodeURIComponent(certificateId)}/revoke`, { method: 'POST', body: {} });
export const getAuthority = (environment: string, signal?: Signal): Promise<{ chain_pem: string }> => call(`${at(environment)}/authority`, { signal });

export const listCustomers = (environment: string, clientId: string, query: { q?: string; cursor?: string | null }, signal?: Signal): Promise<Api.Page<Api.Customer>> =>
  call(`${app(environment, clientId)}/customers`, { query, signal });
export const addCustomer = (environment: string, clientId: string, body: { customer_id: string; app_user_id?: string }, idempotencyKey: string): Promise<Api.Customer> =>
  call(`${app(environment, clientId)}/customers`, { method: 'POST', body, idempotencyKey });
export const removeCustomer = (environment: string, clientId: string, customerId: string): Promise<void> =>
  call(`${app(environment, clientId)}/customers/${encodeURIComponent(customerId)}`, { method: 'DELETE' });

export const tryToken = (environment: string, body: { client_id: string; client_secret: string; scope: string }): Promise<Api.TokenTrial> =>
  call(`${at(environment)}/token-trial`, { method: 'POST', body });

// Signing keys
export const listKeys = (environment: string, signal?: Signal): Promise<Api.SigningKeys> => call(`${at(environment)}/keys`, { signal });
export const rotateKeys = (environment: string, idempotencyKey: string): Promise<Api.SigningKey> =>
  call(`${at(environment)}/keys/rotate`, { method: 'POST', body: {}, idempotencyKey });

// Usage
export interface UsageSpan {
  from?: string;
  to?: string;
  step?: Api.UsageStep;
  client_id?: string;
}
export const getUsage = (environment: string, query: UsageSpan, signal?: Signal): Promise<Api.Usage> =>
  call(`${at(environment)}/usage`, { query: { ...query }, signal });

// Operators
export interface NewOperator {
  email: string;
  name: string;
  role: Api.Role;
  environments: string[] | null;
}
export type OperatorChange = Partial<Pick<Api.Operator, 'name' | 'role' | 'environments' | 'enabled'>>;

const operator = (id: string): string => `/operators/${encodeURIComponent(id)}`;
export const listOperators = (query: { cursor?: string | null }, signal?: Signal): Promise<Api.Page<Api.Operator>> =>
  call('/operators', { query, signal });
export const createOperator = (body: NewOperator, idempotencyKey: string): Promise<{ operator: Api.Operator; password: string }> =>
  call('/operators', { method: 'POST', body, idempotencyKey });
export const getOperator = (id: string, signal?: Signal): Promise<Api.Operator> => call(operator(id), { signal });
export const changeOperator = (o: Api.Operator, body: OperatorChange, version = o.version): Promise<Api.Operator> =>
  call(operator(o.operator_id), { method: 'PATCH', body, version });
export const deleteOperator = (o: Api.Operator): Promise<void> => call(operator(o.operator_id), { method: 'DELETE', version: o.version });
export const resetOperatorPassword = (id: string): Promise<{ password: string }> =>
  call(`${operator(id)}/password`, { method: 'POST', body: {} });
export const resetOperatorTotp = (id: string): Promise<void> => call(`${operator(id)}/totp/reset`, { method: 'POST', body: {} });

// Audit
export interface AuditFilter {
  environment?: string;
  actor?: string;
  action?: string;
  target?: string;
  outcome?: 'done' | 'refused';
  from?: string;
  to?: string;
  cursor?: string | null;
}
export const listAudit = (query: AuditFilter, signal?: Signal): Promise<Api.Page<Api.AuditEvent>> => call('/audit', { query: { ...query }, signal });
export const getAuditEvent = (sequence: number, signal?: Signal): Promise<Api.AuditEvent> => call(`/audit/${sequence}`, { signal });
export const verifyAudit = (signal?: Signal): Promise<Api.AuditVerdict> => call('/audit/verify', { signal });
/** For a link: the browser saves what it gets. */
export const auditExportUrl = (fromSequence: number, limit: number): string =>
  `/admin/v1/audit/export?from_sequence=${fromSequence}&limit=${limit}`;

export type { CallOptions };
