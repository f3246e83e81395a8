// The frame around every page behind the login: the environment always in sight, the ways to the pages, the own account.
import type { ComponentChildren, RefObject, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Environment } from '../api/types';
import { t } from '../i18n';
import { chooseEnvironment, chosenEnvironment, environments, findEnvironment } from '../lib/environments';
import { useSubmission } from '../lib/form';
import { match, navigate, paths } from '../lib/router';
import { currentOperator, mayReadAudit, sessionStatus, signOut } from '../lib/session';
import { useStore } from '../lib/store';
import { zone } from '../lib/time';
import { Button } from './button';
import { ErrorBox } from './feedback';
import { Icon, type IconName } from './icons';
import { LanguageButton, ThemeButton } from './settings';

export function Brand(): VNode {
  return (
    <span class="brand">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="currentColor" />
        <path class="brand-key" d="M13 9.5a5.5 5.5 0 1 0 2.9 10.2l1.3 1.3h2.3v2.3h2.3V25h3.4v-3.6l-7-7A5.5 5.5 0 0 0 13 9.5zm-1.6 3.1a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4z" />
      </svg>
      <span>leanauth</span>
    </span>
  );
}

// The same page of the other environment where it is a page of an environment; an application is in one only.
function samePlaceIn(environment: string, path: string): string {
  if (match('/e/:environment/keys', path)) return paths.keys(environment);
  if (match('/e/:environment/usage', path)) return paths.usage(environment);
  return paths.applications(environment);
}

function EnvironmentSwitch({ path }: { path: string }): VNode | null {
  const all = useStore(environments);
  const chosen = useStore(chosenEnvironment);
  const environment = findEnvironment(chosen);
  if (!environment) return null;
  const go = (name: string): void => {
    chooseEnvironment(name);
    if (path.startsWith('/e/')) navigate(samePlaceIn(name, path));
  };
  return (
    <label class="environment-switch">
      <span class="visually-hidden">{t('environment.label')}</span>
      <select value={environment.name} onChange={(event) => go(event.currentTarget.value)}>
        {all.map((e) => (
          <option key={e.name} value={e.name} selected={e.name === environment.name}>{e.name}</option>
        ))}
      </select>
      <Icon name="down" size={16} />
    </label>
  );
}

function EnvironmentBand({ environment }: { environment: Environment }): VNode {
  return (
    <p class="environment-band">
      <strong>{environment.test ? t('environment.sandbox') : t('environment.production')}</strong>
      <span>{environment.test ? t('environment.sandbox_hint') : t('environment.production_hint')}</span>
    </p>
  );
}

interface Way {
  href: string;
  label: string;
  icon: IconName;
}

