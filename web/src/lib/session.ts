// Who is signed in, and what happens where that ends while a page is open: the page stays as it is, with what was typed, a
// dialog asks to sign in again, and the calls that were refused are then repeated.
import * as admin from '../api/admin';
import { ApiError, setSessionRenewal } from '../api/client';
import type { Operator, Session } from '../api/types';
import { forgetEnvironments } from './environments';
import { isOwnPath, navigate, paths } from './router';
import { Store } from './store';

export type SessionStatus =
  | { kind: 'unknown' }
  /** `again`: it is being tried again. */
  | { kind: 'failed'; error: unknown; again?: boolean }
  | { kind: 'none' }
  | { kind: 'steps'; session: Session }
  | { kind: 'open'; session: Session }
  /** Open until now; `session` is the one that ended. */
  | { kind: 'ended'; session: Session };

export const sessionStatus = new Store<SessionStatus>({ kind: 'unknown' });

let waiting: ((renewed: boolean) => void)[] = [];

function settle(renewed: boolean): void {
  const now = waiting;
  waiting = [];
  for (const resolve of now) resolve(renewed);
}

/** The operator of the page that is shown. Only pages behind the login may ask. */
export function currentOperator(): Operator {
  const status = sessionStatus.get();
  if (status.kind === 'open' || status.kind === 'ended' || status.kind === 'steps') return status.session.operator;
  throw new Error('no session');
}

/** Takes over what the server says about the session, after each step of signing in and after changes of the profile. */
export function adopt(session: Session): void {
  const before = sessionStatus.get();
  if (session.state !== 'complete') {
    // Behind an open page the steps are taken in its dialog.
    if (before.kind !== 'ended') sessionStatus.set({ kind: 'steps', session });
    return;
  }
  const same = before.kind !== 'ended' || before.session.operator.operator_id === session.operator.operator_id;
  if (!same) forgetEnvironments();
  sessionStatus.set({ kind: 'open', session });
  if (!same) navigate('/', { replace: true });
  settle(same);
}

export async function loadSession(): Promise<void> {
  const before = sessionStatus.get();
  if (before.kind === 'failed') sessionStatus.set({ ...before, again: true });
  try {
    adopt(await admin.getSession());
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) sessionStatus.set({ kind: 'none' });
    else sessionStatus.set({ kind: 'failed', error: e });
  }
}

export async function signOut(): Promise<void> {
  try {
    await admin.logout();
  } catch (e) {
    if (!(e instanceof ApiError && e.status === 401)) throw e;
  }
  leave();
}

/** Gives the page up: to the login, and from there to the start. */
export function leave(): void {
  sessionStatus.set({ kind: 'none' });
  forgetEnvironments();
  settle(false);
  navigate(paths.login);
}

/** Where to after the login. */
export function returnPath(query: URLSearchParams): string {
  const path = query.get('return');
  return isOwnPath(path) ? path : '/';
}

setSessionRenewal(() => {
  const status = sessionStatus.get();
  if (status.kind !== 'open' && status.kind !== 'ended') return Promise.resolve(false);
  if (status.kind === 'open') sessionStatus.set({ kind: 'ended', session: status.session });
  return new Promise((resolve) => waiting.push(resolve));
});

// ---- what a role may do; the server decides, this only keeps from offering what it would refuse ----
export const mayChangeApplications = (): boolean => currentOperator().role !== 'auditor';
export const isAdmin = (): boolean => currentOperator().role === 'admin';
export const mayReadAudit = (): boolean => currentOperator().role !== 'developer';

/** Only an admin touches an application that may administer this server, or ask about the tokens of others. */
export const mayChange = (application: { scopes: readonly string[]; introspection_audiences: readonly string[] }): boolean =>
  isAdmin() || (mayChangeApplications() && !application.scopes.some(isAdminScope) && application.introspection_audiences.length === 0);

export const isAdminScope = (scope: string): boolean => scope.startsWith('admin:');
