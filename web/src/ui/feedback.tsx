import type { ComponentChildren, VNode } from 'preact';
import { explain, isProblem } from '../lib/errors';
import type { Query } from '../lib/query';
import { useStore } from '../lib/store';
import { dismissToast, toasts } from '../lib/toast';
import { t } from '../i18n';
import { Button } from './button';
import { Icon, type IconName } from './icons';

/** Says what happened. Read out at once; what was typed elsewhere is not touched. `busy`: it is being tried again. */
export function ErrorBox({ error, retry, busy = false }: { error: unknown; retry?: () => void; busy?: boolean }): VNode | null {
  // Said at the field, and nothing to add.
  if (isProblem(error, 'invalid') && error.fields.length > 0 && !error.detail) return null;
  const { title, detail, requestId } = explain(error);
  return (
    <div class="notice error" role="alert">
      <Icon name="warning" />
      <div class="notice-text">
        <p><strong>{title}</strong></p>
        {detail && <p lang="en" dir="ltr" class="as-sent">{detail}</p>}
        {requestId && !isProblem(error, 'invalid') && <p class="hint">{t('error.request')} <code dir="ltr">{requestId}</code></p>}
        {retry && <Button small icon="refresh" busy={busy} onClick={retry}>{t('retry')}</Button>}
      </div>
    </div>
  );
}

export function Notice({ kind = 'info', children }: { kind?: 'info' | 'warning' | 'ok'; children: ComponentChildren }): VNode {
  const icons: Record<typeof kind, IconName> = { info: 'info', warning: 'warning', ok: 'check' };
  return (
    <div class={`notice ${kind}`}>
      <Icon name={icons[kind]} />
      <div class="notice-text">{children}</div>
    </div>
  );
}

export function EmptyState({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Holds the place of what is being fetched. */
export function Skeleton({ lines = 3 }: { lines?: number }): VNode {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{t('loading')}</span>
      {Array.from({ length: lines }, (_, i) => <span key={i} class="bone" />)}
    </div>
  );
}

/** What a query gives: the place held, the error with a way to try again, or what it is for. */
export function Loaded<T>({ query, children, lines }: { query: Omit<Query<T>, 'replace'>; children: (data: T) => ComponentChildren; lines?: number }): VNode {
  return (
    <>
      {query.error !== undefined && <ErrorBox error={query.error} retry={query.reload} busy={query.loading} />}
      {query.data !== undefined ? children(query.data) : query.error === undefined && <Skeleton lines={lines} />}
    </>
  );
}

export function Badge({ kind = 'neutral', children }: { kind?: 'neutral' | 'ok' | 'warning' | 'danger' | 'info'; children: ComponentChildren }): VNode {
  return <span class={`badge ${kind}`}>{children}</span>;
}

export function Toasts(): VNode {
  const shown = useStore(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div key={one.id} class="toast">
          <Icon name="check" />
          <span>{one.text}</span>
          <Button kind="quiet" small icon="close" label={t('close')} onClick={() => dismissToast(one.id)} />
        </div>
      ))}
    </div>
  );
}
