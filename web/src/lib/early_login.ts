// The first form of the login, made by the first script, so that one can type while the dashboard is on its way. It has the
// shape that PasswordStep in pages/login.tsx draws: Preact then takes these elements over, with the focus and what was typed.
import { first as ar } from '../i18n/ar/first';
import { first as en } from '../i18n/en/first';
import type { Language } from './preferences';

export interface Typed {
  email: string;
  password: string;
  /** It was sent already: the dashboard is to do that once it is there. */
  sent: boolean;
}

interface Holder {
  leanauthTyped?: (() => Typed) | undefined;
}

const holder = globalThis as Holder;

function make<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Record<string, string>, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function field(name: 'email' | 'password', label: string, autocomplete: AutoFill): [HTMLElement, HTMLInputElement] {
  const id = `first-${name}`;
  const input = make('input', { id, type: name, name, autocomplete, dir: 'ltr', class: 'code', spellcheck: 'false', autocapitalize: 'off' });
  return [make('div', { class: 'field' }, make('label', { for: id }, label), input), input];
}

export function showEarlyLogin(root: HTMLElement, language: Language): void {
  const texts = language === 'ar' ? ar : en;
  const [emailField, email] = field('email', texts['login.email'], 'username');
  const [passwordField, password] = field('password', texts['login.password'], 'current-password');
  const button = make('button', { type: 'submit', class: 'button primary' }, make('span', {}, texts['login.submit']));
  const form = make('form', { class: 'stack', novalidate: '' }, emailField, passwordField, button);
  const box = make('div', { class: 'stack' }, make('h1', {}, texts['login.title']), form);
  let sent = false;
  // Never by the browser itself, which would write the password into the address.
  const submit = (event: Event): void => {
    event.preventDefault();
    sent = true;
    button.setAttribute('aria-busy', 'true');
  };
  // Nothing could take the form over: better said than left to wait.
  const lost = (event: Event): void => {
    if (event.target instanceof HTMLScriptElement) box.append(make('p', { class: 'field-error', role: 'alert' }, texts['error.unreachable']));
  };
  form.addEventListener('submit', submit);
  addEventListener('error', lost, true);
  holder.leanauthTyped = () => {
    form.removeEventListener('submit', submit);
    removeEventListener('error', lost, true);
    return { email: email.value, password: password.value, sent };
  };
  root.append(make('div', { class: 'outside' }, make('header', { class: 'outside-top' }), make('main', { class: 'login card', id: 'content' }, box)));
  document.title = `${texts['login.title']} · leanauth`;
  email.focus();
}

export const isEarlyLoginShown = (): boolean => holder.leanauthTyped !== undefined;

/** What was typed so far, once; from then on the form is no longer this module's. */
export function takeTyped(): Typed | null {
  const typed = holder.leanauthTyped?.() ?? null;
  holder.leanauthTyped = undefined;
  return typed;
}