function Ways({ title, ways, path }: { title: string; ways: readonly Way[]; path: string }): VNode {
  return (
    <div class="ways">
      <h2>{title}</h2>
      <ul>
        {ways.map((way) => (
          <li key={way.href}>
            <a href={way.href} aria-current={path === way.href ? 'page' : path.startsWith(`${way.href}/`) ? 'true' : undefined}>
              <Icon name={way.icon} /> <span>{way.label}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Navigation({ path, open }: { path: string; open: boolean }): VNode {
  const chosen = useStore(chosenEnvironment);
  return (
    <nav id="navigation" class={open ? 'navigation open' : 'navigation'} aria-label={t('nav.label')}>
      {chosen && (
        <Ways title={chosen} path={path} ways={[
          { href: paths.applications(chosen), label: t('nav.applications'), icon: 'app' },
          { href: paths.usage(chosen), label: t('nav.usage'), icon: 'chart' },
          { href: paths.keys(chosen), label: t('nav.keys'), icon: 'key' },
        ]} />
      )}
      <Ways title={t('nav.server')} path={path} ways={[
        ...(mayReadAudit() ? [
          { href: paths.audit, label: t('nav.audit'), icon: 'log' as const },
          { href: paths.operators, label: t('nav.operators'), icon: 'people' as const },
        ] : []),
        { href: paths.profile, label: t('nav.profile'), icon: 'person' },
      ]} />
    </nav>
  );
}

function Account({ path }: { path: string }): VNode {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const submission = useSubmission();
  const operator = currentOperator();
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  return (
    <div
      class="account"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        setOpen(false);
        box.current?.querySelector('button')?.focus();
      }}
    >
      <Button kind="quiet" icon="person" expanded={open} label={t('account.label', { name: operator.name })} onClick={() => setOpen(!open)}>
        <span class="account-name"><bdi>{operator.name}</bdi></span>
      </Button>
      {open && (
        <div class="account-panel">
          <p><strong><bdi>{operator.name}</bdi></strong><br /><bdi class="hint">{operator.email}</bdi></p>
          <p class="hint">{t(`role.${operator.role}`)}</p>
          <a href={paths.profile} class="button plain"><Icon name="person" /> <span>{t('nav.profile')}</span></a>
          <Button icon="leave" busy={submission.busy} onClick={() => void submission.run(signOut)}>{t('account.sign_out')}</Button>
          {submission.error !== undefined && <ErrorBox error={submission.error} />}
        </div>
      )}
    </div>
  );
}

// The header's height depends on the width, the language and the size of the letters.
function useTopHeight(): RefObject<HTMLElement | null> {
  const top = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = top.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => {
      document.documentElement.style.setProperty('--top-height', `${element.offsetHeight}px`);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return top;
}

/**
 * What is removed takes the focus along, as the button of a row that is revoked does: one goes on from the content then, not from the
 * top of the window. Whatever takes its place may have the focus instead, as a heading or a new secret has.
 */
function useFocusKept(): void {
  useEffect(() => {
    let last: Element | null = document.activeElement;
    const note = (event: FocusEvent): void => {
      last = event.target as Element;
    };
    const watch = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      last = null;
      document.getElementById('content')?.focus({ preventScroll: true });
    });
    document.addEventListener('focusin', note);
    watch.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', note);
      watch.disconnect();
    };
  }, []);
}

export function Shell({ path, children }: { path: string; children: ComponentChildren }): VNode {
  const [menu, setMenu] = useState(false);
  const top = useTopHeight();
  useFocusKept();
  const status = useStore(sessionStatus);
  const environment = findEnvironment(useStore(chosenEnvironment));
  useStore(environments);
  useEffect(() => setMenu(false), [path]);
  const kind = environment ? (environment.test ? 'is-sandbox' : 'is-production') : '';
  const version = 'session' in status ? status.session.version : '';
  return (
    <div class={`shell ${kind}`} onKeyDown={(event) => event.key === 'Escape' && setMenu(false)}>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The place in the page is not part of the address.
          event.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        {t('skip')}
      </a>
      <header class="top" ref={top}>
        <div class="top-row">
          <span class="menu-button">
            <Button kind="quiet" icon={menu ? 'close' : 'menu'} label={t('nav.menu')} expanded={menu} onClick={() => setMenu(!menu)} />
          </span>
          <a href="/" class="home" aria-label={t('nav.home')}><Brand /></a>
          <EnvironmentSwitch path={path} />
          <span class="space" />
          <LanguageButton />
          <ThemeButton />
          <Account path={path} />
        </div>
        {environment && <EnvironmentBand environment={environment} />}
      </header>
      <div class="middle">
        <Navigation path={path} open={menu} />
        <main id="content" tabIndex={-1} onPointerDown={() => setMenu(false)} onFocusIn={() => setMenu(false)}>{children}</main>
      </div>
      <footer class="foot">
        <span>leanauth {version}</span>
        <span>{t('foot.zone', { zone: zone() })}</span>
        <a href="/admin/v1/openapi.yaml">{t('foot.api')}</a>
        <a href="/assets/licenses.txt">{t('foot.licenses')}</a>
      </footer>
    </div>
  );
}
